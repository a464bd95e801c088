#!/bin/bash
# arena.sh - the example of a pool does the same plain and profiled, and its pool holds what it handed out.
# usage: arena.sh PLAIN PROFILED THAG_ANALYZE
set -u
plain=$1 profiled=$2 analyze=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset THAG_PROFILER THAG_PROFILE THAG_MEMORY
printf 'one two three\nfour five\n%s\n' "a-word-of-more-than-sixteen-bytes" >text
[ "$("$plain" <text)" = '6 words' ] || { echo "FAILED: plain"; exit 1; }
[ -z "$(ls ./*.thag 2>/dev/null)" ] || { echo "FAILED: a trace of the plain program"; exit 1; }
[ "$("$profiled" <text)" = '6 words' ] || { echo "FAILED: profiled"; exit 1; }
# Six words of 16 bytes but the last of 48; at most three at one time, of the first line; 3 resets.
got=$("$analyze" pools --csv ./*.thag | tr -d '\r' | tail -n 1)
[ "$got" = '"words",6,128,48,0,0,3' ] || { echo "FAILED: $got"; exit 1; }
"$analyze" peak --pool words ./*.thag | grep -q 'main > keep_words' || { echo "FAILED: peak"; exit 1; }

#!/bin/bash
# counts.sh - calls that can be counted by hand. usage: see probe_lib.sh
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

counts() {
    succeeded "$1" counts
    traces 1
    checked
    no_loss
    line "ended 1"
    line "threads 1"
    line "name calls=242785 open=0 fib"
    line "path calls=5000 open=0 main;empty"
    line "path calls=1 open=0 main"
    line "path calls=3 open=0 main;even"
    line "path calls=3 open=0 main;even;odd;even;odd;even;odd;even;odd;even;odd"
    line "name calls=15 open=0 even"
    line "name calls=15 open=0 odd"
    line "depth 26"
}

counts probe_counts
counts probe_counts_shared
export THAG_CLOCK=monotonic
counts probe_counts
unset THAG_CLOCK

# Sampled: counts stay exact, the timeline knows what it lacks.
export THAG_SAMPLE=16
run probe_counts counts
checked
line "name calls=242785 open=0 fib"
line "path calls=5000 open=0 main;empty"
unset THAG_SAMPLE

# Without a timeline: counted, and named as a loss.
export THAG_TIMELINE_LIMIT=0
run probe_counts counts
checked
line "name calls=242785 open=0 fib"
line "loss TIMELINE_LIMIT $((242785 + 5000 + 30 + 1))"
unset THAG_TIMELINE_LIMIT

# A limit of the .folded file: the deepest are summed, and none of the time is missing.
sum() { awk '{ s += $NF } END { print s }' "$@"; }
export THAG_FOLDED_LIMIT=1K
run probe_counts counts
[ "$(stat -c %s "$folder"/*.folded)" -le 1024 ] || fail ".folded has $(stat -c %s "$folder"/*.folded) bytes"
grep -q '^main;fib;fib;.*;\[deeper\] [0-9]*$' "$folder"/*.folded || fail ".folded: $(cat "$folder"/*.folded)"
gone=$(($("$analyze" fold "$folder"/*.thag | sum) - $(sum "$folder"/*.folded)))
[ "${gone#-}" -le 50 ] || fail "$gone us are not in .folded" # each line is rounded
export THAG_FOLDED_LIMIT=0
run probe_counts counts
[ -z "$(find "$folder" -name '*.folded')" ] || fail "a .folded file in spite of THAG_FOLDED_LIMIT=0"
unset THAG_FOLDED_LIMIT
done_testing

#!/bin/bash
# adapters.sh - programs on event loops and OpenMP behave the same with the adapters, and each callback is
# below what asked for it.
# usage: adapters.sh BIN_DIR THAG_ANALYZE PRELOADED_ADAPTERS
set -uo pipefail
bin=$1 analyze=$2 adapters=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() { echo "FAILED: $program: $*"; failures=$((failures + 1)); }

# run PROGRAM: 1 if it is not there
run() {
    program=$1
    [ -x "$bin/$1" ] || { echo "$1: not built, its library is not here"; return 1; }
    mkdir "$work/$1"
    (cd "$work/$1" && THAG_PROFILER=$setting LD_PRELOAD=$preload "$bin/$1" >/dev/null) ||
        fail "exit status $?"
    "$analyze" fold --unit=ns "$work/$1"/*.thag >"$work/folded" || fail "fold"
    "$analyze" stats --csv "$work/$1"/*.thag >"$work/stats.csv" || fail "stats"
    "$analyze" info "$work/$1"/*.thag | grep -q '^nothing was lost$' || fail "something was lost"
}
calls() {
    local got
    got=$(awk -F, -v name="\"$1\"" '$1 == name { print $2 }' "$work/stats.csv")
    [ "${got:-0}" = "$2" ] || fail "$1 was called ${got:-never}, not $2"
}
path() { grep -qE "^$1 " "$work/folded" || fail "no path $1 in $(cat "$work/folded")"; }
no_path() { ! grep -E "$1" "$work/folded" || fail "a path has $1"; }

# Linked into a program with spans, whose path begins with these; then preloaded into one that has none.
# A sanitizer's runtime cannot come second: nothing is preloaded then.
kinds="loop plain"
if nm -D "$adapters" | grep -q '__asan_init'; then kinds=loop; fi
for kind in $kinds; do
    setting='' preload='' start="main;start;" client="main;start;start_client;" inner=";compute"
    if [ $kind = plain ]; then
        setting=time preload=$adapters start='' client='' inner=''
    fi
    if run ${kind}_event; then
        calls async::tick 30
        calls async::accepted 1
        calls async::only_once 1
        calls async::closed 1
        path "${start}async::tick"
        path "${start}async::only_once"
        path "${start}async::accepted;async::echo"
        path "${client}async::answered"
        no_path 'tick.*tick|bufferevent_|listener_'
    fi
    if run ${kind}_glib; then
        calls async::submit 40
        calls async::job 40
        calls async::ready 40
        calls async::finish 40
        path "${start}async::submit;async::job$inner"
        path "${start}async::submit;async::ready;async::finish"
    fi
done
setting='' preload=''
for openmp in loop_openmp_gcc loop_openmp_clang; do
    run $openmp || continue
    calls cell 2000
    calls leaf 200
    path "main;grid;async::[^;]*grid[^;]*;cell"
    path "main;tree;async::[^;]*tree[^;]*;async::[^;]*;leaf"
    calls piece 300
    # libomp says nothing of a loop's tasks: they are the region's.
    path "main;parts;async::[^;]*parts[^;]*;(async::[^;]*;)?piece"
    [ $openmp = loop_openmp_clang ] || path "main;parts;async::[^;]*parts[^;]*;async::[^;]*;piece"
    path "main;reduced;async::[^;]*reduced[^;]*;async::[^;]*;piece"
    no_path '^cell|^leaf|^piece|^async|main;(parts|reduced);piece'
done
[ "$failures" -eq 0 ]

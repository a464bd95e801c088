#!/bin/bash
# quiet.sh - calls of malloc, errno, signal masks and output are the same, profiled or not.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

for keys in 0 40 200; do
    for program in probe_quiet probe_malloc; do
        [ -x "$bin/$program" ] || continue
        unset THAG_PROFILER
        succeeded "$program" "$keys"
        plain=$out
        traces 0
        for setting in time time,out time,,quiet; do
            THAG_PROFILER=$setting succeeded "$program" "$keys"
            [ "$out" = "$plain" ] || fail "profiled '$setting': $out"$'\n'"not: $plain"
            grep -qx "0 wrong" <<<"$out" || fail "$out"
        done
        traces 4
        mapfile -t first < <(first_trace)
        checked "${first[@]}"
        line "loss STRAY_END 1"
        line "loss CROSSED_END 1"
        [ "$(calls "name 99")" = 4 ] || fail "named sections"
        [ "$program" = probe_quiet ] || grep -q "^[1-9][0-9]* allocations" <<<"$plain" || fail "nothing was counted: $plain"
    done
done
done_testing

#!/bin/bash
# slow_counter.sh - where the counter stands still from one span to the next, as ARM's does, spans are still told
# apart. usage: see probe_lib.sh; PROJECT: folder; CC: compiler
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
ln -s "$(realpath "$bin/trace_check")" "$work"
bin=$work

# A tick is 1024 of the processor's: several spans long, as on ARM.
"$PROJECT/scripts/amalgamate" "$work/one" &&
    "$CC" -O1 -D_GNU_SOURCE -DTHAG_TIME_PROFILING -DPLAT_COUNTER_DROPS=10 -I "$work/one" \
        "$PROJECT/tests/probes/probe_slow_counter.c" "$work/one/thag_profiler.c" -o "$bin/slow" -lpthread || exit 1

# expected LOSS PATH...: 1000 of each
expected() {
    local path
    checked
    line "loss $1 1000"
    for path in "${@:2}"; do line "path calls=1000 open=0 main;$path"; done
}

succeeded slow twice
expected STRAY_END outer "outer;inner" "outer;after"
succeeded slow never
expected ABANDONED outer "outer;inner" after
for sample in 1 16; do
    THAG_SAMPLE=$sample succeeded slow times
    checked
    [ $sample = 16 ] || no_loss
    line "name calls=5461 open=0 nested"
    stats_table
    awk -v ns="$(stats busy inclusive_ns)" '{ exit !(ns > 0.99 * $1 && ns < 1.01 * $2) }' <<<"$out" ||
        fail "$(stats busy inclusive_ns) ns, expected at least and at most: $out"
done
done_testing

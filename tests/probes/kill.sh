#!/bin/bash
# kill.sh - the victim dies at random moments.
# PROBE_KILL_RUNS: of each kind of death, 45 if unset. PROBE_KILL_HOW: the kinds; all if unset.
# PROBE_SEED: of the moments, the clock if unset. PROBE_KEEP: a folder for traces that are wrong.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# The victim dies of what it is given, not of what a sanitizer makes of it.
own_death=handle_segv=0:handle_abort=0:handle_sigill=0
export ASAN_OPTIONS=$ASAN_OPTIONS:$own_death UBSAN_OPTIONS=$own_death TSAN_OPTIONS=$TSAN_OPTIONS:$own_death
seed=${PROBE_SEED-$(date +%s%N)}
echo "PROBE_SEED=$seed"
for how in ${PROBE_KILL_HOW-kill segv abort _exit quick_exit exit return trap}; do
    what=$how
    mkdir "$work/$how"
    (cd "$work/$how" && "$bin/kill_driver" "$how" "${PROBE_KILL_RUNS-45}" "$seed" ${PROBE_KEEP-}) ||
        fail "wrong"
done
done_testing

#!/bin/bash
# heap_times.sh - with memory recorded as well, times are those without: what the hooks take is taken off.
# Whatever else the machine does makes calls longer: shortest ones of many are compared, with what was taken off where
# that was the least, of three runs. No more is asked for than that half of the cost is gone.
# usage: see probe_lib.sh.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# shellcheck source=heap_lib.sh
. "$(dirname "$0")/heap_lib.sh"

least() { [ "$2" -ge "${!1}" ] || printf -v "$1" %s "$2"; }

# run_pair PROFILER MEMORY HOW: one run without memory and one with, whose least figures are kept
run_pair() {
    THAG_PROFILER="time" succeeded probe_heap_times "$3"
    stats_table
    least plain "$(stats allocating min_ns)"
    least reckoning "$(stats reckoning min_ns)"
    THAG_PROFILER=$1 THAG_MEMORY=$2 succeeded probe_heap_times "$3"
    checked
    no_loss
    stats_table
    least raw "${out% *}"
    least correction $((${out% *} - $(stats allocating min_ns)))
    least beside "$(stats reckoning min_ns)"
}

for setting in "both summary malloc" "both live malloc" "both,,none,true live malloc" "both summary new" "both live new"; do
    plain=1000000000 reckoning=$plain raw=$plain correction=$plain beside=$plain
    for _ in 1 2 3; do
        # shellcheck disable=SC2086 # three words
        run_pair $setting
    done
    corrected=$((raw - correction))
    rest=$((corrected > plain ? corrected - plain : plain - corrected))
    said="$setting: $plain ns without memory, $raw with, corrected to $corrected; beside it $reckoning and $beside"
    [ $((2 * rest)) -le $((raw - plain + plain / 5)) ] &&
        [ $((10 * beside)) -le $((12 * reckoning)) ] && [ $((10 * reckoning)) -le $((12 * beside)) ] || fail "$said"
    echo "$said"
done
done_testing

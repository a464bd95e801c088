#!/bin/bash
# heap_times.sh - with memory recorded as well, times are those without: what the hooks take is taken off.
# Shortest calls of many, three tries, and no more is asked for than that half of the cost is gone.
# usage: see probe_lib.sh.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# shellcheck source=heap_lib.sh
. "$(dirname "$0")/heap_lib.sh"

# without HOW: the least of all tries without memory
without() {
    THAG_PROFILER="time" succeeded probe_heap_times "$1"
    stats_table
    [ "$(stats allocating min_ns)" -ge $plain ] || plain=$(stats allocating min_ns)
    [ "$(stats reckoning min_ns)" -ge $reckoning ] || reckoning=$(stats reckoning min_ns)
}

# corrects PROFILER MEMORY HOW: 0 if it does
corrects() {
    without "$3"
    THAG_PROFILER=$1 THAG_MEMORY=$2 succeeded probe_heap_times "$3"
    checked
    no_loss
    stats_table
    local raw=${out% *} corrected rest beside
    corrected=$(stats allocating min_ns)
    beside=$(stats reckoning min_ns)
    rest=$((corrected > plain ? corrected - plain : plain - corrected))
    said="$1 $2 $3: $plain ns without memory, $raw with, corrected to $corrected; beside it $reckoning and $beside"
    [ $((2 * rest)) -le $((raw - plain + plain / 5)) ] &&
        [ $((10 * beside)) -le $((12 * reckoning)) ] && [ $((10 * reckoning)) -le $((12 * beside)) ]
}

for setting in "both summary malloc" "both live malloc" "both,,none,true live malloc" "both summary new" "both live new"; do
    plain=1000000000 reckoning=1000000000
    # shellcheck disable=SC2086 # three words
    corrects $setting || corrects $setting || corrects $setting || fail "$said"
    echo "$said"
done
done_testing

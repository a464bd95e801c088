#!/bin/bash
# heap_times.sh - with memory recorded as well, times are those without: what the hooks take is taken off.
# Shortest calls of many, and no more is asked for than that most of the cost is gone. usage: see probe_lib.sh.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# shellcheck source=heap_lib.sh
. "$(dirname "$0")/heap_lib.sh"

least() { stats "$1" min_ns; }
# Twice, for other work on the machine makes both slower.
plain=1000000000 reckoning=1000000000
without() {
    THAG_PROFILER="time" succeeded probe_heap_times
    stats_table
    [ "$(least allocating)" -ge $plain ] || plain=$(least allocating)
    [ "$(least reckoning)" -ge $reckoning ] || reckoning=$(least reckoning)
}
with() { # PROFILER MEMORY: appends to $results
    THAG_PROFILER=$1 THAG_MEMORY=$2 succeeded probe_heap_times
    checked
    no_loss
    stats_table
    results+=("$1 $2:${out% *}:$(least allocating):$(least reckoning)")
}
results=()
without
with both summary
with both live
with both,,none,true live
without
for result in "${results[@]}"; do
    IFS=: read -r what raw corrected beside <<<"$result"
    echo "$what: $plain ns without, $raw with, $corrected corrected"
    near "reckoning" "$beside" "$reckoning" 15
    rest=$((corrected > plain ? corrected - plain : plain - corrected))
    [ $((2 * rest)) -le $((raw - plain + plain / 5)) ] ||
        fail "$plain ns without memory, $raw with, corrected to $corrected"
done
done_testing

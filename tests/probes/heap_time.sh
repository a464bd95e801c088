#!/bin/bash
# heap_time.sh - what was live over time is in the trace, however the program ends.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
unset THAG_MEMORY THAG_SIZE_TRACKING_THRESHOLD SIZE_TRACKING_THRESHOLD LD_PRELOAD
export HEAP_LIBRARY=${HEAP_LIBRARY:?}

# profiled MODE ARGUMENT...: the heap over time of a run, in $work/heap.csv and $work/heap.json
profiled() {
    what="$*"
    folder=$(mktemp -d -p "$work")
    # In a subshell, which is who says that the program was killed.
    (THAG_PROFILER=$1,$folder$detail LD_PRELOAD=$HEAP_LIBRARY "$bin/probe_heap_time" "${@:2}"; exit $?) 2>/dev/null
    "$analyze" heap --csv "$folder"/*.thag >"$work/heap.csv" || fail heap
    "$analyze" heap --json "$folder"/*.thag >"$work/heap.json" 2>/dev/null
}
number() { sed -n "s/^ *\"$1\": \([0-9]*\),\{0,1\}\$/\1/p" "$work/heap.json"; }

# How many blocks there were at the ends of the rows.
steps() { awk -F, 'NR > 1 { print int($3 / 100000 + 0.5) }' "$work/heap.csv" | uniq | tr '\n' ' '; }

# course SLACK: what else the process may have had, in bytes
course() {
    local peak live
    peak=$(number peak_bytes)
    live=$(number live_bytes)
    [ "$peak" -ge 1000000 ] && [ "$peak" -le $((1000000 + $1)) ] || fail "peak $peak"
    [ "$live" -ge 500000 ] && [ "$live" -le $((500000 + $1)) ] || fail "live $live"
    [ "$(steps)" = "0 1 2 3 4 5 6 7 8 9 10 9 8 7 6 5 " ] || fail "went $(steps)"
    # Not before the tenth block, nor after the first was freed; with time for a slow machine.
    awk -v p="$(number peak_ns)" 'BEGIN { exit !(p >= 270e6) }' || fail "peak at $(number peak_ns)"
    [ "$(wc -l <"$work/heap.csv")" -le 1604 ] || fail "$(wc -l <"$work/heap.csv") rows"
}

detail=
for how in exit kill; do
    profiled memory "$how"
    course 9000
done
profiled memory kill thread
course 90000
detail=,,true
profiled memory exit
course 9000
detail=
what=summary
folder=$(mktemp -d -p "$work")
THAG_MEMORY=summary THAG_PROFILER=memory,$folder LD_PRELOAD=$HEAP_LIBRARY "$bin/probe_heap_time"
said=$("$analyze" heap "$folder"/*.thag 2>&1) && fail "no complaint"
[[ $said == *"frees are not known" ]] || fail "said $said"
done_testing

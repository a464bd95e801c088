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

# How many blocks there were at the ends of the rows: all steps, but for moments that are known to be missing, for
# another thread was recording.
steps() {
    awk -F, -v course="0 1 2 3 4 5 6 7 8 9 10 9 8 7 6 5" -v skipped="$(number skipped)" '
        BEGIN { count = split(course, expected, " ") }
        NR == 1 || int($3 / 100000 + 0.5) == here && NR > 2 { next }
        {
            here = int($3 / 100000 + 0.5)
            went = went " " here
            for (at++; at <= count && expected[at] != here; at++) missing++
        }
        END { if (at > count || missing + count - at > skipped) { print went; exit 1 } }' "$work/heap.csv"
}

# What each row has as its least and most is what there was at its end, or at that of the row before. Of a program
# with one thread the peak is known, and when: after the tenth block came, before a row ends that has one less.
rows() {
    awk -F, -v peak="$(number peak_bytes)" -v peak_ns="$(number peak_ns)" '
        function blocks(bytes) { return int(bytes / 100000 + 0.5) }
        NR == 1 { next }
        {
            here = blocks($3)
            low = blocks($4)
            high = blocks($5)
            if ($4 > $3 || $3 > $5 || $2 < $1 || $1 < end) wrong = wrong "\n" $0
            if (low != here && low != before || high != here && high != before) wrong = wrong "\n" $0
            if ($5 > most) most = $5
            if (high == 10 && !came) came = $1
            if (here == 9 && before == 10) gone = $2
            before = here
            end = $2
        }
        END {
            if (most != peak || peak_ns < came || peak_ns > gone)
                wrong = wrong "\npeak " peak " at " peak_ns ", rows have " most " from " came " to " gone
            print wrong
            exit wrong != ""
        }' "$work/heap.csv"
}

# course SLACK ALONE: what else the process may have had, in bytes; 1: it has one thread
course() {
    local peak live
    peak=$(number peak_bytes)
    live=$(number live_bytes)
    [ "$peak" -ge 1000000 ] && [ "$peak" -le $((1000000 + $1)) ] || fail "peak $peak"
    [ "$live" -ge 500000 ] && [ "$live" -le $((500000 + $1)) ] || fail "live $live"
    said=$(steps) || fail "went$said"
    [ "$2" = 0 ] || said=$(rows) || fail "rows:$said" # of several threads the reader adds the peak to a row
    awk -v p="$(number peak_ns)" 'BEGIN { exit !(p >= 270e6) }' || fail "peak at $(number peak_ns)"
    [ "$(wc -l <"$work/heap.csv")" -le 1604 ] || fail "$(wc -l <"$work/heap.csv") rows"
}

detail=
for how in exit kill; do
    profiled memory "$how"
    course 9000 1
done
profiled memory kill thread
course 90000 0
detail=,,true
profiled memory exit
course 9000 1
detail=
what=summary
folder=$(mktemp -d -p "$work")
THAG_MEMORY=summary THAG_PROFILER=memory,$folder LD_PRELOAD=$HEAP_LIBRARY "$bin/probe_heap_time"
said=$("$analyze" heap "$folder"/*.thag 2>&1) && fail "no complaint"
[[ $said == *"frees are not known" ]] || fail "said $said"
done_testing

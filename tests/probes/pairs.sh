#!/bin/bash
# pairs.sh - who frees what who allocated. usage: see probe_lib.sh.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# shellcheck source=heap_lib.sh
. "$(dirname "$0")/heap_lib.sh"
export THAG_PROFILER=memory,,,true

# pair MAKER ENDER BYTES BLOCKS: of all pairs of such paths; the names are parts of them.
pair() {
    local got
    got=$(awk -F'"' -v maker="$1" -v ender="$2" 'NR > 1 && index($2, maker) && index($4, ender) {
        split($1, n, ","); bytes += n[1]; blocks += n[2] } END { print bytes + 0, blocks + 0 }' "$work/frees.csv")
    [ "$got" = "$3 $4" ] || fail "$1 -> $2: $got, expected $3 bytes in $4 blocks"
}
frees() { "$analyze" frees --csv "$folder"/*.thag >"$work/frees.csv" 2>"$work/said" || fail "frees: $(cat "$work/said")"; }

known_pairs() {
    frees
    pair 'known;make_small' 'known;drop' 1000 100
    pair 'known;make_large' 'known;drop' 100000 100
    pair 'known;make_large' 'other_thread;drop_other' 200000 200
    pair 'known;make_small' 'other_thread' 0 0
    pair 'resized;make_small' 'resized' 10 1
    pair 'resized' 'resized;drop' 7000 1
    pair 'resized' 'resized' 10010 3
    # All that was freed with a stack is in a pair.
    got=$("$analyze" frees --json "$folder"/*.thag | sed -n 's/^ *"bytes": *\([0-9]*\),.*/\1/p' | head -1)
    all=$(awk -F, 'NR > 1 { s += $1 } END { print s }' "$work/frees.csv")
    [ "$got" = "$all" ] || fail "JSON has $got bytes in all, CSV $all"
}

for program in probe_pairs probe_pairs_shared; do
    ! limited $program || continue
    succeeded $program
    checked
    no_loss
    known_pairs
    "$analyze" detail "$folder"/*.thag >"$work/said" 2>&1 || fail "detail: $(cat "$work/said")"
    freed=$(awk '{ s += $NF } END { print s }' "$(basename "$folder"/*.thag .thag)-memory_detail_dealloc.folded")
    rm -f ./*-memory_detail*.folded
    [ "$freed" = "$all" ] || fail "pairs have $all bytes, frees $freed"
done

succeeded probe_pairs
"$analyze" frees "$folder"/*.thag >"$work/shown" || fail "frees"
grep -qE '^ +200,000 +200  allocated in main > known > make_large' "$work/shown" || fail "$(cat "$work/shown")"
grep -qE '^ +freed in     other_thread > drop_other' "$work/shown" || fail "$(cat "$work/shown")"
"$analyze" frees --lines "$folder"/*.thag | grep -q 'drop_other (probe_pairs.c:[0-9]*)' || fail "lines"
"$analyze" frees --limit 1 --csv "$folder"/*.thag | wc -l | grep -qx 2 || fail "limit"

# By samples: all that is freed is in pairs, too. Only a period of 1 leaves nothing to chance here.
THAG_MEMORY_SAMPLE=1 succeeded probe_pairs
frees
pair 'known;make_large' 'other_thread;drop_other' 200000 200
grep -q ',sample_period' "$work/frees.csv" || fail "samples without a word"

# What was there when it was killed.
run probe_pairs kill
known_pairs

# The table has an end; what did not fit is counted.
succeeded probe_pairs many
frees
pairs=$(($(wc -l <"$work/frees.csv") - 1))
in_pairs=$(awk -F, 'NR > 1 { s += $2 } END { print s }' "$work/frees.csv")
lost=$("$analyze" frees --json "$folder"/*.thag | sed -n 's/.*"unpaired_frees": *\([0-9]*\).*/\1/p')
[ "$lost" -gt 0 ] && [ $((in_pairs + lost)) -ge 70000 ] || fail "$pairs pairs, $in_pairs frees in them, $lost lost"

# Without stacks there are none, which is said.
THAG_PROFILER=memory succeeded probe_pairs
"$analyze" frees "$folder"/*.thag >"$work/shown" 2>&1
[ $? -eq 1 ] && grep -q 'no frees were recorded with their stacks' "$work/shown" || fail "$(cat "$work/shown")"
"$analyze" frees --pool x "$folder"/*.thag >"$work/shown" 2>&1
[ $? -eq 2 ] || fail "--pool: $(cat "$work/shown")"
done_testing

#!/bin/bash
# mapped.sh - mappings, where they are asked for, to the page.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
unset THAG_MEMORY THAG_SIZE_TRACKING_THRESHOLD SIZE_TRACKING_THRESHOLD LD_PRELOAD
export THAG_PROFILER=memory THAG_MAPPINGS=yes
[ "$(getconf PAGESIZE)" = 4096 ] || { echo "SKIP: other pages"; exit 77; }

for program in probe_mapped probe_mapped_shared; do
    ! limited $program || continue
    succeeded $program
    traces 2
    parent=$(first_trace) child=$(find "$folder" -name '*.thag' ! -path "$(first_trace)")
    checked "$parent"
    no_loss
    csv=$("$analyze" stats --csv --pool '[mapped]' "$parent" | tr -d '\r')
    # blocks, bytes, inclusive, freed blocks and bytes, live blocks and bytes
    grep -q "^\"parts\",[0-9]*,3,$((20 * 4096)),$((20 * 4096)),2,$((13 * 4096)),1,$((7 * 4096))," <<<"$csv" || fail "parts: $csv"
    grep -q "^\"replaced\",[0-9]*,4,$((24 * 4096)),$((24 * 4096)),[34],$((24 * 4096)),[01],0," <<<"$csv" || fail "replaced: $csv"
    "$analyze" pools --csv "$child" | tr -d '\r' | grep -q "^\"\[mapped\]\",1,$((5 * 4096)),$((5 * 4096)),1,$((5 * 4096)),0$" || fail "child: $("$analyze" pools --csv "$child")"
    "$analyze" stats --memory --csv "$parent" | grep -q '^"parts",[0-9]*,[1-9]' && fail "mappings in the heap"
done
unset THAG_MAPPINGS
succeeded probe_mapped
"$analyze" pools "$(first_trace)" >/dev/null 2>&1 && fail "mappings that nobody asked for"
THAG_MAPPINGS=all run probe_mapped
[ "$errors" = "thag_profiler: THAG_MAPPINGS: expected yes or no; the program runs unprofiled" ] || fail "said: $errors"
done_testing

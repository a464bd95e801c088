#!/bin/bash
# pools.sh - what pools and arenas announce, to the byte, apart from the heap.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
unset THAG_MEMORY THAG_SIZE_TRACKING_THRESHOLD SIZE_TRACKING_THRESHOLD LD_PRELOAD
export THAG_PROFILER=memory

# pool NAME BLOCKS,BYTES,PEAK,LIVE_BLOCKS,LIVE_BYTES,RESETS [TRACE]
pool() {
    local got
    "$analyze" pools --csv "${3-$(echo "$folder"/*.thag)}" >"$work/pools.csv" 2>"$work/said" || fail "pools: $(cat "$work/said")"
    got=$(tr -d '\r' <"$work/pools.csv" | sed -n "s/^\"$1\",//p")
    [ "$got" = "$2" ] || fail "$1: '$got', expected '$2'"
}
# paths COMMAND POOL LINE...: "amount,blocks,path" of each
paths() {
    local command=$1 name=$2 line csv
    shift 2
    csv=$("$analyze" "$command" --csv --pool "$name" "$folder"/*.thag 2>&1)
    for line in "$@"; do grep -qF "$line" <<<"$csv" || fail "$command --pool: no $line in: $csv"; done
    [ "$(wc -l <<<"$csv")" -eq $(($# + 1)) ] || fail "$command --pool: more than that: $csv"
}

# sizes POOL CLASS,BLOCKS,BYTES...: and no others
sizes() {
    local name=$1 got
    shift
    got=$("$analyze" sizes --csv --pool "$name" "$folder"/*.thag 2>&1 | tr -d '\r' | grep -v '^size,\|,0,0$')
    [ "$got" = "$(printf '%s\n' "$@")" ] || fail "sizes --pool '$name': $got"
}

for program in probe_pools probe_pools_shared; do
    ! limited $program || continue
    succeeded $program arena
    checked
    no_loss
    pool 'syntax tree' 450,22200,7400,150,7400,2
    paths leaks 'syntax tree' '5000,50,"main;arena_case;optimize"' '2400,100,"main;arena_case;parse"'
    paths peak 'syntax tree' '5000,50,"main;arena_case;optimize"' '2400,100,"main;arena_case;parse"'
    sizes 'syntax tree' 0-64,300,7200 65-256,150,15000
    # The heap has the arena's own block, and nothing of what was cut from it.
    "$analyze" leaks --csv "$folder"/*.thag >"$work/leaks.csv"
    grep -q '^69632,2,"main;arena_case",' "$work/leaks.csv" || fail "the heap: $(cat "$work/leaks.csv")"
    grep -q 'parse\|optimize' "$work/leaks.csv" && fail "blocks of the arena in the heap: $(cat "$work/leaks.csv")"
    grep -q 'parse' "$folder"/*-memory.folded && fail "blocks of the arena in -memory.folded"

    THAG_SIZE_TRACKING_THRESHOLD=24 succeeded $program arena
    no_loss
    pool 'syntax tree' 150,15000,5000,50,5000,2
    sizes=$("$analyze" sizes --json "$folder"/*.thag)
    [ "$(sed -n 's/.*"skipped_blocks": *\([0-9]*\).*/\1/p' <<<"$sizes")" -ge 300 ] || fail "sizes: $sizes"

    succeeded $program slab
    pool slots 1010,64320,64000,100,6400,0
    paths temporary slots '10,1010,"main;slab_case"'
    succeeded $program threads
    no_loss
    pool slots 20000,800000,40000,0,0,0
    succeeded $program signals # of which a part is lost, in handlers, and counted
    "$analyze" pools --csv "$folder"/*.thag >"$work/pools.csv"
    awk -F, '$1 == "\"slots\"" && ($2 * 8 != $3 || $5 || $6) { exit 1 }' <(tr -d '\r' <"$work/pools.csv") || fail "$(cat "$work/pools.csv")"
    succeeded $program nested
    no_loss
    pool outer 1,1000,1000,0,0,1
    pool inner 1,10,10,0,0,0
    succeeded $program resize
    pool grows 3,650,400,0,0,0
    succeeded $program many
    no_loss
    pool request 100000,4950000,4950000,50000,2500000,500
    succeeded $program misuse
    pool slots 2,30,30,0,0,0
    run $program kill
    pool 'syntax tree' 450,22200,7400,150,7400,2
    succeeded $program fork
    traces 2
    pool slots 1,64,64,1,64,0 "$(first_trace)"
    pool slots 1,32,32,1,32,0 "$(find "$folder" -name '*.thag' ! -path "$(first_trace)")"
done

# Whole stacks: the pool's own functions are below who called them.
THAG_PROFILER=memory,,,true succeeded probe_pools arena
pool 'syntax tree' 450,22200,7400,150,7400,2
"$analyze" leaks --detail --pool 'syntax tree' "$folder"/*.thag | grep -q 'main > arena_case > optimize > arena_alloc' ||
    fail "stacks: $("$analyze" leaks --detail --pool 'syntax tree' "$folder"/*.thag)"

# Frees are not known in summary mode. Times alone record nothing.
THAG_MEMORY=summary succeeded probe_pools arena
pool 'syntax tree' 450,22200,,,,
THAG_PROFILER="time" succeeded probe_pools arena
"$analyze" pools "$folder"/*.thag >/dev/null 2>"$work/said"
[ $? -eq 1 ] && grep -q 'no pools, arenas or mappings' "$work/said" || fail "said: $(cat "$work/said")"
THAG_PROFILER='' succeeded probe_pools arena
traces 0

# Other commands with --pool, and a pool that is not there.
succeeded probe_pools arena
"$analyze" pools --json "$folder"/*.thag | grep -q '"name": *"syntax tree", *"blocks": *450' || fail "--json: $("$analyze" pools --json "$folder"/*.thag)"
"$analyze" pools "$folder"/*.thag | grep -q ' 450 .* 22,200 .* 7,400 .* 150 .* 7,400 .* 2  syntax tree$' || fail "pools: $("$analyze" pools "$folder"/*.thag)"
"$analyze" stats --csv --pool 'syntax tree' "$folder"/*.thag | grep -q '^"parse",,300,7200,' || fail "stats: $("$analyze" stats --csv --pool 'syntax tree' "$folder"/*.thag)"
"$analyze" flamegraph --pool 'syntax tree' -o "$folder/x.svg" "$folder"/*.thag && grep -q optimize "$folder/x.svg" || fail "flamegraph --pool"
"$analyze" leaks --pool trees "$folder"/*.thag >/dev/null 2>"$work/said"
[ $? -eq 1 ] && grep -q 'no pool "trees" (thag-analyze pools lists them)' "$work/said" || fail "said: $(cat "$work/said")"
done_testing

#!/bin/bash
# allocators.sh - above jemalloc, mimalloc and tcmalloc, linked and preloaded; and where malloc is not ours,
# that is said. usage: see probe_lib.sh; ALLOCATORS lists their files, with colons between.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# shellcheck source=heap_lib.sh
. "$(dirname "$0")/heap_lib.sh"
export THAG_PROFILER=memory
[ -n "${ALLOCATORS-}" ] || { echo "SKIP: no other allocator on this machine"; exit 77; }
IFS=: read -ra allocators <<<"$ALLOCATORS"

# exact PROGRAM: the figures are those that they are with libc's malloc
exact() {
    local mode case
    for mode in live summary; do
        export THAG_MEMORY=$mode
        succeeded "$1" known
        checked
        no_loss
        table
        memory allocate_vectors blocks=1000 bytes=1024000
        memory allocate_and_deallocate blocks=2000 bytes=23992000
        memory nested_allocations blocks=6000 bytes=91000
        [ $mode = summary ] || memory nested_allocations live_blocks=6000 live_bytes=91000
    done
    unset THAG_MEMORY
    for case in family crossed threads churn; do
        succeeded "$1" $case
        no_loss
        table
    done
    memory churn "blocks=$out" live_blocks=0 live_bytes=0
}

for allocator in "${allocators[@]}"; do
    name=$(basename "$allocator" | sed 's/^lib//; s/[.].*//')
    # Linked behind the hooks, and preloaded behind hooks that are in the program.
    exact "probe_heap_$name"
    export LD_PRELOAD=$allocator
    exact probe_heap
    unset LD_PRELOAD

    # Both preloaded, ours first: it stands above the other, and counts what it does above libc.
    what="$name below"
    seq 3000 >"$work/numbers"
    expected=$(sort -rn "$work/numbers" | sha256sum)
    for mode in live summary; do
        folder=$(mktemp -d -p "$work")
        got=$(LD_PRELOAD="$HEAP_LIBRARY $allocator" THAG_MEMORY=$mode THAG_PROFILER="memory,$folder" sort -rn "$work/numbers" 2>"$work/said" | sha256sum)
        [ "$got" = "$expected" ] || fail "$mode: another output"
        [ ! -s "$work/said" ] || fail "$mode: said $(cat "$work/said")"
        checked
        no_loss
        table
        [ "$(awk -F, 'NR > 1 { n += $3 } END { print n + 0 }' "$work/stats.csv")" -gt 10 ] || fail "$mode: no blocks"
    done

    # The other one first: nothing comes to us. That is said, at once, in the trace, and in reports.
    what="$name above"
    folder=$(mktemp -d -p "$work")
    got=$(LD_PRELOAD="$allocator $HEAP_LIBRARY" THAG_PROFILER="memory,$folder" sort -rn "$work/numbers" 2>"$work/said" | sha256sum)
    [ "$got" = "$expected" ] || fail "another output"
    grep -q "^thag_profiler: malloc is that of .*$name.*, not of libthag_heap; no memory is recorded$" "$work/said" || fail "said: $(cat "$work/said")"
    [ "$(wc -l <"$work/said")" -eq 1 ] || fail "said more: $(cat "$work/said")"
    "$analyze" info "$folder"/*.thag | grep -q "malloc is that of .*$name.*, not of libthag_heap" || fail "info: $("$analyze" info "$folder"/*.thag)"
    "$analyze" stats --memory "$folder"/*.thag 2>&1 | grep -q "allocators that are not the profiler's" || fail "stats: $("$analyze" stats --memory "$folder"/*.thag 2>&1)"
done

# In one static program with the hooks.
[ ! -x "$bin/probe_heap_jemalloc_static" ] || exact probe_heap_jemalloc_static

# A program with a runtime in it: one trace, its own, and a word about the second.
export LD_PRELOAD=$HEAP_LIBRARY
THAG_PROFILER=both run probe_sections misuse
traces 1
grep -q '^thag_profiler: libthag_heap is preloaded, but the program has a runtime in it' <<<"$errors" || fail "said: $errors"
# One with hooks, too: these serve, and nothing has to be said.
succeeded probe_heap known
traces 1
table
memory allocate_vectors blocks=1000 bytes=1024000
done_testing

#!/bin/bash
# sampled.sh - memory by samples: estimates of known sums. usage: see probe_lib.sh; HEAP_LIBRARY names
# libthag_heap.so.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# shellcheck source=heap_lib.sh
. "$(dirname "$0")/heap_lib.sh"
export THAG_PROFILER=memory

# estimated NAME COLUMN TRUTH SIZE: within 6.11 standard errors, which one in 10^9 right estimates is not.
# The variance of a sum of n blocks of s bytes, each a sample with chance p, is n (1 - p) / p blocks.
estimated() {
    local got
    got=$(stats "$1" "$2")
    awk -v g="$got" -v t="$3" -v s="$4" -v period="$THAG_MEMORY_SAMPLE" -v is_bytes="$(grep -c bytes <<<"$2")" 'BEGIN {
        n = is_bytes && s ? t / s : t; length_ = s ? s : 1
        p = 1 - exp(-length_ / period); error = sqrt(n * (1 - p) / p) * (is_bytes ? s : 1)
        exit !(g != "" && (g - t) ^ 2 <= (6.11 * error) ^ 2 + 1e-9) }' || fail "$1: $2 is '$got', expected about $3"
}
exact() { # the bytes that were allocated, whatever was sampled
    local got
    got=$("$analyze" info --json "$folder"/*.thag | sed -n 's/.*"exact_allocated_bytes": *\([0-9]*\).*/\1/p')
    [ "$got" = "$1" ] || fail "exactly '$got' bytes, expected $1"
}

known_sums() {
    table
    estimated leaked blocks 200000 100
    estimated leaked bytes 20000000 100
    estimated churned blocks 500000 40
    estimated churned bytes 20000000 40
    memory large blocks=4 bytes=$((256 << 20))
    # Of sizes from 100 to 200,000: not less scattered than if all were of the largest.
    near grown "$(stats grown bytes)" 200100000 25
    estimated make_list blocks 200000 80
    estimated make_list bytes 16000000 80
    near aligned "$(stats aligned bytes)" $((20000 * 1564)) 25
    memory empty bytes=0
}

for program in probe_sampled probe_sampled_shared probe_sampled_static; do
    ! limited $program || continue
    for THAG_MEMORY_SAMPLE in 512 65536 512K; do
        export THAG_MEMORY_SAMPLE
        [ $program = probe_sampled ] || [ $THAG_MEMORY_SAMPLE = 65536 ] || continue
        for THAG_MEMORY in summary live; do
            export THAG_MEMORY
            succeeded $program
            checked
            no_loss
            [ "$THAG_MEMORY_SAMPLE" = 512K ] && { table; continue; }
            known_sums
            [ "$THAG_MEMORY" = live ] || continue
            all_freed churned grown large aligned make_list empty
            memory leaked freed_bytes=0
            memory churned "temporary_blocks=$(stats churned blocks)"
            memory leaked "live_bytes=$(stats leaked bytes)"
        done
    done
done
THAG_MEMORY_SAMPLE=4096
export THAG_MEMORY=live THAG_MEMORY_SAMPLE

# What is no estimate. Other blocks are the program's start: of stdio, of threads.
succeeded probe_sampled
sum=$((20000000 + 20000000 + 200100000 + (256 << 20) + 20000 * 1564 + 16000000))
got=$("$analyze" info --json "$folder"/*.thag | sed -n 's/.*"exact_allocated_bytes": *\([0-9]*\).*/\1/p')
[ "$got" -ge "$sum" ] && [ "$got" -le $((sum + 300000 + 100000)) ] || fail "exactly $got bytes, expected $sum"

# By native stacks.
THAG_PROFILER=memory,,,true succeeded probe_sampled
known_sums
all_freed churned grown large aligned make_list
# Beside times.
THAG_PROFILER=both succeeded probe_sampled
known_sums

# A process that is killed.
run probe_sampled kill
table
estimated leaked live_bytes 20000000 100
# And one that forks: the child does not count its parent's blocks.
succeeded probe_sampled fork
traces 2
for trace in "$folder"/*.thag; do
    table "$trace"
    [ "$trace" = "$(first_trace)" ] && estimated leaked live_bytes 20000000 100
    [ "$trace" = "$(first_trace)" ] || estimated churned bytes 20000000 40
done

# All that shows such figures says what they are.
succeeded probe_sampled
trace=$(echo "$folder"/*.thag)
said() { # PATTERN COMMAND...
    local pattern=$1
    shift
    "$analyze" "$@" "$trace" >"$work/shown" 2>&1 || fail "$*: $(head -3 "$work/shown")"
    grep -q "$pattern" "$work/shown" || fail "$*: no '$pattern': $(tail -3 "$work/shown")"
}
for command in "stats --memory" leaks peak temporary sizes heap info; do
    # shellcheck disable=SC2086
    said 'estimates from [0-9,]* samples, one for 4.00 KiB' $command
    # shellcheck disable=SC2086
    said '"samples": *[0-9]' $command --json
done
for command in "stats --memory" leaks peak temporary sizes heap; do
    # shellcheck disable=SC2086
    said ',sample_period' $command --csv
done
said 'standard error' leaks
said 'no estimate: [0-9,]* bytes' stats --memory
said 'estimates from [0-9,]* samples, one for 4.00 KiB' flamegraph --memory -o -
"$analyze" filter --focus 'leaked|churned' -o "$work/saved.thag" "$trace" || fail filter
trace=$work/saved.thag
said 'estimates from [0-9,]* samples, one for 4.00 KiB' leaks
said 'estimates from [0-9,]* samples, one for 4.00 KiB' sizes

# A setting that is none.
THAG_MEMORY_SAMPLE=2G run probe_sampled
[ "$status" -eq 0 ] || fail "exit status $status"
[[ $errors == *"THAG_MEMORY_SAMPLE: expected bytes up to 1G"* ]] || fail "said: $errors"
traces 0

# A program that was never rebuilt, and another allocator below.
if ! limited sampled.preloaded; then
    what="preloaded"
    folder=$(mktemp -d -p "$work")
    (cd "$folder" && LD_PRELOAD=$HEAP_LIBRARY "$bin/probe_sampled_bare") 2>"$work/said" || fail "status $?: $(cat "$work/said")"
    "$analyze" stats --memory "$folder"/*.thag >"$work/shown" || fail "stats"
    grep -q 'estimates from' "$work/shown" || fail "preloaded: $(cat "$work/shown")"
    for below in jemalloc mimalloc tcmalloc_minimal; do
        what="above $below"
        other=$(ldconfig -p | awk -v name="lib$below.so" 'index($1, name) == 1 { print $NF; exit }')
        [ "$other" ] || continue
        folder=$(mktemp -d -p "$work")
        (cd "$folder" && LD_PRELOAD="$HEAP_LIBRARY $other" "$bin/probe_sampled_bare") 2>"$work/said" || fail "status $?: $(cat "$work/said")"
        table
        [ "$(in_all bytes)" -gt $((sum * 9 / 10)) ] || fail "$(cat "$work/stats.csv")"
    done
fi
done_testing

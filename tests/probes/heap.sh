#!/bin/bash
# heap.sh - memory to the byte. usage: see probe_lib.sh; HEAP_LIBRARY names libthag_heap.so.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# shellcheck source=heap_lib.sh
. "$(dirname "$0")/heap_lib.sh"
export THAG_PROFILER=both

known_answers() {
    succeeded "$1" known
    traces 1
    checked
    no_loss
    table
    memory allocate_vectors blocks=1000 bytes=1024000
    memory allocate_and_deallocate blocks=2000 bytes=23992000
    memory nested_allocations blocks=6000 bytes=91000
    # Values, keys (10 of 6 bytes, 90 of 7, 400 of 8), and the table.
    memory allocate_hashmap blocks=1001 bytes=$((400000 + 3890 + 16384))
    memory free_hashmap blocks= bytes=
    memory main calls=1 blocks=0 inclusive_bytes=$((1024000 + 23992000 + 91000 + 420274))
    grep -qxF 'main;allocate_vectors 1024000' "$folder"/*-memory.folded || fail "-memory.folded: $(cat "$folder"/*-memory.folded)"
    [ "$("$analyze" fold --memory "$folder"/*.thag | grep -v ' 0$' | sort)" = "$(grep -v ' 0$' "$folder"/*-memory.folded | sort)" ] ||
        fail "fold --memory differs from the file: $("$analyze" fold --memory "$folder"/*.thag)"
}

for program in probe_heap probe_heap_O0 probe_heap_O3_lto probe_heap_shared; do
    ! limited $program || continue
    export THAG_MEMORY=summary
    known_answers $program
    memory allocate_vectors live_bytes= freed_bytes=
    unset THAG_MEMORY
    known_answers $program
    all_freed allocate_vectors allocate_and_deallocate allocate_hashmap
    memory allocate_and_deallocate temporary_blocks=2000
    memory nested_allocations live_blocks=6000 live_bytes=91000
    memory allocate_vectors peak_bytes=1024000
    [ "$("$analyze" leaks --json "$folder"/*.thag | grep -c '"bytes": *91000,"blocks": *6000\|"bytes":91000,"blocks":6000\|"bytes": 91000, "blocks": 6000')" -ge 1 ] ||
        fail "leaks: $("$analyze" leaks --json "$folder"/*.thag)"

    succeeded $program sections
    table
    memory sections blocks=2 bytes=3072
    memory one bytes=4096
    memory two bytes=8192 inclusive_bytes=14336
    memory outer bytes=2048 inclusive_bytes=6144
    memory inner bytes=4096
    memory persistent blocks=5 bytes=15360
    memory first bytes=100 inclusive_bytes=700
    memory second bytes=600
    memory "to the end" bytes=8192
    memory recurse calls=10 blocks=10 bytes=160 inclusive_bytes=160
    all_freed sections one two outer inner persistent first second recurse

    succeeded $program family
    table
    memory family blocks=15 bytes=202240 reallocs=3 realloc_bytes=$((100 + 200000 + 50))
    all_freed family
    no_loss
    THAG_MEMORY=summary succeeded $program family
    table
    memory family blocks=15 bytes=202240 reallocs=3

    succeeded $program threads
    table
    memory allocating blocks=800 bytes=800000 live_bytes=800000 peak_bytes=800000
    THAG_MEMORY=summary succeeded $program threads
    table
    memory allocating blocks=800 bytes=800000

    succeeded $program crossed # each freed by another thread than the one that allocated it
    table
    memory allocating blocks=800 bytes=800000 peak_bytes=800000
    all_freed allocating

    succeeded $program churn
    table
    memory churn "blocks=$out"
    all_freed churn

    succeeded $program signals
    table
    memory signals blocks=2000 bytes=96000
    all_freed signals

    succeeded $program lazy
    table
    at_least "lazily bytes" "$(stats lazily bytes)" $((512 << 20))

    succeeded $program switched
    table
    memory switched blocks=2 bytes=500
    all_freed switched
done

# Tasks that wait for timers and yield, taken up by whichever of two threads comes first.
for program in probe_heap_tasks probe_heap_tasks_O3_lto; do
    for THAG_MEMORY in summary live; do
        export THAG_MEMORY
        succeeded $program
        checked
        no_loss
        table
        memory allocate_and_wait blocks=$((40 * 100)) bytes=$((40 * 800))
        memory buffers blocks=$((40 * 10)) bytes=$((40 * 10000))
        [ "$THAG_MEMORY" = summary ] || all_freed allocate_and_wait buffers
        "$analyze" tasks --csv "$folder"/*.thag >"$work/tasks.csv" || fail "tasks"
        [ "$(grep -c '"async::job"' "$work/tasks.csv")" = 40 ] || fail "tasks: $(head -3 "$work/tasks.csv")"
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
            NR > 1 && /async::job/ && ($at["bytes"] != 10800 || $at["blocks"] != 110) { exit 1 }' "$work/tasks.csv" ||
            fail "a task has something else than 10,800 bytes in 110 blocks: $(head -3 "$work/tasks.csv")"
    done
done
unset THAG_MEMORY

# The ends of processes: what is in the file does not depend on them.
for how in exit _exit abort segv kill; do
    run probe_heap end $how
    traces 1
    table
    memory leak blocks=20 bytes=960 live_blocks=20 live_bytes=960
    memory allocate_and_deallocate blocks=2000 bytes=23992000 temporary_blocks=2000
    all_freed allocate_and_deallocate
    memory allocate_and_deallocate peak_bytes=15992
    memory leak peak_bytes=960
done

# A child counts its own, and not what it inherited.
succeeded probe_heap fork
traces 2
parent=$(first_trace)
table "$parent"
memory leak blocks=20 bytes=960
all_freed leak
[ -z "$(stats of_child bytes)" ] || fail "the parent has memory of the child"
table "$(find "$folder" -name '*.thag' ! -path "$parent")"
memory of_child blocks=10 bytes=5000
all_freed of_child
[ -z "$(stats leak bytes)" ] || fail "the child has memory of the parent"

# Modes: time does not record memory, memory makes no file of times.
THAG_PROFILER="time" succeeded probe_heap known
"$analyze" stats --memory "$folder"/*.thag >/dev/null 2>"$work/said" && fail "memory in a trace of times"
grep -q "memory was not recorded" "$work/said" || fail "said: $(cat "$work/said")"
[ -z "$(find "$folder" -name '*-memory.folded')" ] || fail "a -memory.folded of times"
THAG_PROFILER=memory succeeded probe_heap known
table
memory allocate_vectors calls=1 bytes=1024000
[ "$(cd "$folder" && ls | sed 's/.*[0-9]//' | sort | tr '\n' ' ')" = "-memory.folded .thag " ] || fail "files: $(ls "$folder")"
THAG_MEMORY=all run probe_heap known
[ "$status" -eq 0 ] || fail "exit status $status"
[ "$errors" = "thag_profiler: THAG_MEMORY: expected summary or live; the program runs unprofiled" ] || fail "said: $errors"

# The threshold: larger ones only; what it leaves out is counted.
THAG_SIZE_TRACKING_THRESHOLD=1024 succeeded probe_heap known
table
[ -z "$(stats allocate_vectors bytes)" ] || fail "1024 is not larger than 1024"
memory allocate_and_deallocate blocks=2000 bytes=23992000
sizes=$("$analyze" sizes --json "$folder"/*.thag)
grep -q '"threshold": *1024' <<<"$sizes" || fail "sizes: $sizes"
at_least "skipped blocks" "$(sed -n 's/.*"skipped_blocks": *\([0-9]*\).*/\1/p' <<<"$sizes")" 7000
SIZE_TRACKING_THRESHOLD=1023 succeeded probe_heap known
table
memory allocate_vectors blocks=1000 bytes=1024000

# Classes of sizes. 6,500 strings of at most 64 bytes, 500 values of 800 and 1,000 of 1,024, 2,000 from
# 8,000 to 15,992 and a table of 16,384.
succeeded probe_heap known
sizes=$("$analyze" sizes "$folder"/*.thag)
class() { awk -v k="$1" '$1 == k { gsub(",", "", $2); print $2 }' <<<"$sizes"; }
at_least "0-64" "$(class 0-64)" 6500
at_least "257-1K" "$(class 257-1K)" 1500
[ "$(class 4K-16K)" = 2001 ] || fail "4K-16K: $sizes"

"$analyze" flamegraph --memory -o "$folder/x.svg" "$folder"/*.thag || fail "flamegraph --memory"
grep -q allocate_vectors "$folder/x.svg" || fail "no allocate_vectors in the picture"
"$analyze" peak "$folder"/*.thag | grep -q '1,024,000 .* main > allocate_vectors' || fail "peak: $("$analyze" peak "$folder"/*.thag)"

# Linked statically, with malloc wrapped; and the same without, which says so.
for program in probe_heap_static probe_heap_static_pie; do
    ! limited $program && [ -x "$bin/$program" ] || continue
    known_answers $program
    all_freed allocate_vectors allocate_and_deallocate
    memory nested_allocations live_blocks=6000 live_bytes=91000
    succeeded $program family
    table
    memory family blocks=15 bytes=202240 reallocs=3 realloc_bytes=$((100 + 200000 + 50))
    all_freed family
    succeeded $program crossed
    table
    memory allocating blocks=800 bytes=800000 peak_bytes=800000
    all_freed allocating
    THAG_PROFILER=memory,,,true succeeded $program known
    checked
    no_loss # of stacks, which need the linker's table
done
if ! limited probe_heap_unwrapped; then
    run probe_heap_unwrapped known
    [ "$status" -eq 127 ] && grep -q '^thag_profiler: no malloc behind libthag_heap.a: .*wrapped' <<<"$errors" ||
        fail "exit status $status, said: $errors"
fi

# Above an allocator that does not tell sizes: a summary, and a word about it.
if ! limited heap.unsized; then
    run probe_heap_unsized known
    [ "$status" -eq 0 ] || fail "exit status $status"
    [ "$errors" = "thag_profiler: malloc comes without a malloc_usable_size; what is live is not recorded (as with THAG_MEMORY=summary)" ] ||
        fail "said: $errors"
    table
    memory allocate_vectors blocks=1000 bytes=1024000 live_bytes=
    memory nested_allocations blocks=6000 bytes=91000
    "$analyze" info "$folder"/*.thag | grep -q 'without a malloc_usable_size' || fail "info does not say it"
    THAG_MEMORY=summary succeeded probe_heap_unsized known
    memory allocate_vectors blocks=1000 bytes=1024000
fi

for program in probe_heap_cxx probe_heap_cxx_static probe_heap_cxx_replaced; do
    [ -x "$bin/$program" ] || continue
    succeeded $program
    table
    # The call that is named is that of new, not one within the C++ library.
    if [ $program != probe_heap_cxx_replaced ]; then
        lines=$("$analyze" stats --lines --csv "$folder"/*.thag)
        for line in 1 400 256 1000 333 512; do
            grep -q "^\"forms (probe_heap_cxx.cpp:[0-9]*)\",[0-9]*,1,$line," <<<"$lines" || fail "no line of $line bytes in $lines"
        done
        grep -q '^"operator new' <<<"$lines" && fail "operator new in $lines"
    fi
    memory 'void forms()' blocks=6 bytes=$((1 + 400 + 256 + 1000 + 333 + 512))
    all_freed 'void forms()'
    all_freed 'void throws()'
done
done_testing

#!/bin/bash
# sanitizers.sh - hosts with sanitizers: recorded to the byte, or said at the start why not. usage: see probe_lib.sh;
# INCLUDE, SOURCES: folders; RUNTIME, HEAP: archives; HEAP_LIBRARY: libthag_heap.so.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# shellcheck source=heap_lib.sh
. "$(dirname "$0")/heap_lib.sh"
bin=$work/bin
mkdir "$bin"
ln -s "$1/trace_check" "$bin"
export LSAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=atexit_sleep_ms=0
not_ours='thag_profiler: malloc is that of ThreadSanitizer, not of libthag_heap; no memory is recorded'

# build COMPILER SANITIZER NAME SOURCE [OPTION...]
build() {
    "$1" -O1 -g -D_GNU_SOURCE -Wno-unused-result -fsanitize="$2" -I "$INCLUDE" "$SOURCES/$4" -o "$bin/$3" "${@:5}" \
        -lpthread -ldl 2>"$work/said"
}

# Hosts with the hooks linked: what is known, with threads that free each other's blocks, and a fork.
recorded() {
    THAG_PROFILER=$2 succeeded "$1" known
    table
    memory allocate_vectors blocks=1000 bytes=1024000
    memory allocate_hashmap blocks=1001
    all_freed allocate_vectors allocate_and_deallocate
    THAG_PROFILER=$2 succeeded "$1" crossed
    checked
    no_loss
    table
    memory allocating blocks=800 bytes=800000
    all_freed allocating
    THAG_PROFILER=$2 succeeded "$1" fork
    traces 2
    table "$(first_trace)"
    memory leak blocks=20 bytes=960
}

# ThreadSanitizer: one line, the times, and nothing of it complained of.
refused() {
    THAG_PROFILER=both run "$1" crossed
    [ "$status:$errors" = "0:$not_ours" ] || fail "exit status $status, said: $errors"
    checked
    line "path calls=4 open=0 allocating"
    line "loss HEAP_FOREIGN 1"
    "$analyze" info "$folder"/*.thag | grep -q 'malloc is that of ThreadSanitizer' || fail "info does not say it"
}

tried=0
for compiler in gcc clang; do
    for sanitizer in address leak undefined thread; do
        name=$compiler-$sanitizer
        command -v $compiler >/dev/null || continue
        # The same runtimes are behind both; how malloc comes into the program is not the same.
        case $name in clang-leak | clang-undefined) continue ;; esac
        build $compiler $sanitizer "$name" probe_heap.c -DTHAG_FULL_PROFILING -Wl,-u,thagi_heap_hooks \
            "$HEAP" "$RUNTIME" || { echo "not here: $name: $(head -1 "$work/said")"; continue; }
        tried=$((tried + 1))
        if [ $sanitizer = thread ]; then
            refused "$name"
        else
            recorded "$name" both
        fi
    done
done
[ $tried -gt 0 ] || { echo "no sanitizer here"; exit 77; }

# Preloaded into a host that was never rebuilt.
for sanitizer in address leak undefined thread; do
    build gcc $sanitizer preloaded probe_heap.c || continue
    folder=$(mktemp -d -p "$work")
    what="gcc-$sanitizer, preloaded"
    out=$("${analyze%/*}/thag-run" --memory -o "$folder" "$bin/preloaded" crossed 2>&1) || fail "exit status $?: $out"
    if [ $sanitizer = thread ]; then
        grep -qF "$not_ours" <<<"$out" || fail "said: $out"
    else
        table
        at_least bytes "$(in_all bytes)" 800000
    fi
done
done_testing

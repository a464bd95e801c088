#!/bin/bash
# bad.sh - what must not compile: flags and modes that do not exist, names that are no names.
# usage: bad.sh INCLUDE_DIR [COMPILER...]
set -u
include=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
wrong=(
    'THAG_PROFILED(tme);'
    'THAG_PROFILED(time, bogus);'
    'THAG_PROFILE("name", bogus); THAG_END("name");'
    'THAG_PROFILE("name", time, mem_detial); THAG_END("name");'
    'THAG_PROFILE("name", unbounded, bogus);'
    'THAG_ENABLE_PROFILING(sometimes);'
    'THAG_PROFILE(no_such_variable); THAG_END("name");'
    'THAG_PROFILE("name"); THAG_END(no_such_variable);'
)

for compiler in "${@:-cc}"; do
    command -v "$compiler" >/dev/null || continue
    for switch in -UTHAG_TIME_PROFILING -DTHAG_TIME_PROFILING -DTHAG_FULL_PROFILING; do
        for body in "${wrong[@]}"; do
            printf '#include "thag_profiler.h"\nint main(void) { %s return 0; }\n' "$body" >"$work/bad.c"
            if "$compiler" "$switch" -I "$include" -c "$work/bad.c" -o "$work/bad.o" 2>/dev/null; then
                echo "bad.sh: $compiler $switch accepts: $body"
                failures=$((failures + 1))
            fi
        done
        # The same text must pass when nothing is wrong with it, or the above proves nothing.
        echo '#include "thag_profiler.h"
              int main(void) { THAG_ENABLE_PROFILING(yes); THAG_PROFILE("name", time); THAG_END("name"); return 0; }' \
            >"$work/good.c"
        "$compiler" "$switch" -I "$include" -c "$work/good.c" -o "$work/good.o" || failures=$((failures + 1))
        # Programs of 32 bits can have the macros, but no profile.
        if "$compiler" -m32 -c -x c /dev/null -o "$work/none.o" 2>/dev/null; then
            said=$(echo '#include "thag_profiler.h"' | "$compiler" -m32 "$switch" -I "$include" -fsyntax-only -x c - 2>&1)
            case "$switch$said" in
            -D*"is for 64-bit programs"* | -UTHAG_TIME_PROFILING) ;; # the latter without a word
            *) echo "bad.sh: $compiler $switch -m32: $said"; failures=$((failures + 1)) ;;
            esac
        fi
        # Memory cannot be recorded where malloc has to be another one.
        "$compiler" -fsanitize=memory -c -x c /dev/null -o "$work/none.o" 2>/dev/null || continue
        said=$("$compiler" -fsanitize=memory "$switch" -I "$include" -c "$work/good.c" -o "$work/good.o" 2>&1)
        case "$switch$said" in
        *FULL*"MemorySanitizer wants a malloc of its own"* | -[UD]THAG_TIME_PROFILING) ;;
        *) echo "bad.sh: $compiler $switch with MemorySanitizer: $said"; failures=$((failures + 1)) ;;
        esac
    done
done
[ "$failures" -eq 0 ]

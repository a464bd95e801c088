#!/bin/bash
# off_identical.sh - switched off, the macros leave nothing behind: the object file is the same, byte
# for byte, as that of the source with the lines of the macros emptied.
# usage: off_identical.sh INCLUDE_DIR COMPILER SOURCE...
set -u
include=$1
compiler=$2
shift 2
command -v "$compiler" >/dev/null || { echo "SKIP: no $compiler on this machine"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
compared=0
for source in "$@"; do
    name=$(basename "$source")
    # Assembler and object files name their source, so both have the same name and relative path.
    mkdir -p "$work/with" "$work/without"
    cp "$source" "$work/with/$name"
    sed -E 's/^[[:space:]]*(THAG_[A-Z_]+|thag_pool_[a-z]+)\(.*\);[[:space:]]*$//; /thag_profiler(\/[a-z]+)?\.h/s/.*//' "$source" \
        >"$work/without/$name"
    if cmp -s "$work/with/$name" "$work/without/$name"; then continue; fi
    if grep -Eq '^[^/]*(THAG_[A-Z_]*|thag_pool_[a-z]*)\(' "$work/without/$name"; then
        echo "off_identical.sh: $name: a macro that is not on a line of its own"
        failures=$((failures + 1))
    fi
    for level in -O0 -O1 -O2 -O3 -Os; do
        for side in with without; do
            (cd "$work/$side" && "$compiler" -D_POSIX_C_SOURCE=200809L "$level" -I "$include" \
                -I "$(dirname "$source")" -c "$name" -o out.o) || failures=$((failures + 1))
        done
        compared=$((compared + 1))
        cmp -s "$work/with/out.o" "$work/without/out.o" && continue
        echo "off_identical.sh: $compiler $level: $name differs:"
        diff <(objdump -dr "$work/without/out.o") <(objdump -dr "$work/with/out.o") | head -20
        failures=$((failures + 1))
    done
done
echo "$compared pairs compared, $failures differ or failed"
[ "$failures" -eq 0 ] && [ "$compared" -gt 0 ]

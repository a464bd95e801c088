#!/bin/bash
# matrix.sh - compiles the cases in every language version, on and off, without a single warning.
# usage: matrix.sh INCLUDE_DIR SOURCE COMPILER
set -u
include=$1
source=$2
compiler=$3
command -v "$compiler" >/dev/null || { echo "SKIP: no $compiler on this machine"; exit 77; }

warnings=(-Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror)
case $source in
*.c)
    standards=(gnu89 c89 c99 gnu99 c11 gnu11 c17 c2x)
    warnings+=(-Wdeclaration-after-statement -Wstrict-prototypes -Wmissing-prototypes)
    ;;
*.cpp) standards=(c++11 c++14 c++17 c++20) ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
compiles=0
for standard in "${standards[@]}"; do
    for switch in -UTHAG_TIME_PROFILING -DTHAG_TIME_PROFILING -DTHAG_FULL_PROFILING; do
        for level in -O0 -O2; do
            compiles=$((compiles + 1))
            "$compiler" "-std=$standard" "$switch" "$level" "${warnings[@]}" -I "$include" \
                -c "$source" -o "$work/out.o" && continue
            echo "matrix.sh: failed: $compiler -std=$standard $switch $level"
            failures=$((failures + 1))
        done
    done
done
echo "$compiles compilations, $failures failed"
[ "$failures" -eq 0 ]

#!/bin/bash
# snippets.sh - every C block of the documents compiles, on and off, without a warning.
# usage: snippets.sh SOURCE_DIR CC
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$1"
awk -v out="$work" '
FNR == 1 { inside = 0 }
/^```c$/ { inside = 1; name = sprintf("%s/%03d.c", out, ++count); printf "#line %d \"%s\"\n", FNR + 1, FILENAME > name; next }
/^```/ { inside = 0 }
inside { print > name }' README.md docs/guide.md

count=0
failures=0
for snippet in "$work"/*.c; do
    count=$((count + 1))
    for switch in -UTHAG_TIME_PROFILING -DTHAG_TIME_PROFILING -DTHAG_FULL_PROFILING; do
        "$2" -std=c11 "$switch" -Wall -Wextra -Wpedantic -Werror -Wno-unused-function -I include \
            -include thag_profiler.h -fsyntax-only "$snippet" || failures=$((failures + 1))
    done
done
echo "$count blocks, $failures failures"
[ "$failures" -eq 0 ] && [ "$count" -ge 5 ]

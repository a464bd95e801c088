#!/bin/bash
# readme.sh - runs the shell blocks of README.md, "Five minutes", word for word, in a copy of the
# examples with a home directory of its own.
# usage: readme.sh SOURCE_DIR BUILD_DIR CMAKE
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work/home
mkdir -p "$HOME"
"$3" --install "$2" --prefix "$HOME/.local" >"$work/log" || { cat "$work/log"; exit 1; }
cp -r "$1/examples" "$work/examples"
cd "$work"

awk '/readme.sh runs the following blocks/ { on = 1 }
     /^## / { on = 0 }
     on && /^```sh/ { inside = 1; next }
     /^```/ { inside = 0 }
     on && inside' "$1/README.md" >blocks.sh
[ "$(grep -c . blocks.sh)" -ge 6 ] || { echo "readme.sh: blocks not found"; exit 1; }
bash -eux blocks.sh >out.txt 2>err.txt || { cat out.txt err.txt; exit 1; }
grep -q '^fib(25) = 75025$' out.txt
grep -q '242,785' out.txt
grep -q '^main;compute ' out.txt
grep -q '^17984 primes up to 200000$' out.txt
grep -q '^is_prime  *199,999 ' err.txt
grep -q '^is_prime  *299,999 ' err.txt
grep -q 'allocated.*blocks' err.txt
grep -q '^  *25,201  *4,642  main > count_file > count_word > lower_case ' out.txt
[ "$(grep -c 'still allocated at the end' out.txt)" -eq 2 ]
[ "$(grep -c ' main > count_file > count_word > lower_case ' out.txt)" -eq 2 ] # leaked; later temporary
grep -q '</svg>' build/try/hello.svg

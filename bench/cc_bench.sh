#!/usr/bin/env bash
# cc_bench.sh BUILD_DIR - what thag-cc costs a build. programs_bench.sh has what its programs cost.
#
# CPU time (user + system), the least of ROUNDS rounds, in which the variants take turns. Sources come from
# Debian. The build is that of Lua and zlib, -O2, one file at a time as make has it.
set -euo pipefail
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
rounds=${ROUNDS:-4}
work=$build/bench/cc
mkdir -p "$work"
cd "$work"
for package in lua5.4 zlib; do "$here/../scripts/debian-source" $package src; done
echo '#define DEB_HOST_MULTIARCH "none"' >src/lua5.4/src/lua5.4-deb-multiarch.h

cpu_ms() {
    local TIMEFORMAT='%U %S' t
    t=$( { time "$@" >/dev/null 2>&1; } 2>&1)
    awk '{ printf "%d", ($1 + $2) * 1000 }' <<<"$t"
}
least() { sort -n | head -n 1; }

# compile OUT COMPILER...
compile() {
    local out=$1 source
    shift
    mkdir -p "$out"
    for source in src/lua5.4/src/*.c src/zlib/*.c; do
        [ "$(basename "$source")" = luac.c ] && continue
        "$@" -O2 -std=gnu11 -DLUA_USE_POSIX -DHAVE_UNISTD_H -DHAVE_STDARG_H -c "$source" -o "$out/$(basename "$source" .c).o"
    done
}
declare -A times
add() { times[$1]+="$2"$'\n'; }
for _ in $(seq "$rounds"); do
    add plain "$(cpu_ms compile plain gcc)"
    add off "$(THAG_CC=off cpu_ms compile off "$build/tools/thag-cc" gcc)"
    add thag "$(cpu_ms compile thag "$build/tools/thag-cc" gcc)"
    add asm "$(THAG_CC_CALLS=asm cpu_ms compile asm "$build/tools/thag-cc" gcc)"
done
plain=$(printf '%s' "${times[plain]}" | least)
for kind in plain off thag asm; do
    ms=$(printf '%s' "${times[$kind]}" | least)
    awk -v k="$kind" -v ms="$ms" -v plain="$plain" 'BEGIN { printf "%-8s %8d ms CPU %8.2f x\n", k, ms, ms / plain }'
done

#!/usr/bin/env bash
# programs_bench.sh BUILD_DIR lua|sqlite - every function of a real program timed, beside uftrace.
#
# Builds the program from its Debian source package: plain; with thag-cc, i.e. every function that is in
# the source; with -finstrument-functions and libthag_functions, i.e. also what gcc has inlined
# (Lua only); with -pg for uftrace. Runs each in turn, ROUNDS times (7), and compares CPU time, user and
# system, the least of the rounds. "off" is the thag-cc build when nothing is profiled.
set -euo pipefail
build=$(cd "$1" && pwd)
what=$2
here=$(cd "$(dirname "$0")" && pwd)
rounds=${ROUNDS:-7}
work=$build/bench/$what
mkdir -p "$work"
cd "$work"

case $what in
lua)
    "$here/../scripts/debian-source" lua5.4 .
    src=lua5.4
    # Made by Debian's build; only the path of C modules depends on it.
    mkdir -p include
    echo '#define DEB_HOST_MULTIARCH "none"' >include/lua5.4-deb-multiarch.h
    mapfile -t sources < <(find "$src/src" -name '*.c' ! -name luac.c | sort)
    flags=(-std=gnu11 -DLUA_USE_POSIX "-I$src/src" -Iinclude)
    libs=(-lm)
    workload() { "$@" "$here/workload.lua"; }
    ;;
sqlite)
    "$here/../scripts/debian-source" sqlite3 .
    src=sqlite3
    [ -f "$src/shell.c" ] ||
        (cd "$src" && ./configure --disable-tcl && make sqlite3.c shell.c) >configure.log 2>&1
    sources=("$src/sqlite3.c" "$src/shell.c")
    flags=("-I$src" -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION)
    libs=(-lm)
    workload() { "$@" :memory: <"$here/workload.sql"; }
    ;;
*) echo "programs_bench.sh: lua or sqlite, not $what" >&2; exit 2 ;;
esac

# compile OUTPUT COMPILER...: all sources, -O2
compile() {
    local out=$1
    shift
    "$@" -O2 "${flags[@]}" "${sources[@]}" "${libs[@]}" -o "$out"
}

[ -x plain ] || compile plain gcc
THAG_CC_LINK=static compile spans "$build/tools/thag-cc" gcc
variants=(plain off spans no-timeline sampled)
if [ "$what" = lua ]; then
    libs=("$build/src/hooks/libthag_functions.a" "$build/src/hooks/libthag_async.a"
        "$build/src/runtime/libthag_profiler.a" -lm -lpthread -ldl)
    compile hooks gcc -finstrument-functions
    # The same for uftrace, which replaces the hooks of libc.
    libs=(-lm)
    compile bare gcc -finstrument-functions
    libs=(-lm)
    variants+=(hooks)
fi
if command -v uftrace >/dev/null; then
    [ -x pg ] || compile pg gcc -pg
    variants+=(uftrace)
    [ "$what" != lua ] || variants+=(uftrace-hooks)
fi

# cpu_ms COMMAND...: user + system milliseconds of the process and its children
cpu_ms() {
    local TIMEFORMAT='%U %S' t
    t=$( { time "$@" >/dev/null 2>&1; } 2>&1)
    awk '{ printf "%d", ($1 + $2) * 1000 }' <<<"$t"
}
profiled() { THAG_TIMELINE_LIMIT=4G THAG_PROFILER=time,out cpu_ms workload "$@"; }
least() { sort -n | head -n 1; }

declare -A times
for _ in $(seq "$rounds"); do
    for v in "${variants[@]}"; do
        rm -rf out uftrace.data
        case $v in
        plain) ms=$(cpu_ms workload ./plain) ;;
        off) ms=$(cpu_ms workload ./spans) ;;
        spans) ms=$(profiled ./spans) ;;
        no-timeline) ms=$(THAG_TIMELINE_LIMIT=0 THAG_PROFILER=time,out cpu_ms workload ./spans) ;;
        sampled) ms=$(THAG_SAMPLE=16 profiled ./spans) ;;
        hooks) ms=$(profiled ./hooks) ;;
        uftrace) ms=$(cpu_ms workload uftrace record --no-libcall -d uftrace.data ./pg) ;;
        uftrace-hooks) ms=$(cpu_ms workload uftrace record --no-libcall -d uftrace.data ./bare) ;;
        esac
        times[$v]+="$ms"$'\n'
        [ "$v" != spans ] || { rm -rf keep; mv out keep; }
    done
done

trace=$(ls keep/*.thag)
calls=$("$build/tools/thag-analyze" stats --json "$trace" | jq '[.functions[].calls] | add')
plain=$(printf '%s' "${times[plain]}" | least)
printf '%-20s %10s %8s %10s\n' "$what, every function" 'CPU ms' 'x plain' 'ns a call'
for v in "${variants[@]}"; do
    ms=$(printf '%s' "${times[$v]}" | least)
    awk -v v="$v" -v ms="$ms" -v plain="$plain" -v calls="$calls" \
        'BEGIN { printf "%-20s %10d %8.2f %10.1f\n", v, ms, ms / plain, (ms - plain) * 1e6 / calls }'
done
printf 'calls: %s\n' "$calls"
"$build/tools/thag-analyze" info "$trace" | grep -E '^timeline'
# Compressed: what is in the timeline chunks, i.e. nearly the whole file.
for level in 1 9; do
    printf 'zstd -%s: %s bytes a span\n' "$level" \
        "$(zstd "-$level" -q -c "$trace" | wc -c | awk -v c="$calls" '{ printf "%.3f", $1 / c }')"
done

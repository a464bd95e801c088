#!/usr/bin/env bash
# lua_bench.sh BUILD_DIR - every function of Debian's Lua under the profiler, beside uftrace.
#
# Builds the interpreter four times from its Debian source package: plain; with -finstrument-functions
# and our hooks; with -pg for uftrace. Runs each in turn, ROUNDS times, and compares CPU time (user +
# system), the least of the rounds. Traces go to a directory beside the build.
set -euo pipefail
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
rounds=${ROUNDS:-7}
work=$build/bench/lua
mkdir -p "$work"
cd "$work"

if [ ! -d src ]; then
    # The source index of the same places that the machine's binary packages come from.
    mkdir -p apt/parts apt/lists/partial
    for f in /etc/apt/sources.list.d/*.sources; do
        sed 's/^Types: deb$/Types: deb-src/' "$f" >"apt/parts/$(basename "$f")"
    done
    apt_options=(-qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/apt/parts"
        -o "Dir::State::lists=$work/apt/lists" -o APT::Sandbox::User=root)
    apt-get "${apt_options[@]}" update
    apt-get "${apt_options[@]}" source --download-only lua5.4 >/dev/null
    dpkg-source -x lua5.4_*.dsc src >dpkg-source.log 2>&1
fi

# Made by Debian's build; only the path of C modules depends on it.
mkdir -p include
echo '#define DEB_HOST_MULTIARCH "none"' >include/lua5.4-deb-multiarch.h
sources=$(ls src/src/*.c | grep -v luac.c)
common=(-O2 -std=gnu11 -DLUA_USE_POSIX -Isrc/src -Iinclude)
[ -x lua-plain ] || gcc "${common[@]}" $sources -lm -o lua-plain
gcc -O2 -DTHAG_TIME_PROFILING -I"$here/../include" -c "$here/function_hooks.c" -o hooks.o
gcc "${common[@]}" -finstrument-functions $sources hooks.o "$build/src/runtime/libthag_profiler.a" \
    -lm -lpthread -o lua-spans
[ -x lua-pg ] || gcc "${common[@]}" -pg $sources -lm -o lua-pg

# cpu_ms COMMAND...: user + system milliseconds of the process and its children
cpu_ms() {
    local TIMEFORMAT='%U %S' t
    t=$( { time "$@" >/dev/null 2>&1; } 2>&1)
    awk '{ printf "%d", ($1 + $2) * 1000 }' <<<"$t"
}
least() { sort -n | head -n 1; }

declare -A times
variants=(plain spans spans-no-timeline sampled)
command -v uftrace >/dev/null && variants+=(uftrace)
for _ in $(seq "$rounds"); do
    for v in "${variants[@]}"; do
        rm -rf out uftrace.data
        case $v in
        plain) ms=$(cpu_ms ./lua-plain "$here/workload.lua") ;;
        spans) ms=$(THAG_TIMELINE_LIMIT=4G THAG_PROFILER=time,out cpu_ms ./lua-spans "$here/workload.lua") ;;
        spans-no-timeline) ms=$(THAG_PROFILER=time,out THAG_TIMELINE_LIMIT=0 cpu_ms ./lua-spans "$here/workload.lua") ;;
        sampled) ms=$(THAG_TIMELINE_LIMIT=4G THAG_PROFILER=time,out THAG_SAMPLE=16 cpu_ms ./lua-spans "$here/workload.lua") ;;
        uftrace) ms=$(cpu_ms uftrace record --no-libcall -d uftrace.data ./lua-pg "$here/workload.lua") ;;
        esac
        times[$v]+="$ms"$'\n'
        [ "$v" = spans ] && { rm -rf keep; mv out keep; }
        [ "$v" = sampled ] && { rm -rf keep-sampled; mv out keep-sampled; }
        [ "$v" = uftrace ] && { rm -rf keep-uftrace; mv uftrace.data keep-uftrace; }
    done
done

plain=$(printf '%s' "${times[plain]}" | least)
calls=$("$build/tools/thag-analyze" stats --json keep/*.thag | jq '[.functions[].calls] | add')
printf '%-20s %10s %8s %10s\n' 'Lua, every function' 'CPU ms' 'x plain' 'ns a call'
for v in "${variants[@]}"; do
    ms=$(printf '%s' "${times[$v]}" | least)
    awk -v v="$v" -v ms="$ms" -v plain="$plain" -v calls="$calls" \
        'BEGIN { printf "%-20s %10d %8.2f %10.1f\n", v, ms, ms / plain, (ms - plain) * 1e6 / calls }'
done
printf 'calls: %s\n' "$calls"
trace=$(ls keep/*.thag)
"$build/tools/thag-analyze" info "$trace" | grep -E '^timeline'
# Compressed: what is in the timeline chunks, i.e. nearly the whole file.
printf 'zstd -1: %s bytes of %s, %.3f bytes a span\n' "$(zstd -1 -q -c "$trace" | wc -c)" \
    "$(stat -c %s "$trace")" \
    "$(zstd -1 -q -c "$trace" | wc -c | awk -v c="$calls" '{ print $1 / c }')"
[ -d keep-uftrace ] && printf 'uftrace: %s bytes\n' "$(du -sb keep-uftrace | cut -f1)"

#!/bin/bash
# use.sh - install to a temporary prefix, move it, and use it in each of the ways that the guide names.
# usage: use.sh SOURCE_DIR BUILD_DIR CC CMAKE
set -euo pipefail
source_dir=$1
build_dir=$2
cc=$3
cmake=$4
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "use.sh: $*" >&2
    exit 1
}

# expect on|off PROGRAM: runs it in an empty folder; profiled, it leaves a trace and a folded file.
expect() {
    local folder
    folder=$(mktemp -d -p "$work")
    [ "$(cd "$folder" && "$2")" = 42 ] || fail "$2: wrong result"
    if [ "$1" = off ]; then
        [ -z "$(ls -A "$folder")" ] || fail "$2: inactive, but wrote $(ls "$folder")"
    else
        [ "$(find "$folder" -name '*.thag' | wc -l)" -eq 1 ] || fail "$2: no trace"
        grep -q '^main;ask;answer [0-9]*$' "$folder"/*.folded || fail "$2: no folded stacks"
        case $2 in # the stream's buffer, and with the C library's own needs perhaps more
        *full*) grep -q '^main;ask [1-9][0-9]*$' "$folder"/*-memory.folded || fail "$2: no memory" ;;
        *) [ -z "$(find "$folder" -name '*-memory.folded')" ] || fail "$2: memory" ;;
        esac
    fi
    echo "ok: $1 ${2#"$work"/}"
}

# expect_functions PROGRAM: one that was built with -finstrument-functions, and linked with what that calls.
expect_functions() {
    local folder
    folder=$(mktemp -d -p "$work")
    [ "$(cd "$folder" && THAG_PROFILER="time" "$1")" = 42 ] || fail "$1: wrong result"
    "$prefix/bin/thag-analyze" fold -o - "$folder"/*.thag | grep -q '^main;answer [0-9]*$' || fail "$1: no main;answer"
    echo "ok: functions ${1#"$work"/}"
}

configure_and_build() {
    "$cmake" -S "$here/$1" -B "$work/$1" -DCMAKE_C_COMPILER="$cc" "${@:2}" >"$work/log" 2>&1 &&
        "$cmake" --build "$work/$1" --target programs -j 2 >>"$work/log" 2>&1 || { cat "$work/log"; fail "$1"; }
}

"$cmake" --install "$build_dir" --prefix "$work/first" >"$work/log" || { cat "$work/log"; fail "install"; }
mv "$work/first" "$work/moved"
prefix=$work/moved
lib=$(dirname "$(find "$prefix" -name libthag_profiler.a)")
[ -x "$prefix/bin/thag-analyze" ] || fail "no thag-analyze"

# One component each: none brings files of another, and together they are all.
scdoc=$(find "$prefix" -name thag-run.1)
for tool in thag-analyze thag-cc thag-instrument thag-remove thag-run; do
    folder=$work/each/$tool
    "$cmake" --install "$build_dir" --prefix "$folder" --component $tool >/dev/null
    expected="$tool.fish _$tool $tool $tool"
    [ -z "$scdoc" ] || expected="$expected $tool.1"
    [ $tool != thag-cc ] || expected="$expected libthag_cc.so thag-gcc thag-g++ thag-clang thag-clang++"
    found=$(find "$folder" ! -type d -printf '%f\n' | sort)
    [ "$found" = "$(tr ' ' '\n' <<<"$expected" | sort)" ] || fail "component $tool:" $found
    "$folder/bin/$tool" --help >/dev/null || fail "$tool does not run alone"
done
echo "ok: each tool alone"
"$cmake" --install "$build_dir" --prefix "$work/runtime" --component runtime >/dev/null
[ -z "$(find "$work/runtime" -path '*bin/*')" ] || fail "component runtime holds tools"
diff <(cd "$prefix" && find . -type f | sort) \
    <(for part in "$work"/runtime "$work"/each/*; do (cd "$part" && find . -type f); done | sort) ||
    fail "the components are not all"

# CMake, from the installed tree and from the source tree.
configure_and_build find_package -DCMAKE_PREFIX_PATH="$prefix"
configure_and_build subdirectory -DTHAG_SOURCE_DIR="$source_dir"
configure_and_build fetch_content -DTHAG_SOURCE_DIR="$source_dir"
for project in find_package subdirectory fetch_content; do
    for program in "$work/$project"/prog_*; do
        case $program in
        *_profiler) expect off "$program" ;;
        *_functions) expect_functions "$program" ;;
        *) expect on "$program" ;;
        esac
    done
done

# pkg-config: inactive; with the archive, which needs no path at run time; all static.
if command -v pkg-config >/dev/null; then
    export PKG_CONFIG_PATH=$lib/pkgconfig
    flags() { pkg-config "$@"; }
    # shellcheck disable=SC2046
    {
        "$cc" "$here/prog.c" $(flags --cflags --libs thag_profiler) -o "$work/pc_off"
        "$cc" "$here/prog.c" $(flags --cflags --libs thag_profiler-time) -o "$work/pc_time"
        "$cc" "$here/prog.c" $(flags --cflags --libs thag_profiler-full) -o "$work/pc_full"
        "$cc" "$here/plain.c" $(flags --cflags --libs thag_profiler-functions) -o "$work/pc_functions"
        "$cc" -static "$here/prog.c" $(flags --static --cflags --libs thag_profiler-time) -o "$work/pc_static"
        "$cc" -static "$here/prog.c" $(flags --static --cflags --libs thag_profiler-full-wrap) -o "$work/pc_full_static"
    }
    [ "$(pkg-config --modversion thag_profiler)" = "$(pkg-config --modversion thag_profiler-full)" ]
    expect off "$work/pc_off"
    expect_functions "$work/pc_functions"
    for program in pc_time pc_full pc_static pc_full_static; do expect on "$work/$program"; done
else
    echo "SKIP: no pkg-config"
fi

# A compiler, and nothing else.
"$cc" "$here/prog.c" -I "$prefix/include" -o "$work/cc_off"
"$cc" -DTHAG_TIME_PROFILING "$here/prog.c" -I "$prefix/include" -L "$lib" -lthag_profiler -o "$work/cc_shared"
"$cc" -DTHAG_TIME_PROFILING "$here/prog.c" -I "$prefix/include" "$lib/libthag_profiler.a" -o "$work/cc_static"
expect off "$work/cc_off"
LD_LIBRARY_PATH=$lib expect on "$work/cc_shared"
"$cc" -DTHAG_FULL_PROFILING "$here/prog.c" -I "$prefix/include" -Wl,-u,thagi_heap_hooks "$lib/libthag_heap.a" \
    "$lib/libthag_profiler.a" -ldl -lpthread -o "$work/cc_full"
expect on "$work/cc_full"
expect on "$work/cc_static"

# The tools find header and libraries where they were moved to.
cat >"$work/one.c" <<'C'
static int answer(void) { return 42; }
int main(void) { return answer(); }
C
status=0
(cd "$work" && "$prefix/bin/thag-run" -o "$work/run" one.c 2>"$work/log") || status=$?
[ "$status" -eq 42 ] && grep -q '^answer  *1 ' "$work/log" || { cat "$work/log"; fail "thag-run one.c"; }
status=0
"$prefix/bin/thag-run" --memory -o "$work/run" ls "$work" >/dev/null 2>"$work/log" || status=$?
[ "$status" -eq 0 ] && grep -q 'allocated.*blocks' "$work/log" || { cat "$work/log"; fail "thag-run --memory ls"; }
# What it preloads finds the runtime there, too.
"$cc" -finstrument-functions "$here/plain.c" -o "$work/hooked"
answer=$("$prefix/bin/thag-run" --both --tasks --adapters -o "$work/run" "$work/hooked" 2>"$work/log") || true
[ "$answer" = 42 ] && grep -q '^answer  *1 ' "$work/log" || { cat "$work/log"; fail "thag-run --tasks --adapters"; }
answer=$("$prefix/bin/thag-run" -o "$work/run" "$work/hooked" 2>"$work/log") || true
[ "$answer" = 42 ] && grep -q '^answer  *1 ' "$work/log" || { cat "$work/log"; fail "thag-run, hooked by the compiler"; }
echo "ok: thag-run, thag-cc"

# The runtime in one file, dropped into a tree: no build system, no warning.
"$source_dir/scripts/amalgamate" "$work/one"
for compiler in "$cc" clang; do
    command -v "$compiler" >/dev/null || continue
    "$compiler" -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -DTHAG_TIME_PROFILING -I "$work/one" \
        "$here/prog.c" "$work/one/thag_profiler.c" -lpthread -o "$work/one_file"
    expect on "$work/one_file"
done

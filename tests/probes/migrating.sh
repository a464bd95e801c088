#!/bin/bash
# migrating.sh - coroutines that change threads in the middle of a function, as each compiler likes it best at each level:
# a thread-local address that it keeps across the switch must not lead a span astray.
# usage: see probe_lib.sh; INCLUDE, SOURCE, STATIC, SHARED and ASYNC_LIBRARY are what is compiled and linked
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

bin=$work/bin
trace_check=$1/trace_check
mkdir "$bin"
ln -s "$trace_check" "$bin/trace_check"
stale=0 built=0

# exact: 40 coroutines, 100 rounds, none on the same thread twice.
exact() {
    local section
    checked
    no_loss
    for section in before across behind; do
        line "path calls=4000 open=0 main;coroutine;work;$section"
        line "path calls=4000 open=0 main;coroutine;work;$section;leaf"
    done
    line "path calls=40 open=0 main;coroutine;work"
    line "path calls=40 open=0 main;coroutine"
    [ "$(grep -c ^path <<<"$facts")" -eq 9 ] || fail "paths that nobody took: $(grep ^path <<<"$facts")"
    "$analyze" tasks --csv "$folder"/*.thag >"$work/tasks.csv"
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR > 1 { n++; bad += $at["resumes"] != 101 || $at["migrations"] != 100 }
        END { exit bad > 0 || n != 40 }' "$work/tasks.csv" || fail "resumed or moved: $(head -3 "$work/tasks.csv")"
    stale=$((stale + ${out##* }))
}

# build NAME COMPILER OPTION...: two programs, one of all in one piece, one with the shared runtime
build() {
    local name=$1 compiler=$2
    shift 2
    "$compiler" -D_GNU_SOURCE -DTHAG_TIME_PROFILING -I"$INCLUDE" "$@" -o "$bin/$name" "$SOURCE" \
        "$STATIC" -lpthread -ldl &&
        "$compiler" -D_GNU_SOURCE -DTHAG_TIME_PROFILING -I"$INCLUDE" "$@" -fPIC -o "$bin/$name-shared" "$SOURCE" \
            "$SHARED" -Wl,-rpath,"$(dirname "$SHARED")" -lpthread
}

for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for options in -O0 -O1 -O2 -O3 "-O3 -flto"; do
        name=$compiler${options// /}
        # shellcheck disable=SC2086 # several options
        if ! build "$name" $compiler $options 2>"$work/said"; then
            [[ $options = *-flto ]] || { what=$name && fail "$(cat "$work/said")"; }
            continue # no plug-in of the linker
        fi
        built=$((built + 1))
        succeeded "$name" announced
        exact
        succeeded "$name-shared" announced
        exact
        LD_PRELOAD=$ASYNC_LIBRARY succeeded "$name-shared" unannounced
        exact
    done
done
[ $built -gt 0 ] || exit 77
echo "stale addresses of the probe itself: $stale"
[ $stale -gt 0 ] || { what="the control" && fail "no compiler kept an address across a switch: nothing was tested"; }
done_testing

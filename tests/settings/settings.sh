#!/bin/bash
# settings.sh - every mode of THAG_ENABLE_PROFILING and every field of THAG_PROFILER: which files
# appear, what is said on stderr, and that the program's own output and status never change.
# usage: settings.sh CC INCLUDE_DIR LIBRARY HEAP_LIBRARY
set -u
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
failures=0

for mode in both memory time no yes runtime ""; do
    for compiled in time full heap; do # heap: full, with the library that it needs for memory
        define=-DTHAG_TIME_PROFILING
        hooks=
        [ $compiled = time ] || define=-DTHAG_FULL_PROFILING
        [ $compiled = heap ] && hooks="-Wl,-u,thagi_heap_hooks $4"
        # shellcheck disable=SC2086
        "$1" $define "-DMODE=$mode" -I "$2" "$here/prog.c" $hooks "$3" -o "$work/$compiled-${mode:-empty}" || exit 1
    done
done

fail() {
    echo "settings.sh: $what: $*"
    failures=$((failures + 1))
}

# run WHAT PROGRAM [ARGUMENT]: in an empty folder. Sets folder and errors; variables pass through.
run() {
    what=$1
    folder=$(mktemp -d -p "$work")
    export TMPDIR=$folder/tmp
    out=$(cd "$folder" && "$work/$2" "${@:3}" 2>"$work/stderr")
    status=$?
    errors=$(cat "$work/stderr")
    [ "$status" -eq 0 ] || fail "exit status $status"
    [ "$out" = finished ] || [ "${3-}" = toggle ] || fail "wrong output: $out"
}

# files N PATTERN: so many files of that kind, anywhere in the run's folder.
files() {
    local found
    found=$(find "$folder" -path "$folder/$2" -type f | wc -l)
    [ "$found" -eq "$1" ] || fail "$found files $2, expected $1: $(cd "$folder" && find . -type f)"
}

quiet() { [ -z "$errors" ] || fail "said: $errors"; }
says() { case $errors in *"$1"*) [ "$(wc -l <"$work/stderr")" -eq 1 ] || fail "more than one line: $errors" ;; *) fail "expected '$1', said: $errors" ;; esac; }
profiled() { files 1 "${1-}*.thag"; files 1 "${1-}*.folded"; }
nothing() { files 0 '*.thag'; files 0 '*.folded'; }

unset THAG_PROFILER THAG_PROFILE THAG_CLOCK THAG_SAMPLE THAG_TIMELINE_LIMIT

# Modes.
for program in time-time time-yes time-empty full-time full-yes full-empty heap-time; do
    run "$program" "$program"; quiet; profiled
    name=$(basename "$(ls "$folder"/*.folded)")
    [[ $name =~ ^$program-[0-9]{8}-[0-9]{6}\.folded$ ]] || fail "name: $name"
    grep -q '^main;work [0-9]*$' "$folder/$name" || fail "stacks: $(cat "$folder/$name")"
    [ "$(stat -c %a "$folder"/*.thag)" = 600 ] || fail "mode of the trace"
done
for program in time-no full-no time-runtime full-runtime heap-no heap-runtime; do run "$program" "$program"; quiet; nothing; done
run "memory, not compiled in" time-memory; says "not compiled in"; nothing
run "both, not compiled in" time-both; says "not compiled in"; profiled
run "memory, without the hooks" full-memory; says "needs libthag_heap"; nothing
run "both, without the hooks" full-both; says "needs libthag_heap"; profiled
for program in heap-both heap-yes heap-empty; do
    run "$program" "$program"; quiet; files 1 '*.thag'; files 2 '*.folded'; files 1 '*-memory.folded'
    grep -q '^main [1-9][0-9]*$' "$folder"/*-memory.folded || fail "memory: $(cat "$folder"/*-memory.folded)"
done
run heap-memory heap-memory; quiet; files 1 '*.thag'; files 1 '*.folded'; files 1 '*-memory.folded'
run heap-time heap-time; quiet; files 0 '*-memory.folded'

# The setting is for mode runtime alone.
export THAG_PROFILER='none'
run "setting and mode time" time-time; profiled
export THAG_PROFILER='time'
run "setting and mode no" time-no; nothing

# Fields.
for setting in time Time ' time ' 'time,,,' 'time,,none' 'TIME , , NONE , false'; do
    export THAG_PROFILER=$setting
    run "setting '$setting'" time-runtime; quiet; profiled; files 0 'tmp/*'
done
THAG_PROFILER='none'; run "none" time-runtime; quiet; nothing
THAG_PROFILER=''; run "empty" time-runtime; quiet; nothing
THAG_PROFILER=time,deep/er; run "relative folder, made" time-runtime; profiled deep/er/
THAG_PROFILER=time,deep; run "chdir changes nothing" time-runtime /; profiled deep/
THAG_PROFILER=time,$work/absolute; run "absolute folder" time-runtime; nothing
[ "$(find "$work/absolute" -name '*.thag' -o -name '*.folded' | wc -l)" -eq 2 ] || fail "absolute folder"
THAG_PROFILER=time,,quiet; run "log, quiet" time-runtime; quiet; profiled
files 1 'tmp/thag_profiler/time-runtime-*-debug.log'
THAG_PROFILER=time,,Announce; run "log, announced" time-runtime; says debug.log; profiled
files 1 'tmp/thag_profiler/time-runtime-*-debug.log'
THAG_PROFILER='both,out,quiet,true'; run "all four fields" heap-runtime; quiet; files 1 'out/*.thag'; files 2 'out/*.folded'
unset THAG_PROFILER
THAG_PROFILE='time'; export THAG_PROFILE; run "the alias" time-runtime; profiled
unset THAG_PROFILE

# Bad settings: one line, and the program runs unprofiled.
export THAG_PROFILER
for setting in invalid invalid,.. tim ,x time,,loud time,,quiet,true time,,,maybe time,,,,more; do
    THAG_PROFILER=$setting
    run "bad setting '$setting'" time-runtime; says "thag_profiler: THAG_PROFILER"; nothing
done
unset THAG_PROFILER
for variable in THAG_CLOCK=sundial THAG_SAMPLE=0 THAG_SAMPLE=x THAG_TIMELINE_LIMIT=-1 THAG_TIMELINE_LIMIT=1X; do
    export "${variable?}"
    run "bad $variable" time-time; says "${variable%%=*}"; nothing
    unset "${variable%%=*}"
done
for variable in THAG_CLOCK=monotonic THAG_SAMPLE=16 THAG_TIMELINE_LIMIT=0 THAG_TIMELINE_LIMIT=2G; do
    export "${variable?}"
    run "$variable" time-time; quiet; profiled
    unset "${variable%%=*}"
done

# Where nothing can be written. (Root may write anywhere, so a file takes the folder's place.)
export THAG_PROFILER=time,/dev/null/x
run "impossible folder" time-runtime; says "unprofiled"; nothing
unset THAG_PROFILER

# On, off and on again, into one trace.
run "toggle" time-no toggle; quiet; profiled
grep -q '^work [0-9]*$' "$folder"/*.folded || fail "stacks: $(cat "$folder"/*.folded)"

# Two starts in one second keep both.
what="same second"
folder=$(mktemp -d -p "$work")
(cd "$folder" && for _ in 1 2 3 4 5 6; do "$work/time-time" >/dev/null & done; wait)
files 6 '*.thag'
files 6 '*.folded'

echo "settings: $failures failures"
[ "$failures" -eq 0 ]

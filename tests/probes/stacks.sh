#!/bin/bash
# stacks.sh - native stacks of allocations, with inlined calls and lines. usage: see probe_lib.sh;
# PLUGIN names the library that is closed.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
unset THAG_MEMORY THAG_SIZE_TRACKING_THRESHOLD SIZE_TRACKING_THRESHOLD LD_PRELOAD
export THAG_PROFILER=memory,,none,true

# folded [OPTION...]: of the newest trace; a start of the stack that depends on the build is cut off.
folded() { "$analyze" fold "$@" "$folder"/*.thag 2>"$work/said" | grep -v ' 0$'; }
# has 'STACK BYTES' in $stacks
has() { grep -qxF -- "$1" <<<"$stacks" || fail "no '$1' in:"$'\n'"$stacks"; }
has_not() { ! grep -qE -- "$1" <<<"$stacks" || fail "unexpected: $(grep -E -- "$1" <<<"$stacks" | head -3)"; }

known_stacks() {
    local leak
    checked
    no_loss
    stacks=$(folded --detail)
    has 'main;stacks;middle;leaf 5000'
    has 'main;stacks;leaks;inlined 336'
    has 'main;stacks;variable;leaf 200'
    has 'main;stacks;aligned;leaf 200'
    has 'main;stacks;recursive;recursive;recursive;recursive;leaf 300'
    has 'main;stacks 410'
    grep -qE '^main;stacks;.*compare;leaf 8$' <<<"$stacks" || fail "qsort: $stacks"
    has_not 'unknown'

    stacks=$(folded --lines)
    leak=$(THAG_PROFILER=none "$bin/$program" line)
    grep -qE "^main;main .*;leaks \(probe_stacks.c:[0-9]+\);inlined \(probe_stacks.c:$leak\) 336$" <<<"$stacks" ||
        fail "line $leak of the leak: $stacks"
    [ "$("$analyze" leaks --lines --json "$folder"/*.thag | grep -c "inlined (probe_stacks.c:$leak)")" -ge 1 ] ||
        fail "leaks --lines"

    (cd "$folder" && "$analyze" detail ./*.thag >"$work/files") || fail "detail: exit status $?"
    [ "$(wc -l <"$work/files")" = 2 ] || fail "detail wrote $(cat "$work/files")"
    stacks=$(cat "$folder"/*-memory_detail.folded)
    has 'main;stacks;middle;leaf 5000'
    stacks=$(grep -v ' 0$' "$folder"/*-memory_detail_dealloc.folded)
    has 'main;stacks;drop 6100'
    has 'main;stacks 10' # what was resized
}

for program in probe_stacks_O0 probe_stacks_O2 probe_stacks_O2_fp; do
    run $program stacks
    [ "$status:$errors" = 0: ] || fail "exit status $status: $errors"
    known_stacks
done

# Stripped: without a debug file there are the names of what is exported, and addresses.
mkdir -p "$work/bin"
objcopy --only-keep-debug "$bin/probe_stacks_O2" "$work/stripped.debug"
objcopy --strip-all "$bin/probe_stacks_O2" "$work/bin/probe_stripped"
real_bin=$bin bin=$work/bin
run probe_stripped stacks
bin=$real_bin
stacks=$(folded --detail)
[ "$(grep -c 'probe_stripped+0x' <<<"$stacks")" -ge 5 ] || fail "stripped: $stacks"
has_not 'leaf'
mkdir -p "$work/debug"
objcopy --add-gnu-debuglink="$work/stripped.debug" "$work/bin/probe_stripped" "$work/bin/linked"
cp "$work/stripped.debug" "$work/debug"
bin=$work/bin run linked stacks
bin=$real_bin
stacks=$(folded --detail --debug-dir="$work/debug")
has 'main;stacks;middle;leaf 5000'

# A program that was built anew since is not asked.
cp "$bin/probe_stacks_O0" "$work/bin/changed"
bin=$work/bin run changed stacks
bin=$real_bin
cp "$bin/probe_stacks_O2" "$work/bin/changed"
stacks=$(folded --detail)
grep -q 'changed: changed since the run: its build-id is' "$work/said" || fail "said: $(cat "$work/said")"
has_not 'leaf'

# Only spans that ask for it.
export THAG_PROFILER=memory
run probe_stacks_O2 spans
stacks=$(folded --detail)
has 'main;detailed_span;middle;leaf 32'
has 'main;detailed_span;plain_span;middle;leaf 64'
has 'main;detailed_span;part;leaf 16'
has 'main;plain_span;leaf 64' # the nearest call, which is known always
has_not '^main;plain_span;middle'

# All of them, and yet no further than the span.
export THAG_PROFILER=memory,,none,true
run probe_stacks_O2 spans
stacks=$(folded --detail)
has 'main;plain_span;middle;leaf 64'
has 'main;detailed_span;middle;leaf 32'
[ "$("$analyze" stats --memory --csv "$folder"/*.thag | grep -c '^"plain_span",')" = 1 ] || fail "stats by span"

# Libraries that were closed have their names all the same, and count as one after the other.
run probe_stacks_O2 closed "$PLUGIN"
stacks=$(folded --lines)
grep -qE '^main;main .*plugin_alloc \(stacks_plugin.c:[0-9]+\);inside \(stacks_plugin.c:[0-9]+\) 140$' <<<"$stacks" ||
    fail "closed: $stacks"

"$analyze" info "$folder"/*.thag >"$work/info" || fail "info: exit status $?"
for module in probe_stacks_O2 stacks_plugin libc.so; do
    grep -qE "^ +[0-9a-f]+-[0-9a-f]+ +[0-9a-f]{16,} +/.*$module" "$work/info" || fail "info: no $module in $(cat "$work/info")"
done

done_testing

#!/bin/bash
# functions.sh - programs compiled with -finstrument-functions: linked with libthag_functions.a, with the shared
# one, or with neither, which is preloaded then. Environment: FUNCTIONS_LIBRARY.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
export THAG_PROFILER=time

# Paths and their calls, by the names that thag-analyze finds.
named() { # FILE
    "$analyze" fold -o - "$1" | sed 's/ [0-9]*$//' >"$work/paths" || fail "fold"
    stats_table "$1"
}
path() { grep -qxF -- "$1" "$work/paths" || fail "no path '$1' in:"$'\n'"$(head -30 "$work/paths")"; }
no_path() { ! grep -qE -- "$1" "$work/paths" || fail "unexpected path: $(grep -E -- "$1" "$work/paths" | head -3)"; }
count() { [ "$(stats "$1" calls)" = "$2" ] || fail "$1: $(stats "$1" calls) calls, expected $2"; }

functions() {
    succeeded "$@"
    traces 2 # and that of the child
    checked "$(first_trace)"
    [ "$(loss ABANDONED)" = 20 ] || fail "20 spans are left by longjmp, it says $(loss ABANDONED)"
    named "$(first_trace)"
    count main 1
    count twice 1110 # of these in the thread 100
    count fib 177
    count jump 20
    count on_stack 10
    count in_child 1
    path "main;jump;jump;jump;jump"
    path "main;on_stack;twice"
    path "worker;twice"
    no_path 'on_stack;.*on_stack|worker;worker|quiet|\+0x'
}

for program in probe_functions probe_functions_O0 probe_functions_shared; do
    functions $program "$bin/libplugin_red_functions.so" "$bin/libplugin_blue_functions.so"
    count run_plugin 100
    for plugin in red blue; do
        path "main;run_plugin;plugin_run;${plugin}_work"
        count ${plugin}_work 150
    done
    count plugin_run 100
done

# The child has a trace of its own, which goes on where it was begun.
named "$(find "$folder" -name '*.thag' ! -path "$(first_trace)")"
path "main;in_child;fib;fib"
count fib 15

# Without a word of the profiler in it; and off, when nobody asks for it.
if ! limited functions.preloaded; then
    LD_PRELOAD=$FUNCTIONS_LIBRARY functions probe_functions_bare
    count run_plugin ""
fi
unset THAG_PROFILER
succeeded probe_functions
traces 0
done_testing

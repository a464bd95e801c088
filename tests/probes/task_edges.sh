#!/bin/bash
# task_edges.sh - fork, handlers on a stack of their own, and longjmp, in the middle of tasks.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

# The child goes on in the open span, and has tasks of its own; the parent's it does not know.
succeeded probe_task_edges forked announced
traces 2
checked "$(first_trace)"
no_loss
line "path calls=1 open=0 main;job;held"
line "path calls=3 open=0 main;job;held;leaf"
line "path calls=1 open=0 main;job"
line "path calls=1 open=0 main;idle"
rm "$(first_trace)"
checked
line "loss LOST_TASK 1"
line "path calls=0 open=1 main;job;held"
line "path calls=1 open=0 main;job;held;leaf"
line "path calls=1 open=0 main;job;held;child job"
line "path calls=1 open=0 main;job;held;child job;leaf"

# A handler stands below what it interrupted, in the task, though its stack is nobody's.
for how in "probe_task_edges handled announced:job" "probe_task_edges_hooked handled:coroutine"; do
    # shellcheck disable=SC2086 # a program and its arguments
    succeeded ${how%:*}
    checked
    no_loss
    task=${how#*:}
    while read -r name count; do
        [ "$(calls "$name")" = "$count" ] || fail "$name: $(calls "$name") calls, really $count"
    done <<<"$out"
    line "path calls=1 open=0 main;$task;work"
    line "path calls=$(sed -n 's/^leaf //p' <<<"$out") open=0 main;$task;work;leaf"
    strays=$(grep ^path <<<"$facts" | grep -vE "open=0 main(;handler|;$task(;handler|;work(;leaf)?(;handler)?)?)?\$")
    [ -z "$strays" ] || fail "$strays"
    grep -q ";work;leaf;handler" <<<"$facts" || fail "no handler interrupted a span"
done

# Spans that are jumped over end; what is open below goes on.
! limited task_edges.jumped || done_testing
succeeded probe_task_edges_hooked jumped
checked
line "loss ABANDONED 4000"
line "path calls=1 open=0 main;coroutine;jumping"
path="main;coroutine;jumping"
for _ in 1 2 3 4; do
    path="$path;down"
    line "path calls=1000 open=0 $path"
    line "path calls=1000 open=0 $path;leaf"
done
[ "$(grep -c ^path <<<"$facts")" -eq 11 ] || fail "paths that nobody took: $(grep ^path <<<"$facts")"
done_testing

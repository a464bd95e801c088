#!/bin/bash
# fork.sh - every process has a trace of its own, the parent's is not harmed, spans are inherited.
. "$(dirname "$0")/probe_lib.sh"

# is_line N TEXT: so many traces of $facts have that line
is_line() {
    local found
    found=$(grep -cxF -- "$2" <<<"$facts")
    [ "$found" -eq "$1" ] || fail "$found times '$2', expected $1"
}
# The trace of the first process.
parent_trace() { ls "$folder"/*.thag | grep -E -- '-[0-9]{8}-[0-9]{6}\.thag$'; }

succeeded probe_fork storm
traces 301
checked
is_line 300 "traced 1" || true
is_line 300 "path calls=2 open=0 main;fork_one;child_work"
is_line 300 "path calls=0 open=1 main;fork_one"
is_line 101 "ended 1"
is_line 200 "ended 0"
no_loss
checked "$(parent_trace)"
line "path calls=300 open=0 main;fork_one"
line "path calls=$out open=0 worker;round;step"
line "path calls=$out open=0 worker;round"
line "path calls=3 open=0 worker"
line "path calls=1 open=0 main"
no_line child_work

succeeded probe_fork thread
traces 61
checked
is_line 60 "path calls=2 open=0 forker;child_work"
is_line 60 "path calls=0 open=1 forker"
no_loss
checked "$(parent_trace)"
line "path calls=$out open=0 worker;round;step"
line "path calls=1 open=0 forker"
no_line child_work

succeeded probe_fork generations
traces 3
checked
no_loss
is_line 2 "path calls=1 open=0 main;fork_inside"            # parent, and child: as a child
is_line 2 "path calls=1 open=0 main;fork_inside;before"
line "path calls=2 open=0 main;fork_inside" || true
done_testing

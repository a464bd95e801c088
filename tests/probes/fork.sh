#!/bin/bash
# fork.sh - every process has a trace of its own, the parent's is not harmed, spans are inherited.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

# is_line N TEXT: so many traces of $facts have that line
is_line() {
    local found
    found=$(grep -cxF -- "$2" <<<"$facts")
    [ "$found" -eq "$1" ] || fail "$found times '$2', expected $1"
}

succeeded probe_fork storm
traces 301
checked
is_line 300 "path calls=2 open=0 main;fork_one;child_work"
is_line 300 "path calls=0 open=1 main;fork_one"
is_line 101 "ended 1"
is_line 200 "ended 0"
no_loss
checked "$(first_trace)"
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
checked "$(first_trace)"
line "path calls=$out open=0 worker;round;step"
line "path calls=1 open=0 forker"
no_line child_work

# Parent, child and grandchild each go on in, and end, what was open at their fork.
succeeded probe_fork generations
traces 3
checked
no_loss
is_line 2 "path calls=1 open=0 main;fork_inside"
is_line 1 "path calls=2 open=0 main;fork_inside"
is_line 2 "path calls=1 open=0 main;fork_inside;before"
is_line 1 "path calls=2 open=0 main;fork_inside;before"
is_line 2 "path calls=1 open=0 main;fork_inside;before;child_work"
is_line 1 "path calls=1 open=0 main;grandchild_work"
is_line 2 "path calls=0 open=1 main"
is_line 1 "path calls=1 open=0 main"

# vfork, posix_spawn, system, popen: nothing but the parent's own spans.
succeeded probe_fork spawn
traces 1
checked
no_loss
line "path calls=1 open=0 main;spawn_ways"
line "path calls=50 open=0 main;spawn_ways;step"
line "path calls=1 open=0 main"

# _Fork and clone, which run no fork handlers: 20 traces of 1 call, and none of an earlier fork's spans.
succeeded probe_fork raw
traces 22
checked
no_loss
is_line 20 "path calls=1 open=0 child_work"
is_line 1 "path calls=0 open=1 main;deeper;fork_one"
is_line 1 "path calls=2 open=0 main;deeper;fork_one;child_work"
checked "$(first_trace)"
line "path calls=$out open=0 worker;round;step"
line "path calls=1 open=0 main;deeper;fork_one"

# A program that executes itself five times.
succeeded probe_fork chain 5
traces 6
checked
no_loss
is_line 6 "path calls=1 open=0 main;step"
is_line 5 "path calls=0 open=1 main"
is_line 1 "path calls=1 open=0 main"
is_line 1 "ended 1"
done_testing

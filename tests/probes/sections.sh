#!/bin/bash
# sections.sh - sections used rightly and wrongly, deep recursion, longjmp.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

succeeded probe_sections nested
checked
no_loss
line "path calls=10 open=0 main;outer"
line "path calls=20 open=0 main;outer;inner"
line "path calls=10 open=0 main;outer;inner;step"
line "path calls=10 open=0 main;outer;outer;step"

succeeded probe_sections unbounded
checked
no_loss
line "path calls=10 open=0 main;unbounded_function;scope"
line "path calls=15 open=0 main;unbounded_function;scope;step"
line "path calls=5 open=0 main;unbounded_function;scope;block;step"

succeeded probe_sections dynamic
checked
for i in 0 1 2 3; do line "path calls=25 open=0 main;shard $i;step"; done
line "path calls=1 open=0 main;first name"
line "path calls=1 open=0 main;first name;second name"
line "name calls=3 open=0 $(printf 'x%.0s' $(seq 4096))"
line "loss NAME_CUT 1"
no_line "loss [A-M]"
no_line "loss S"

succeeded probe_sections muted
checked
no_loss
line "path calls=100 open=0 main;heard"
line "path calls=100 open=0 main;heard;step"
no_line "muted"

succeeded probe_sections paused
checked "$(first_trace)"
no_loss
line "path calls=10 open=0 main;with_pause"
line "path calls=10 open=0 main;with_pause;around"
line "path calls=20 open=0 main;with_pause;around;step"
line "path calls=10 open=0 main;with_pause;step"
line "path calls=10 open=0 step"
no_line "unbounded"
child=$(find "$folder" -name '*-[0-9]*-[0-9]*-[0-9]*.thag')
checked "$child"
no_loss
no_line "with_pause"

# said WORDS...: the first of that misuse stands in the trace, with its places.
said() { "$analyze" info "$folder"/*.thag | grep -qE "$1" || fail "info does not say $1: $("$analyze" info "$folder"/*.thag | tail -4)"; }

succeeded probe_sections crossed
checked
said 'section "a" \(.*probe_sections.c:[0-9]+\) ended before "b" \(.*probe_sections.c:[0-9]+\)'
line "path calls=10 open=0 main;crossed_function;a"
line "path calls=10 open=0 main;crossed_function;a;b"
line "path calls=10 open=0 main;crossed_function;a;step"
line "path calls=20 open=0 main;crossed_function;a;b;step"
line "path calls=10 open=0 main;crossed_function;step"
line "path calls=10 open=0 main;crossed_function"
line "loss CROSSED_END 10"
no_line "loss [ABLMNST]"

succeeded probe_sections missing
checked
said 'section "never ended" \(.*probe_sections.c:[0-9]+\) was never ended'
line "path calls=10 open=0 main;missing_function;never ended"
line "path calls=10 open=0 main;missing_function"
line "path calls=50 open=0 main;missing_in_loop;loop"
line "path calls=50 open=0 main;missing_in_loop;loop;step"
line "path calls=1 open=0 main;step"
line "loss MISSING_END 60"
no_line "loss [ABCLNST]"

succeeded probe_sections stray
checked
said 'end of section ".*" inside ".*" \(.*\), where it is not open'
line "path calls=10 open=0 main;of the caller"
line "path calls=10 open=0 main;of the caller;inner_end"
line "path calls=10 open=0 main;of the caller;inner_end;step"
line "path calls=10 open=0 main;step"
line "loss STRAY_END 10"
line "loss CROSSED_END 10"
no_line "loss [ABLMNT]"

if ! limited sections.deep; then
    succeeded probe_sections deep
    checked
    no_loss
    line "name calls=200000 open=0 recurse"
    line "path calls=199872 open=0 (deep)"
    line "depth 100000"
fi

succeeded probe_sections jumps
checked
line "name calls=20000 open=0 down"
line "path calls=1000 open=0 main;jump_once"
line "path calls=1000 open=0 main;jump_once;down;down;down;down;down;down;down;down;down;down"
line "path calls=1000 open=0 main;jump_once;after"
line "path calls=1000 open=0 main;jump_and_leave"
line "path calls=1000 open=0 main;jump_sections;kept;down_section;left"
line "path calls=1000 open=0 main;jump_sections;kept"
line "path calls=1000 open=0 main;jump_sections;after"
line "path calls=1 open=0 main;step"
line "depth 12"
line "loss ABANDONED 21000"
line "loss MISSING_END 1000"
no_line "loss [BCLNST]"
# 250 jumps out of the work, 250 from below it: no path gets longer by them.
succeeded probe_sections retry
checked
line "depth 4"
line "path calls=1000 open=0 main;retry;work"
line "path calls=750 open=0 main;retry;work;give_up"
line "loss ABANDONED 750"
no_line "loss [BCLMNST]"

succeeded probe_sections wrapped
checked
line "path calls=100 open=0 main;outer"
line "path calls=100 open=0 main;outer;inner"
line "path calls=200 open=0 main;outer;step"
line "path calls=100 open=0 main;outer;inner;step"
no_loss
done_testing

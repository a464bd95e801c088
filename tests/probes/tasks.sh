#!/bin/bash
# tasks.sh - tasks on several threads: every span belongs to the task that it ran in.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

tasks() { "$analyze" tasks --csv "$folder"/*.thag | tr -d '\r' >"$work/tasks.csv"; }
# task COLUMN FILTER: values of a column where the name is FILTER, one a line
task() {
    awk -F, -v name="\"$2\"" -v column="$1" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
        NR > 1 && $2 == name { print $at }' "$work/tasks.csv"
}

# 80 tasks, 8 of each kind, 100 rounds: nothing of one kind in another.
for threads in 1 2 4; do
    succeeded probe_tasks coroutines $threads 80 100
    checked
    no_loss
    for k in 0 1 2 3 4 5 6 7; do
        line "path calls=10 open=0 main;job $k"
        line "path calls=10 open=0 main;job $k;work $k"
        line "path calls=1000 open=0 main;job $k;work $k;step"
    done
    line "path calls=$threads open=0 worker"
    [ "$(grep -c '^path' <<<"$facts")" -eq 26 ] || fail "paths that nobody took: $(grep ^path <<<"$facts" | head -30)"
    tasks
    [ "$(task resumes 'async::job 3' | sort -u)" = 101 ] || fail "resumes: $(task resumes 'async::job 3' | sort -u)"
    [ "$(task open 'async::job 5' | sort -u)" = 0 ] || fail "open"
done

# The control: it must come out wrong, or the test above would prove nothing.
succeeded probe_tasks unannounced 2 80 100
facts=$("$bin/trace_check" "$folder"/*.thag 2>/dev/null)
wrong=$(grep '^path' <<<"$facts" | grep -cvE 'worker;work ([0-7])(;step)?$|=1 open=0 main$|worker$')
[ "$wrong" -gt 0 ] || fail "without tasks every span was right: the test sees nothing"

# The same unannounced, with the hooks of libc: coroutines have a task without being told.
if ! limited tasks.unannounced; then
    for how in unannounced jumps; do
        for threads in 1 2 4; do
            succeeded probe_tasks_hooked $how $threads 80 100
            checked
            no_loss
            for k in 0 1 2 3 4 5 6 7; do line "path calls=1000 open=0 main;coroutine;work $k;step"; done
            line "path calls=$threads open=0 worker"
            [ "$(grep -c '^path' <<<"$facts")" -eq 19 ] || fail "paths: $(grep ^path <<<"$facts" | head -30)"
        done
    done
fi

# Killed wherever its threads are: what the trace says holds together, and no span is where it does not belong.
for steps in 1 300 5000 50000 300000; do
    run probe_tasks killed 3 2000 2000 $steps
    [ "$status" -eq 137 ] || fail "exit status $status: $errors"
    traces 1
    checked
    no_line 'path.*work.*work'
    mixed=$(grep -oE 'job [0-7];work [0-7]' <<<"$facts" | awk '$2 + 0 != $3 + 0')
    [ -z "$mixed" ] || fail "$mixed"
    tasks
done

succeeded probe_tasks callbacks
checked
no_loss
line "path calls=50 open=0 main;callbacks;connection;held"
line "path calls=500 open=0 main;callbacks;connection;held;step"

succeeded probe_tasks nested
checked
no_loss
[ -z "$out" ] || fail "$out"
line "path calls=2 open=0 main;outer;step"
line "path calls=1 open=0 main;inner;step"
line "path calls=1 open=0 main;step"

succeeded probe_tasks switched
checked
no_loss
[ -z "$out" ] || fail "$out"
line "path calls=50 open=0 main;a;step"
line "path calls=50 open=0 main;b;step"
line "path calls=1 open=0 main;step"

succeeded probe_tasks reused
checked
no_loss
[ -z "$out" ] || fail "$out"
line "name calls=20 open=0 step"
tasks
[ "$(tail -n +2 "$work/tasks.csv" | wc -l)" -eq 21 ] || fail "tasks: $(cat "$work/tasks.csv")"

succeeded probe_tasks rearmed 10000
checked
no_loss
line "path calls=10001 open=0 main;timer"
line "path calls=10000 open=0 main;timer;step"
line "depth 3"

# Of the size that docs/async.md says, and that is all resident memory.
if ! limited tasks.idle; then
    succeeded probe_tasks idle 100000
    [ "$out" -gt 128 ] && [ "$out" -le 264 ] || fail "$out bytes each"
fi

succeeded probe_tasks continued
checked
no_loss
[ -z "$out" ] || fail "$out"
line "path calls=300 open=0 main;submit;on_event"
line "path calls=300 open=0 main;submit;on_event;step"
line "path calls=100 open=0 on_event;step"
line "path calls=1 open=0 continuer"
line "path calls=1000 open=0 main;submit;on_timer"
line "path calls=1000 open=0 main;submit;on_timer;step"

succeeded probe_tasks stackless
checked
no_loss
line "path calls=101 open=0 main;stackless;machine"
line "path calls=501 open=0 main;stackless;machine;step"

succeeded probe_tasks twice
checked
line "loss TASK_TWICE 1"
line "loss TASK_BUSY 1"
line "path calls=1 open=0 main;wanted;step"
line "path calls=1 open=0 step"
"$analyze" info "$folder"/*.thag | grep -q "entered at .*probe_tasks.c:.*was running already on thread .*probe_tasks.c:" ||
    fail "no places: $("$analyze" info "$folder"/*.thag | tail)"

succeeded probe_tasks gone
checked
[ -z "$out" ] || fail "$out"
line "loss TASK_GONE 4"
line "path calls=1 open=0 main;step"
"$analyze" info "$folder"/*.thag | grep -q "ended at .*probe_tasks.c:.* had ended at .*probe_tasks.c:" || fail "no places"

# gcc only: clang does not compile it, and there is no such case.
succeeded probe_tasks awaited
checked
if [ "$(calls awaited)" = 1 ] && ! limited tasks.awaited; then
    line "loss STRAY_END 1"
    "$analyze" info "$folder"/*.thag |
        grep -q '"around an await" (.*probe_tasks.c:.*) ended inside "awaited" (.*probe_tasks.c:.*where it is not open' ||
        fail "no places: $("$analyze" info "$folder"/*.thag | tail -3)"
fi

succeeded probe_tasks suspended
checked
line "path calls=0 open=1 main;never run"
line "path calls=0 open=1 main;in a span;held"
line "path calls=1 open=0 main;in a span;held;step"
line "path calls=1 open=0 main;given up;held;held"
line "name calls=2 open=501 held"
line "loss MISSING_END 2"
tasks
[ "$(task open 'async::deep')" = 500 ] || fail "deep: $(task open 'async::deep')"
[ "$(task state 'async::never run')" = '"suspended"' ] || fail "state: $(cat "$work/tasks.csv")"

succeeded probe_tasks times
checked
tasks
active=$(task active_ns async::timed) wait=$(task wait_ns async::timed)
wall=$(task wall_ns async::timed) ready=$(task ready_ns async::timed)
near "active and wait" "$((active + wait))" "$wall" 0.01
stats_table
# What comes between their ends and the switches may take as long as the system pleases.
[ "$(stats spin inclusive_ns)" -ge 30000000 ] && [ "$(stats spin inclusive_ns)" -le "$active" ] ||
    fail "spin: $(stats spin inclusive_ns) of $active"
[ "$(stats meanwhile inclusive_ns)" -ge 40000000 ] && [ "$(stats meanwhile inclusive_ns)" -le "$wait" ] ||
    fail "meanwhile: $(stats meanwhile inclusive_ns) of $wait"
[ "$active" -ge 30000000 ] && [ "$wait" -ge 40000000 ] && [ "$ready" -ge 5000000 ] &&
    [ "$ready" -le $((wait - 30000000)) ] || fail "active $active, wait $wait, ready $ready"

if [ -x "$bin/probe_tasks_heap" ]; then
    succeeded probe_tasks_heap allocate 2 60 4
    checked
    no_loss
    tasks
    for k in 0 7; do
        [ "$(task bytes "async::job $k" | sort | uniq -c | awk '{ print $2 }')" = 800 ] || fail "bytes: $(task bytes "async::job $k")"
        [ "$(task blocks "async::job $k" | sort -u)" = 100 ] || fail "blocks: $(task blocks "async::job $k")"
    done
    "$analyze" stats --memory --csv "$folder"/*.thag >"$work/stats.csv"
    [ "$(stats allocate bytes)" = $((60 * 800)) ] || fail "allocate: $(stats allocate bytes)"
fi

done_testing

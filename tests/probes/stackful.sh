#!/bin/bash
# stackful.sh - coroutines of libraries that nobody announces: the stack tells whose spans and bytes they are.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

# checked, but for times if there are several threads: when one has left a coroutine is known only from its
# next event, and meanwhile another may run that coroutine. What both count then, overlaps.
checked_with() {
    [ "$1" -gt 1 ] || { checked; return; }
    facts=$("$bin/trace_check" "$folder"/*.thag 2>"$work/contradictions")
    ! grep -vE '^self times add up|, but it lived|: [0-9]+ contradictions$' "$work/contradictions" ||
        fail "trace_check: $(head -5 "$work/contradictions")"
}

# exact THREADS TASKS ROUNDS: every span and every byte is in its own coroutine.
exact() {
    local threads=$1 tasks=$2 rounds=$3 k path
    checked_with "$threads"
    no_loss
    for k in 0 1 2 3 4 5 6 7; do
        for path in "work $k calls=$((tasks / 8))" "work $k;step calls=$((tasks / 8 * rounds))"; do
            grep -qE "^path calls=${path##*=} open=0 (main|worker);coroutine;${path% calls*}\$" <<<"$facts" ||
                fail "expected ${path##*=} of '${path% calls*}', got: $(grep -F "${path% calls*}" <<<"$facts" | head -3)"
        done
    done
    [ "$(grep -c ';work' <<<"$facts")" -eq 16 ] || fail "paths that nobody took: $(grep ';work' <<<"$facts" | head)"
    "$analyze" stats --memory --csv "$folder"/*.thag >"$work/stats.csv"
    [ "$(stats step bytes)" = $((tasks * rounds * 8)) ] || fail "bytes of step: $(stats step bytes)"
    "$analyze" tasks --csv "$folder"/*.thag >"$work/tasks.csv"
    [ "$(wc -l <"$work/tasks.csv")" -gt "$tasks" ] || fail "$(wc -l <"$work/tasks.csv") tasks"
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR > 1 { d = $at["active_ns"] + $at["wait_ns"] - $at["wall_ns"]
                 if (d * d > 1e-6 * $at["wall_ns"] * $at["wall_ns"] + 100) bad++ }
        END { exit bad > 0 }' "$work/tasks.csv" || fail "active and waiting time are not the wall time"
}

found=0
for library in boost st pth openssl minicoro; do
    [ -x "$bin/probe_stackful_$library" ] || continue
    found=1
    threads="1"
    case $library in boost | minicoro) threads="1 2 4" ;; esac # the others stay on one
    for n in $threads; do
        LD_PRELOAD=$ASYNC_LIBRARY succeeded probe_stackful_$library "$n" 80 100
        exact "$n" 80 100
    done
done
[ $found = 1 ] || exit 77

# Announced by a header: no stack is looked at, no time counts twice, and tasks are named by their function.
for library in minicoro aco; do
    [ -x "$bin/probe_stackful_${library}_announced" ] || continue
    threads="1"
    [ $library = minicoro ] && threads="1 2 4"
    for n in $threads; do
        succeeded probe_stackful_${library}_announced "$n" 80 100
        exact "$n" 80 100
        checked
        [ "$(grep -c '"async::coroutine",' "$work/tasks.csv")" -eq 80 ] || fail "not 80 tasks: $(cut -d, -f2 "$work/tasks.csv" | sort | uniq -c)"
    done
done
if [ -x "$bin/probe_stackful_boost" ]; then
    LD_PRELOAD=$ASYNC_LIBRARY succeeded probe_stackful_boost 2 800 200
    exact 2 800 200

    # Nobody watches: that is said, with a span of each stack, and from then on it is watched.
    succeeded probe_stackful_boost 1 80 100 turn
    checked
    [ "$(loss STACK_SWITCHED)" = 1 ] || fail "not said: $(grep ^loss <<<"$facts")"
    "$analyze" info "$folder"/*.thag | grep -q 'begun on another stack .*libthag_async' || fail "no places"
fi

done_testing

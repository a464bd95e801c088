#!/bin/bash
# counts.sh - calls that can be counted by hand. usage: see probe_lib.sh
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

counts() {
    succeeded "$1" counts
    traces 1
    checked
    no_loss
    line "ended 1"
    line "threads 1"
    line "name calls=242785 open=0 fib"
    line "path calls=5000 open=0 main;empty"
    line "path calls=1 open=0 main"
    line "path calls=3 open=0 main;even"
    line "path calls=3 open=0 main;even;odd;even;odd;even;odd;even;odd;even;odd"
    line "name calls=15 open=0 even"
    line "name calls=15 open=0 odd"
    line "depth 26"
}

counts probe_counts
counts probe_counts_shared
export THAG_CLOCK=monotonic
counts probe_counts
unset THAG_CLOCK

# Sampled: counts stay exact, the timeline knows what it lacks.
export THAG_SAMPLE=16
run probe_counts counts
checked
line "name calls=242785 open=0 fib"
line "path calls=5000 open=0 main;empty"
unset THAG_SAMPLE

# Without a timeline: counted, and named as a loss.
export THAG_TIMELINE_LIMIT=0
run probe_counts counts
checked
line "name calls=242785 open=0 fib"
line "loss TIMELINE_LIMIT $((242785 + 5000 + 30 + 1))"
unset THAG_TIMELINE_LIMIT
done_testing

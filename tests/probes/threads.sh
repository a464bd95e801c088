#!/bin/bash
# threads.sh - threads of any number and life. PROBE_THREADS: how many short ones, 2,000 if unset.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
export THAG_PROFILER=time

run probe_threads exit
[ "$status" -eq 5 ] || fail "exit status $status: $errors"
[ -z "$errors" ] || fail "said: $errors"
checked
no_loss
line "ended 1"
line "threads 201"
line "name calls=0 open=200 endless"
[ "$(calls step)" -ge 400 ] || fail "steps: $(calls step)"

succeeded probe_threads rounds
checked
no_loss
line "threads 801"
line "path calls=80000 open=0 hundred;step"
line "path calls=800 open=0 hundred"
[ "$(fact slots)" -le 17 ] || fail "$(fact slots) slots"

short=${PROBE_THREADS-2000}
succeeded probe_threads short "$short"
checked
no_loss
line "threads $((short + 1))"
line "path calls=$((2 * short)) open=0 short_thread;step"
[ "$(fact slots)" -le 5 ] || fail "$(fact slots) slots"
[ "$(stat -c %s "$folder"/*.thag)" -le $((1500000 + 200 * short)) ] || fail "size of the trace"

succeeded probe_threads detached
checked
no_loss
line "threads 501"
line "path calls=1000 open=0 short_thread;step"

# Left by pthread_exit and by cancellation: every span counted, as ended where -fexceptions lets the
# macros see it, else as abandoned.
if [ -x "$bin/probe_threads_unwound" ]; then
    succeeded probe_threads_unwound exits
    checked
    line "path calls=40 open=0 leaver"
    line "path calls=40 open=0 leaver;leave;leaving;leave;leaving;leave"
    line "name calls=120 open=0 leaving"
    line "loss MISSING_END 120"
    no_line "ABANDONED"
    succeeded probe_threads_unwound cancels
    checked
    line "path calls=40 open=0 canceled;wait_for_ever"
    no_loss
else
    echo "skipped: -fexceptions: the probe was not built with it (another libc than glibc)"
fi
succeeded probe_threads_plain exits
checked
line "path calls=40 open=0 leaver"
line "path calls=40 open=0 leaver;leave;leaving;leave;leaving;leave"
line "name calls=120 open=0 leaving"
line "loss MISSING_END 120"
line "loss ABANDONED 160"
succeeded probe_threads_plain cancels
checked
line "path calls=40 open=0 canceled;wait_for_ever"
line "path calls=1 open=0 main;step"
line "loss ABANDONED 80"

# Two rounds of the late key's destructor, one of the early one's.
succeeded probe_threads destructors
[ "$out" = 300 ] || fail "$out destructors"
checked
no_loss
line "path calls=300 open=0 in_destructor;step"
line "path calls=100 open=0 step"
[ "$(fact slots)" -le 3 ] || fail "$(fact slots) slots"

# Resident memory: 4 MiB + 128 KiB a living thread, at most.
if ! limited threads.resident; then
    for threads in 1 32; do
        succeeded probe_threads resident "$threads"
        on=$out
        THAG_PROFILER=none succeeded probe_threads resident "$threads"
        echo "resident KiB with $threads threads: $on profiled, $out not"
        [ $((on - out)) -le $((4096 + 128 * (threads + 1))) ] || fail "resident: $on KiB, unprofiled $out"
    done
fi
done_testing

# shellcheck shell=bash
# What is sent to thag-run alone, the program gets; when it stops, thag-run stops.
. "$CASES/run_lib.bash"
cat >prog <<'S'
#!/bin/bash
trap 'echo usr1' USR1
trap 'echo term; exit 42' TERM
echo ready
while :; do sleep 0.02; done
S
chmod +x prog
# await PATTERN FILE
await() { for _ in {1..6000}; do grep -q "$1" "$2" 2>/dev/null && return; sleep 0.01; done; echo "no $1"; }

thag-run ./prog >out 2>/dev/null &
run=$!
await ready out
child=$(cat /proc/$run/task/$run/children)
kill -USR1 $run; await usr1 out
kill -STOP $child; await 'State:.T' /proc/$run/status && echo "stopped together"
kill -CONT $run; await 'State:.[SR]' "/proc/${child% }/status" && echo "go on together"
kill -TERM $run
wait $run
echo "status $?"
cat out

exec 2>/dev/null # what bash says of that
# Killed outright, it takes the program along.
thag-run ./prog >out2 2>/dev/null &
run=$!
await ready out2
child=$(cat /proc/$run/task/$run/children)
kill -KILL $run
wait $run 2>/dev/null
for _ in {1..6000}; do grep -qs 'State:.[^Z]' "/proc/${child% }/status" || break; sleep 0.01; done
grep -s 'State:.[^Z]' "/proc/${child% }/status"
true

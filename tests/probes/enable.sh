#!/bin/bash
# enable.sh - switched on and off and on again: one trace, to which is added.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

run probe_enable sequence
[ "$status" -eq 0 ] || fail "exit status $status"
[ "$out" = 1050 ] || fail "output: $out"
# memory is not compiled in; invalid; detail without memory: one line each.
[ "$(wc -l <<<"$errors")" -eq 3 ] || fail "said: $errors"
traces 1
checked
no_loss
line "name calls=1050 open=0 step"
line "mode 1"
line "ended 1"

succeeded probe_enable within
checked
# An end that comes while nothing is recorded still ends what was begun before.
line "name calls=20 open=0 step"
line "name calls=10 open=0 inside"
line "name calls=20 open=0 section"
no_line "loss [ABCLNST]"

succeeded probe_enable from_thread
checked
no_loss
traces 1
# Of 200 x 20 at most 4 are of before, in each thread one.
[ "$(calls step)" -ge $((200 * 16)) ] || fail "steps: $(calls step)"

succeeded probe_enable at_once
checked
no_loss
traces 1
line "path calls=1600 open=0 step"

# A program with more rights than its user: the environment is not looked at.
what="file capabilities"
folder=$(mktemp -d -p "$work")
chmod 777 "$folder"
chmod 755 "$work"
cp "$bin/probe_enable" "$folder/privileged"
export THAG_PROFILER=time
as="setpriv --reuid 65534 --regid 65534 --clear-groups"
if (cd "$folder" && $as ./privileged runtime) 2>/dev/null && [ -n "$(ls "$folder"/*.thag 2>/dev/null)" ] &&
    setcap cap_net_bind_service+ep "$folder/privileged" 2>/dev/null; then
    rm -f "$folder"/*.thag "$folder"/*.folded
    (cd "$folder" && $as ./privileged runtime) || fail "exit status"
    traces 0
else
    echo "skipped: $what cannot be set here"
fi
done_testing

#!/bin/bash
# steps.sh - signals at each instruction of a begin and an end, whose handlers jump or have spans: nothing is lost,
# nothing is counted twice. PROBE_STRIDE: every so many instructions, for each case its own if unset.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

# stepped CASE INSTRUCTIONS STRIDE: more instructions than there are; sets $rounds
stepped() {
    local stride=${PROBE_STRIDE-$3}
    rounds=$(($2 / stride))
    run probe_steps "$1" "$rounds" "$stride"
    [ "$status" -ne 77 ] || { echo "skipped: no process may be traced here"; exit 77; }
    [ "$status:$errors" = 0: ] || fail "exit status $status: $errors"
    checked
    line "name calls=1 open=0 main"
    no_line "loss (LOST|STRAY|CROSSED)"
    [ "$(grep -c '^path .*;path [0-9]*$' <<<"$facts")" -eq "$rounds" ] || fail "paths"
}

# after_jumps: those in which the signal came before all was ended are fewer than all
after_jumps() {
    line "name calls=$rounds open=0 jumping_handler"
    [ "$((10#0$(loss MISSING_END)))" -lt "$rounds" ] || fail "not stepped through to the end"
}

for times in third:3 fourth:4; do
    stepped ${times%:*} $((1100 - 200 * ${times#*:})) 5
    after_jumps
    [ "$(grep -c "^path calls=${times#*:} open=0 main;ended;path [0-9]*\$" <<<"$facts")" -eq "$rounds" ] || fail "calls of paths"
    for name in ended stepped leaf; do line "name calls=$rounds open=0 $name"; done
done

stepped begin 3200 50
after_jumps
line "name calls=$rounds open=0 begun"

stepped handler 500 5
no_loss
for name in first second_handler in_second leaf; do line "name calls=$rounds open=0 $name"; done
[ "$(grep -c '^path calls=1 open=0 main;path [0-9]*$' <<<"$facts")" -eq "$rounds" ] || fail "calls of paths"
done_testing

#!/bin/bash
# signals.sh - spans in signal handlers that interrupt spans: exact counts on both sides.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

for which in plain altstack stack_within threads nested; do
    succeeded probe_signals "$which"
    traces 1
    checked
    no_loss
    while read -r line; do
        [ "$(calls "${line% *}")" = "${line##* }" ] || fail "${line% *}: $(calls "${line% *}") calls, really ${line##* }"
        [ "$(opened "${line% *}")" = 0 ] || fail "${line% *}: open"
    done <<<"$out"
done

# Handlers that leave by siglongjmp: a leaf that was interrupted may or may not have been counted by
# the probe, and a span that was being begun may or may not be counted.
succeeded probe_signals jumping
checked
handled=$(sed -n 's/^jumping_handler //p' <<<"$out")
jumped=$(sed -n 's/^jumped //p' <<<"$out")
leaves=$(sed -n 's/^leaf //p' <<<"$out")
if [ "$sanitizers" = thread ]; then
    # It delivers signals late, and so lets handlers be left before the probe has counted them.
    got=$(calls jumping_handler)
    [ "$got" -ge "$handled" ] && [ "$got" -le $((handled + jumped)) ] || fail "handlers: $got calls, really $handled"
else
    line "name calls=$handled open=0 jumping_handler"
fi
line "name calls=1 open=0 jump_target"
line "name calls=1 open=0 main"
got=$(calls leaf)
[ "$got" -ge $((leaves + 1)) ] && [ "$got" -le $((leaves + 1 + jumped)) ] || fail "leaf: $got calls, really $leaves"
[ "$(opened leaf)" = 0 ] && [ "$(opened tight)" = 0 ] || fail "open"
no_line "loss LOST"
no_line "loss STRAY"

# The same where the timeline has no room: each span is in it, or is known to be missing.
THAG_TIMELINE_LIMIT=0 succeeded probe_signals jumping
checked
done_testing

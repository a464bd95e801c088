#!/bin/bash
# stack_names.sh - stacks that several threads name and forget at once: who named one finds its task there.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

succeeded probe_stack_names threads 1500
[ "$out" = "0 missed" ] || fail "$out"
checked
no_loss
line "threads 7"

# A child of _Fork() has no handler of fork() that would set things right for it.
succeeded probe_stack_names forks 60
[ "$out" = "0 missed" ] || fail "$out"
traces 61
checked "$(first_trace)"
no_loss
done_testing

#!/bin/bash
# limits.sh - no space, no descriptors, no memory: the host's output and status are as ever, what is
# lost is counted, what was counted stays.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

# unharmed CASE: run with `$prefix`; as without profiling, one line on stderr at most.
unharmed() {
    what="$* ($prefix)"
    folder=${disk-$(mktemp -d -p "$work")}
    rm -rf "${folder:?}"/*
    out=$(cd "$folder" && $prefix "$bin/probe_host" "$@" 2>"$work/stderr")
    status=$?
    [ "$status" -eq 0 ] || fail "exit status $status: $(cat "$work/stderr")"
    [ "$out" = "$(cd "$work" && THAG_PROFILER=none "$bin/probe_host" "$@")" ] || fail "output: $out"
    [ "$(wc -l <"$work/stderr")" -le 1 ] || fail "said: $(cat "$work/stderr")"
}
# The trace is there and says how much it lacks; every call is either counted or known to be lost.
accounted() {
    traces 1
    checked
    local lost=0 got
    for cause in LOST_MEMORY LOST_SIGNAL LOST_DEPTH LOST_SITES; do lost=$((lost + 10#0$(loss $cause))); done
    got=$(awk '/^name/ { sub("calls=", "", $2); sum += $2 } END { print sum }' <<<"$facts")
    [ $((got + lost)) -eq "$1" ] || fail "$got calls counted, $lost lost, but there were $1"
    "$analyze" info "$folder"/*.thag >"$work/info" || fail "info"
}
shown() { grep -qE "$1" "$work/info" || fail "info does not say '$1': $(cat "$work/info")"; }
export THAG_PROFILER=time

prefix="prlimit --fsize=1000000"
unharmed long_run
accounted 200001
[ $((10#0$(loss TIMELINE_WRITE) + 10#0$(loss TIMELINE_LIMIT))) -gt 0 ] || fail "no loss"
shown "not in the timeline"
[ "$(calls step)" -eq 200000 ] || fail "steps: $(calls step)"
unharmed many
accounted $((200 * 1001 + 1))

prefix="prlimit --fsize=500000"
unharmed crowd
accounted $((40 * 1000 + 100000 + 1))
[ $((10#0$(loss LOST_MEMORY))) -gt 0 ] || fail "no calls lost"
shown "calls lost"

prefix="prlimit --fsize=300000"
unharmed many
prefix="prlimit --fsize=70000"
unharmed many
prefix="prlimit --fsize=1000"
unharmed many
traces 0

prefix=
unharmed limit_files
accounted 100001
no_loss
prefix="prlimit --nofile=20"
unharmed many
accounted $((200 * 1001 + 1))
no_loss

if ! limited limits.memory; then
    prefix=
    unharmed limit_memory
    accounted $((10 + 300 * 1001 + 1))
    [ $((10#0$(loss LOST_MEMORY))) -gt 0 ] || fail "no calls lost"
    shown "calls lost"
    for kib in 3000 4000 6000 8000; do
        prefix="prlimit --as=$((kib * 1024))"
        $prefix "$bin/probe_host" fail >/dev/null 2>&1
        [ $? -eq 41 ] && unharmed many
    done
fi

# A full disk.
disk=$work/disk
mkdir "$disk"
if mount -t tmpfs -o size=1m tmpfs "$disk" 2>/dev/null; then
    trap 'cd /; umount "$disk"; rm -rf "$work"' EXIT
    prefix=
    unharmed long_run
    accounted 200001
    [ $((10#0$(loss TIMELINE_WRITE) + 10#0$(loss TIMELINE_LIMIT))) -gt 0 ] || fail "no loss"
    shown "not in the timeline"
    unharmed crowd
    accounted $((40 * 1000 + 100000 + 1))
    [ $((10#0$(loss LOST_MEMORY))) -gt 0 ] || fail "no calls lost"
    shown "calls lost"
    # Full from the start, and full but for the header.
    for left in 0 64 128 192; do
        head -c $(((1024 - left) * 1024)) /dev/zero 2>/dev/null >"$disk/.filler"
        unharmed many
    done
else
    echo "skipped: a full disk (a small tmpfs cannot be mounted here)"
fi
done_testing

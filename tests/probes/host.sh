#!/bin/bash
# host.sh - closed descriptors, other folders, bad settings: the host is as it would be without us.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
export THAG_PROFILER=time

succeeded probe_host close
traces 1
checked
no_loss
line "path calls=101000 open=0 main;step"
line "ended 1"

succeeded probe_host chdir
traces 1
checked
no_loss
line "path calls=100000 open=0 main;step"
[ "$(find "$folder" -name '*.folded' | wc -l)" -eq 1 ] || fail "no .folded"

THAG_PROFILER=time,made/on/the/way run probe_host chdir
traces 1
checked "$folder"/made/on/the/way/*.thag
[ "$(stat -c %a "$folder/made/on/the/way")" = 700 ] || fail "mode of the folder"

# A folder that may not be written to. (Root may: then as another user.)
what="read-only folder"
folder=$(mktemp -d -p "$work")
chmod 755 "$work" "$folder"
if [ "$(id -u)" -eq 0 ]; then as="setpriv --reuid 65534 --regid 65534 --clear-groups"; else as=; chmod 555 "$folder"; fi
if $as "$bin/probe_host" 2>&1 | grep -q "no such case"; then
    out=$(cd "$folder" && $as "$bin/probe_host" fail 2>"$work/stderr")
    [ $? -eq 41 ] || fail "exit status"
    [ "$out" = failing ] || fail "output: $out"
    [ "$(wc -l <"$work/stderr")" -eq 1 ] || fail "said: $(cat "$work/stderr")"
    traces 0
else
    echo "skipped: read-only folder: the probe cannot be run as another user"
fi

# A link where the trace's folder should be is followed, one where the trace should be is not.
for setting in bogus time,,loud time,,quiet,true time,a,b,c,d "time,/proc/nowhere" ",,,"; do
    THAG_PROFILER=$setting run probe_host fail
    [ "$status" -eq 41 ] && [ "$out" = failing ] || fail "'$setting': exit status $status, output $out"
    [ "$(wc -l <"$work/stderr")" -eq 1 ] || fail "'$setting' said: $errors"
    traces 0
done
for setting in THAG_SAMPLE=0 THAG_TIMELINE_LIMIT=x THAG_FOLDED_LIMIT=-1 THAG_CLOCK=sun; do
    export "${setting?}"
    run probe_host fail
    unset "${setting%%=*}"
    [ "$status" -eq 41 ] && [ "$out" = failing ] || fail "$setting: exit status $status, output $out"
    [ "$(wc -l <"$work/stderr")" -eq 1 ] || fail "$setting said: $errors"
    traces 0
done
for setting in "TIME , ," " time" "time," "Time,,,false"; do
    THAG_PROFILER=$setting run probe_host fail
    [ "$status" -eq 41 ] && [ "$out$errors" = failing ] || fail "'$setting': $status $out $errors"
    traces 1
done
THAG_PROFILER='' run probe_host fail
traces 0
[ "$out$errors" = failing ] || fail "empty setting: $out $errors"
unset THAG_PROFILER
run probe_host fail
traces 0
[ "$status" -eq 41 ] && [ "$out$errors" = failing ] || fail "unset: $status $out $errors"

# stderr closed, all of the standard descriptors closed: nothing of ours lands in the host's file.
export THAG_PROFILER=bogus
what="standard descriptors closed"
folder=$(mktemp -d -p "$work")
(cd "$folder" && "$bin/probe_host" fail >out 2>&-; [ $? -eq 41 ]) || fail "exit status"
[ "$(cat "$folder/out")" = failing ] || fail "output: $(cat "$folder/out")"
export THAG_PROFILER=time,,announce
(cd "$folder" && "$bin/probe_host" close <&- >&- 2>&-; [ $? -eq 0 ]) || fail "exit status with none open"
checked
line "path calls=101000 open=0 main;step"
grep -rL "the host's own" "$folder"/own-* | grep . && fail "a file of the host was written to"

# Eight starts in one second.
export THAG_PROFILER=time
what="same second"
folder=$(mktemp -d -p "$work")
(cd "$folder" && for _ in 1 2 3 4 5 6 7 8; do "$bin/probe_host" chdir & done; wait)
traces 8
checked
[ "$(grep -cxF 'path calls=100000 open=0 main;step' <<<"$facts")" -eq 8 ] || fail "counts"
[ "$(find "$folder" -name '*.folded' | wc -l)" -eq 8 ] || fail ".folded files"
done_testing

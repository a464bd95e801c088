#!/bin/bash
# origins.sh - each thread knows which thread, task and span began it, and belongs to none of them.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
command -v python3 >/dev/null || exit 77
preload=${ASYNC_LIBRARY:-}

# What `info` says, as the program says it: "THREAD BEGUN_BY TASK PATH", sorted. Of a thread that began
# nothing and was begun by none the name is "?".
begins() {
    "$analyze" info --json "$1" | python3 -c '
import json, sys
info = json.load(sys.stdin)
begins = info.get("begins", [])
names = {t["tid"]: t["name"] for t in info["threads"]} | {b["tid"]: b["name"] for b in begins}
names[info["pid"]] = "main"
known = {t["tid"] for t in info["threads"]} | {b["tid"] for b in begins}
for b in begins:
    assert b["asked_ns"] <= b["start_ns"] <= b["end_ns"] <= info["duration_ns"], b
    by = b["spawner_tid"]
    print(b["name"], names[by] if by in known else "?", b["spawner_task"] or 0, ";".join(b["path"]))' | sort
}

same() { # FILE: it says what the program said
    local got
    got=$(begins "$1") || fail "info --json"
    [ "$got" = "$(sort <<<"$out")" ] || fail "begun are:"$'\n'"$got"$'\n'"and not"$'\n'"$(sort <<<"$out")"
}

# hooks NAME ARGUMENT...: with the hooks linked, then preloaded
for how in linked preloaded; do
    program=probe_origins_hooked
    if [ $how = preloaded ]; then
        ! limited origins.preloaded && [ -n "$preload" ] || continue
        program=probe_origins_shared
        export LD_PRELOAD=$preload
    fi
    succeeded $program ways
    unset LD_PRELOAD
    checked
    no_loss
    same "$(first_trace)"
    # Nothing of theirs is below what began them.
    line "path calls=5 open=0 leaf"
    line "path calls=1 open=0 chain"
    line "path calls=1 open=0 main;ways;job;request"
    no_line 'request;(leaf|chain)'
    "$analyze" info "$(first_trace)" >"$work/text"
    grep -qE '^ +[0-9]+  pool .* thread [0-9]+, task #1, in request$' "$work/text" || fail "$(cat "$work/text")"
    ! grep -q idle "$work/text" || fail "a thread that recorded nothing is listed"
    "$analyze" tasks --csv "$(first_trace)" | grep -qE ',4.?$' || fail "the task began 4 threads: $("$analyze" tasks --csv "$(first_trace)")"

    [ $how = linked ] || export LD_PRELOAD=$preload
    succeeded $program forked
    unset LD_PRELOAD
    traces 2
    [ -z "$(begins "$(first_trace)")" ] || fail "the parent's threads recorded nothing"
    rm "$(first_trace)"
    checked
    no_loss
    same "$folder"/*.thag
done

succeeded probe_origins told
checked
no_loss
same "$(first_trace)"

succeeded probe_origins_hooked burst 300
checked
no_loss
[ "$(begins "$(first_trace)" | grep -c '^one main 0 main$')" -eq 300 ] || fail "not 300 of 300"

# The list has an end, which is told; in one slot each follows the other.
succeeded probe_origins_hooked many 13200
checked
[ "$(begins "$(first_trace)" | grep -c '^one main 0 main$')" -eq 13088 ] || fail "not 13,088 of 13,200"
line "loss THREAD_UNLINKED 112"

run probe_origins_hooked killed
[ "$status" -eq 137 ] || fail "exit status $status"
same "$(first_trace)"

# Arrows have two ends, one on each thread: in a slice that was open when the thread was asked for, and before the first
# that the thread has. Who recorded nothing has no slice, so it has no arrow.
succeeded probe_origins_hooked ways
"$analyze" export --format=chrome -o "$work/chrome.json" "$(first_trace)"
python3 -c '
import collections, json, sys
ends, slices = collections.defaultdict(list), collections.defaultdict(list)
for e in json.load(open(sys.argv[1]))["traceEvents"]:
    if e["ph"] in "sf" and e["cat"] in ("thread", "spawn"):
        ends[e["cat"], e["id"]].append(e)
    elif e["ph"] == "X":
        slices[e["tid"]].append((e["ts"], e["ts"] + e["dur"]))
assert len([1 for cat, _ in ends if cat == "thread"]) == 5, ends.keys()
assert len([1 for cat, _ in ends if cat == "spawn"]) == 1, ends.keys()
for (cat, _), (start, end) in ends.items():
    assert [start["ph"], end["ph"]] == ["s", "f"] and start["ts"] <= end["ts"], start
    assert (start["tid"] != end["tid"]) == (cat == "thread"), start
    assert any(a - 0.001 <= start["ts"] <= b + 0.001 for a, b in slices[start["tid"]]), (start, slices[start["tid"]])
    if end.get("bp") != "e":
        assert any(a + 0.001 >= end["ts"] for a, b in slices[end["tid"]]), (end, slices[end["tid"]])
' "$work/chrome.json" || fail "arrows"
done_testing

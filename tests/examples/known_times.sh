#!/bin/bash
# known_times.sh - the profile of a program whose calls and times are known says just that.
# usage: known_times.sh PROGRAM THAG_ANALYZE
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$1"
"$2" stats --json ./*.thag >stats.json
python3 - <<'PYTHON'
import json

by_name = {f["name"]: f for f in json.load(open("stats.json"))["functions"]}
calls = {name: f["calls"] for name, f in by_name.items()}
assert calls == {
    "main": 1, "work": 2, "task_loop": 2, "gen_content": 1, "joins": 1, "process_document": 80,
    "count_words": 80, "calculate_sentiment": 80, "save": 39, "summarize": 39,
}, calls

# A spin ends when its time is over, or later when others have the processor.
for name, ms in ("count_words", 10), ("calculate_sentiment", 15), ("summarize", 5):
    f = by_name[name]
    assert f["min_ns"] >= 0.999e6 * ms, (name, f)
    assert f["self_ns"] >= 0.999e6 * ms * f["calls"], (name, f)
    assert f["p50_ns"] <= 3e6 * ms + 30e6, (name, f)
# Quiet machines see 10 to 15; the best call of each always is.
shortest = by_name["count_words"]["min_ns"] / by_name["calculate_sentiment"]["min_ns"]
assert abs(shortest - 10 / 15) < 0.01, shortest
# What nobody else does is nobody's: sections and callers have next to no time of their own.
for name in "process_document", "save", "task_loop", "gen_content":
    assert by_name[name]["self_ns"] < 0.05e9 + 0.1 * by_name[name]["inclusive_ns"], by_name[name]
PYTHON

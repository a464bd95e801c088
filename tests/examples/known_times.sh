#!/bin/bash
# known_times.sh - the profile of a program whose calls and times are known says just that.
# usage: known_times.sh PROGRAM THAG_ANALYZE
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$1" >measured
"$2" stats --json ./*.thag >stats.json
python3 - <<'PYTHON'
import json

by_name = {f["name"]: f for f in json.load(open("stats.json"))["functions"]}
calls = {name: f["calls"] for name, f in by_name.items()}
assert calls == {
    "main": 1, "work": 2, "task_loop": 2, "gen_content": 1, "joins": 1, "process_document": 80,
    "count_words": 80, "calculate_sentiment": 80, "save": 39, "summarize": 39,
}, calls

# Each span is as long as the program says itself, who read its own clock within it and around it.
measured = {}
for line in open("measured"):
    name, inside, around = line.split()
    measured.setdefault(name, []).append((int(inside), int(around)))

def between(name, what, got, inside, around, rate=0.001):
    assert inside * (1 - rate) <= got <= around * (1 + rate), (name, what, got, inside, around)

for name, ms in ("count_words", 10), ("calculate_sentiment", 15), ("summarize", 5):
    f = by_name[name]
    inside, around = (sorted(column) for column in zip(*measured[name]))
    assert len(inside) == f["calls"] and inside[0] >= 1e6 * ms, (name, inside)
    between(name, "min", f["min_ns"], inside[0], around[0])
    between(name, "max", f["max_ns"], inside[-1], around[-1])
    between(name, "self", f["self_ns"], sum(inside), sum(around))
    middle = (f["calls"] + 1) // 2 - 1
    between(name, "median", f["p50_ns"], inside[middle], around[middle], 1 / 32)
# What nobody else does is nobody's: sections and callers have next to no time of their own.
for name in "process_document", "save", "task_loop", "gen_content":
    assert by_name[name]["self_ns"] < 0.05e9 + 0.1 * by_name[name]["inclusive_ns"], by_name[name]
PYTHON

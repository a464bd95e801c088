#!/usr/bin/env python3
"""check_tracks.py - tasks in a Chrome trace: what begins ends, runs do not overlap, arrows have two ends.

usage: check_tracks.py TRACE.json TASKS.csv
"""
import collections
import csv
import json
import sys

events = json.load(open(sys.argv[1]))["traceEvents"]
tasks = {int(r["id"]): r for r in csv.DictReader(open(sys.argv[2]))}
problems = []


def ns(event, key="ts"):
    return round(event[key] * 1000)


open_slices, lives, runs, arrows = collections.defaultdict(list), {}, collections.Counter(), collections.defaultdict(list)
for e in events:
    if e["ph"] == "b":
        stack = open_slices[e["id"]]
        if stack and (len(stack) > 1 or e["name"] != "run"):
            problems.append(f"task {e['id']}: {e['name']} within {stack[-1]['name']}")
        if stack and ns(e) < ns(stack[0]):
            problems.append(f"task {e['id']}: runs before it begins")
        stack.append(e)
    elif e["ph"] == "e":
        begin = open_slices[e["id"]].pop()
        if begin["name"] != e["name"] or ns(e) < ns(begin):
            problems.append(f"task {e['id']}: {begin['name']} ends as {e['name']}")
        if e["name"] == "run":
            runs[e["id"]] += ns(e) - ns(begin)
        else:
            lives[e["id"]] = (begin["name"], ns(e) - ns(begin))
    elif e["ph"] in "sf":
        arrows[e["id"]].append(e)

for task, row in tasks.items():
    name, wall = lives.get(task, ("none", 0))
    if name != row["name"] or abs(wall - int(row["wall_ns"])) > 2:
        problems.append(f"task {task}: a track of {name}, {wall} ns, not {row['name']}, {row['wall_ns']} ns")
    active = int(row["active_ns"])
    # In its runs the profiler meets names for the first time: that is not the task's.
    if not active * 0.999 - 1000 <= runs[task] <= int(row["wall_ns"]) + 2:
        problems.append(f"task {task}: runs of {runs[task]} ns, not {active}")
for task, ends in arrows.items():
    if [e["ph"] for e in ends] != ["s", "f"] or ns(ends[1]) < ns(ends[0]):
        problems.append(f"task {task}: arrow {ends}")
if any(open_slices.values()) or set(lives) != set(tasks) or set(arrows) != set(tasks):
    problems.append(f"{len(lives)} tracks and {len(arrows)} arrows of {len(tasks)} tasks")

spans = collections.defaultdict(list)
for e in events:
    if e["ph"] == "X":
        spans[e["tid"]].append((ns(e), -ns(e, "dur"), e["name"]))
for tid, list_ in spans.items():
    stack = []
    for start, minus_length, name in sorted(list_):
        while stack and stack[-1] <= start:
            stack.pop()
        if stack and start - minus_length > stack[-1] + 2000:
            problems.append(f"tid {tid}: {name} at {start} ends {start - minus_length - stack[-1]} ns after what it is in")
        stack.append(start - minus_length)
if problems:
    print("\n".join(problems[:10]))
sys.exit(bool(problems))

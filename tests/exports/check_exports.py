#!/usr/bin/env python3
"""check_exports - every export says what `thag-analyze stats` says, in the eyes of somebody else.

usage: check_exports.py [--all] [--only FORMAT] THAG_ANALYZE SCRATCH PROFILE...

For each profile and each format: export, let another tool read it, and compare each function's self
value, to the unit. A reader that is not installed is skipped with a message. With --all that is a
failure, and the readers that take long to install or to start are asked too.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import unicodedata

from readers import (HEAVY_READERS, HEAVY_SPAN_READERS, READERS, SPAN_READERS, Absent,
                     count_markers_in_firefox, merge_with_pprof, merged, read_firefox, read_folded)


def plain(name):
    """Names as far as formats agree on them: no controls, no ends in blanks."""
    name = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in name)
    return name.strip()


def loosely(name):
    """As `plain`, without what formats have to spell otherwise, and readers to guess: `lib!name`."""
    name = name.split("!")[-1]
    return re.sub(r"\\u\{[0-9a-f]+\}|\\x[0-9a-f]{2}|[^\x21-\x7e]|[;:'/]", "", name)


def truth_of(analyze, profile):
    out = subprocess.run([analyze, "stats", "--raw", "--json", profile], check=True,
                         capture_output=True).stdout
    data = json.loads(out)
    return data.get("unit", "ns"), merged((f["name"], f["self_ns"]) for f in data["functions"])


def compare(found, truth, form):
    """The differences, by name after `form`; those of nothing do not count."""
    a, b = collections.Counter(), collections.Counter()
    for name, value in found.items():
        a[form(name)] += value
    for name, value in truth.items():
        b[form(name)] += value
    return [f"{name!r}: {a[name]}, stats says {b[name]}" for name in a | b if a[name] != b[name]]


def check(args, profile, fmt, label, read):
    unit, truth = truth_of(args.analyze, profile)
    found = read(export(args, profile, fmt), unit)
    if found is None:
        return []
    if fmt == "folded" and unit == "ns":  # microseconds, each line rounded
        truth = {name: value / 1000 for name, value in truth.items()}
        return [] if abs(sum(found.values()) - sum(truth.values())) < 1 + len(found) else ["total"]
    return compare(found, truth, lambda name: loosely(plain(name)))


def export(args, profile, fmt):
    path = args.scratch / f"{pathlib.Path(profile).stem}.{fmt}"
    subprocess.run([args.analyze, "export", f"--format={fmt}", "--experimental", "--force",
                    "-o", path, profile], check=True)
    return str(path)


def check_spans(args, profile, fmt, label, read):
    """As many spans as calls; all formats say the same; and self time is that of the tree, but for
    rounding to nanoseconds and pauses that are in no span's duration."""
    out = subprocess.run([args.analyze, "stats", "--raw", "--json", profile], check=True,
                         capture_output=True).stdout
    calls = collections.Counter()
    for f in json.loads(out)["functions"]:
        calls[loosely(plain(f["name"]))] += f["calls"] + f["open"]
    found = collections.defaultdict(lambda: [0, 0])
    for name, (count, duration) in read(export(args, profile, fmt)).items():
        found[loosely(plain(name))][0] += count
        found[loosely(plain(name))][1] += duration
    wrong = [f"{name!r}: {found[name][0]} spans, {calls[name]} calls"
             for name in calls | found if found[name][0] != calls[name]]
    args.durations.setdefault((profile, "nested" if "csv" not in fmt and "sqlite" not in fmt
                               else "raw"), {k: v[1] for k, v in found.items()})
    first = args.durations[profile, "nested" if "csv" not in fmt and "sqlite" not in fmt else "raw"]
    wrong += [f"{name!r}: {v[1]} ns, other formats {first[name]}"
              for name, v in found.items() if v[1] != first[name]]
    return wrong


def check_self(args, profile, fmt, label, read):
    """Self times along time are those of the tree and the profiler's own pauses, which no span's
    duration has; each rounded to a nanosecond."""
    _, truth = truth_of(args.analyze, profile)
    info = json.loads(subprocess.run([args.analyze, "info", "--json", profile],
                                     capture_output=True).stdout)
    found = read(export(args, profile, fmt), "ns")
    total, least = sum(found.values()), sum(truth.values())
    slack = 2 * info["timeline_spans"] + 1000
    if least - slack <= total <= least + info["profiler_ns"] + slack:
        return []
    return [f"{total} ns, not {least} and at most {info['profiler_ns']} of pauses"]


def check_markers(args, profile, fmt, label, read):
    """Each span is there once."""
    info = json.loads(subprocess.run([args.analyze, "info", "--json", profile],
                                     capture_output=True).stdout)
    found = read(export(args, profile, fmt))
    open_spans = sum(t["unfinished"] for t in info["threads"])
    return [] if found == info["timeline_spans"] + open_spans else [f"{found} markers"]


def check_merge(args, profile, fmt, label, merge):
    """Added up by somebody else, and read back: as if we had merged."""
    path = export(args, profile, fmt)
    again = args.scratch / "again.pb.gz"
    again.write_bytes(pathlib.Path(path).read_bytes())
    both = args.scratch / "both.pb.gz"
    merge(path, str(again), str(both))
    ours = subprocess.run([args.analyze, "fold", "--unit=ns", path, str(again)], check=True,
                          capture_output=True).stdout
    theirs = subprocess.run([args.analyze, "fold", "--unit=ns", str(both)], check=True,
                            capture_output=True).stdout
    valued = [[line for line in text.splitlines() if not line.endswith(b" 0")]
              for text in (ours, theirs)]
    return [] if valued[0] == valued[1] else ["the merged profiles differ"]


def plan(args):
    jobs = [(check, *reader) for reader in READERS]
    jobs += [(check_spans, *reader) for reader in SPAN_READERS]
    jobs.append((check_self, "folded-timeline", "its definition", read_folded))
    if args.all:
        jobs += [(check, *reader) for reader in HEAVY_READERS]
        jobs += [(check_spans, *reader) for reader in HEAVY_SPAN_READERS]
        jobs.append((check_self, "firefox-timeline", "profiler-cli", read_firefox))
        jobs.append((check_markers, "chrome", "profiler-cli", count_markers_in_firefox))
        jobs.append((check_merge, "pprof", "go tool pprof", merge_with_pprof))
    return [job for job in jobs if args.only in (None, job[1])]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("analyze")
    parser.add_argument("scratch", type=pathlib.Path)
    parser.add_argument("profiles", nargs="+")
    args = parser.parse_args()
    args.scratch.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("HOME", str(args.scratch))
    args.durations = {}
    checks = failures = 0
    absent = {}
    for how, fmt, label, read in plan(args):
        for profile in args.profiles:
            if label in absent or (how not in (check, check_merge)
                                   and not profile.endswith(".thag")):
                continue
            try:
                wrong = how(args, profile, fmt, label, read)
            except Absent as missing:
                absent[label] = str(missing)
                continue
            except subprocess.CalledProcessError as error:
                wrong = [f"{error}: {(error.stderr or b'').decode()[-600:]}"]
            checks += 1
            if wrong:
                failures += 1
                print(f"{fmt} read by {label}: {profile}", *wrong[:10], sep="\n  ")
    for label, missing in absent.items():
        print(f"skipped: {label} (not installed: {missing})")
    print(f"{checks} exports read by others, {failures} wrong, {len(absent)} readers skipped")
    return 1 if failures or not checks or (args.all and absent) else 0


if __name__ == "__main__":
    sys.exit(main())

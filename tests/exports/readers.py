"""Other people's readers of what `thag-analyze export` writes.

A reader takes a file and gives {function: self value} as that tool understands it, or None where it
only knows the form. What must be installed for it is a command, a Python module, or a module of npm
in the folder $THAG_NPM.
"""
import collections
import csv
import importlib.util
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time

TIMEOUT = 120


class Absent(Exception):
    """The reader is not installed."""


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT, **more).stdout


def need_command(name):
    path = shutil.which(name)
    if not path:
        raise Absent(name)
    return path


def need_module(name):
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    if not found:
        raise Absent(f"Python module {name}")


def need_npm(path):
    full = os.path.join(os.environ.get("THAG_NPM", "/nonexistent"), "node_modules", path)
    need_command("node")
    if not os.path.exists(full):
        raise Absent(f"npm module {path.split('/')[0]}")
    return full


def text(data):
    return data.decode("utf-8", "strict")


# ---- the tree ----

def read_folded(path, unit):
    """Collapsed stacks, by their definition: nobody's reader keeps the unit."""
    found = collections.Counter()
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        for line in lines:
            stack, count = line.rstrip("\n").rsplit(" ", 1)
            found[stack.split(";")[-1]] += int(count)
    return found


def read_pprof(path, unit):
    """go tool pprof; it needs a home to write to."""
    go = need_command("go")
    raw = text(run(go, "tool", "pprof", "-raw", path))
    names, found, part = {}, collections.Counter(), None
    for line in raw.split("\n"):
        if line in ("Samples:", "Locations", "Mappings"):
            part = line
        elif part == "Locations" and line:
            number, rest = re.match(r" *(\d+): 0x0 M=1 (.*)$", line).groups()
            names[number] = re.match(r"(.*) [^ ]*:\d+:\d+ s=\d+(?:\(.*\))?$", rest).group(1)
        elif part == "Samples:" and line and "/" not in line.split(":")[0]:
            values, stack = line.split(":")
            found[stack.split()[0]] += int(values.split()[0])
    return merged((names[leaf], value) for leaf, value in found.items())


def read_pprof_wire(path, unit):
    """protoc, which knows nothing of pprof: that the bytes are protobuf at all."""
    protoc = need_command("protoc")
    data = run("gzip", "-dc", path)
    decoded = subprocess.run([protoc, "--decode_raw"], input=data, check=True, capture_output=True)
    if not decoded.stdout.startswith(b"1 {"):
        raise AssertionError("no sample type")
    return None


def check_speedscope_schema(path):
    """ajv with speedscope's own schema, where it is installed."""
    try:
        ajv = need_npm("ajv/dist/ajv.js")
        schema = need_npm("speedscope/dist/release/file-format-schema.json")
    except Absent:
        return
    run("node", "-e", """
        const fs = require('fs'), json = f => JSON.parse(fs.readFileSync(f));
        const Ajv = require(process.argv[1]).default;
        const validate = new Ajv({strict: false}).compile(json(process.argv[2]));
        if (!validate(json(process.argv[3]))) { console.error(validate.errors); process.exit(1); }
        """, ajv, schema, path)


def read_speedscope(path, unit):
    """Its schema; then its meaning, as its documents have it."""
    check_speedscope_schema(path)
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    frames = data["shared"]["frames"]
    first = data["profiles"][data["activeProfileIndex"]]
    if first["endValue"] != sum(first["weights"]) or first["startValue"] != 0:
        raise AssertionError("the weights do not add up")
    return merged((frames[stack[-1]]["name"], weight)
                  for stack, weight in zip(first["samples"], first["weights"], strict=True))


def load_in_firefox(tool, path):
    """A session with that profile. On a busy machine its server is not up when `load` gives up."""
    session = f"thag-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        run(tool, "load", path, "--session", session)
    except subprocess.CalledProcessError as error:
        if b"still starting" not in error.stderr:
            raise
        for _ in range(60):
            time.sleep(1)
            if subprocess.run([tool, "status", "--session", session], capture_output=True,
                              timeout=TIMEOUT).returncode == 0:
                break
    return session


def read_firefox(path, unit):
    """The command line tool of the Firefox Profiler, over all threads."""
    tool = need_npm(".bin/profiler-cli")
    session = load_in_firefox(tool, path)
    scale = 1e6 if unit == "ns" else 1
    found = []
    try:
        threads = json.loads(run(tool, "thread", "list", "--json", "--session", session))["threads"]
        for thread in threads:
            functions = run(tool, "thread", "functions", "--json", "--limit", "0",
                            "--include-idle", "--thread", thread["threadHandle"], "--session", session)
            found += json.loads(functions)["functions"]
    finally:
        run(tool, "stop", session)
    return merged((f["name"], round(f["selfSamples"] * scale)) for f in found)


def count_markers_in_firefox(path):
    """The Firefox Profiler's importer of Chrome traces: each span is a marker."""
    tool = need_npm(".bin/profiler-cli")
    session = load_in_firefox(tool, path)
    try:
        threads = json.loads(run(tool, "thread", "list", "--json", "--session", session))["threads"]
    finally:
        run(tool, "stop", session)
    return sum(thread["markerCount"] for thread in threads)


def merge_with_pprof(first, second, merged_path):
    """go tool pprof adds two profiles up."""
    go = need_command("go")
    run(go, "tool", "pprof", "-proto", "-output", merged_path, first, second)


def read_callgrind(path, unit):
    """callgrind_annotate, which trusts neither newlines nor numbers of names."""
    tool = need_command("callgrind_annotate")
    run_ = subprocess.run([tool, "--threshold=100", "--auto=no", path], check=True,
                          capture_output=True, timeout=TIMEOUT)
    if run_.stderr:
        raise AssertionError(run_.stderr.decode())
    body = text(run_.stdout).split("file:function\n", 1)[1].split("\n", 1)[1]
    rows = re.finditer(r"^ *([\d,]+|\.)(?: +\([ \d.]+%\))?  +(.*)$", body, re.M)
    named = ((re.sub(r"^[^:]*:", "", row[2]), number(row[1])) for row in rows)
    return merged(("" if name == "???" else name, value) for name, value in named)


def number(digits):
    return 0 if digits == "." else int(digits.replace(",", ""))


def read_sqlite(path, unit):
    """SQLite, with its own check of the file; by Python's module."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    main = next(c[1] for c in db.execute("PRAGMA table_info(nodes)") if c[1].startswith("self"))
    rows = db.execute(f"SELECT name, sum({main}) FROM nodes JOIN functions"
                      " ON function = functions.id GROUP BY functions.id")
    return merged(rows.fetchall())


def read_csv(path, unit):
    """Python's csv; a name that a spreadsheet would run has a ' in front."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    main = next(key for key in rows[0] if key.startswith("self"))
    return merged((row["function"].removeprefix("'"), int(row[main])) for row in rows)


def read_otlp(path, unit):
    """OpenTelemetry's own generated reader."""
    need_module("opentelemetry.proto.profiles")
    from opentelemetry.proto.profiles.v1development import profiles_pb2
    data = profiles_pb2.ProfilesData()
    with open(path, "rb") as file:
        data.ParseFromString(file.read())
    d = data.dictionary
    for table in (d.mapping_table, d.location_table, d.function_table, d.link_table,
                  d.attribute_table, d.stack_table):
        assert table[0].ByteSize() == 0, "entry 0 is not empty"
    assert d.string_table[0] == ""
    first = data.resource_profiles[0].scope_profiles[0].profiles[0]
    found = []
    for sample in first.samples:
        leaf = d.location_table[d.stack_table[sample.stack_index].location_indices[0]]
        function = d.function_table[leaf.lines[0].function_index]
        found.append((d.string_table[function.name_strindex], sample.values[0]))
    return merged(found)


# ---- along time: {function: [number of spans, their durations added up]} ----

def spans_of(pairs):
    found = {}
    for name, duration in pairs:
        entry = found.setdefault(name, [0, 0])
        entry[0] += 1
        entry[1] += duration
    return found


def nested(events):
    """(name, duration) of (is_begin, frame, time), which must nest and never go back."""
    stack, now = [], 0
    for is_begin, frame, at in events:
        assert at >= now, "time goes back"
        now = at
        if is_begin:
            stack.append((frame, at))
            continue
        open_frame, start = stack.pop()
        assert frame in (None, open_frame), "an end of another span"
        yield open_frame, at - start
    assert not stack, "a span without an end"


def read_csv_timeline(path):
    with open(path, encoding="utf-8", newline="") as file:
        return spans_of((row["function"].removeprefix("'"), int(row["duration_ns"]))
                        for row in csv.DictReader(file))


def read_sqlite_timeline(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    # The view against a sorted list: nearest rank.
    for name, calls, p50, _p90, _p95, p99 in db.execute("SELECT * FROM percentiles"):
        sorted_ = [row[0] for row in db.execute(
            "SELECT duration_ns FROM spans JOIN nodes ON node = nodes.id JOIN functions"
            " ON function = functions.id WHERE name = ? AND NOT spans.open ORDER BY 1", [name])]
        assert calls == len(sorted_)
        assert p50 == sorted_[(calls * 50 + 99) // 100 - 1], (name, p50)
        assert p99 == sorted_[(calls * 99 + 99) // 100 - 1], (name, p99)
    return spans_of(db.execute("SELECT name, duration_ns FROM spans JOIN nodes ON node = nodes.id"
                               " JOIN functions ON function = functions.id"))


def read_chrome(path):
    """JSON, with the meaning that the Trace Event Format gives it; spans of a thread must nest."""
    with open(path, encoding="utf-8") as file:
        events = json.load(file, parse_float=lambda text: int(text.replace(".", "")))["traceEvents"]
    threads = {}
    for e in events:
        if e["ph"] == "X":
            threads.setdefault((e["pid"], e["tid"]), []).append((e["ts"], e["ts"] + e["dur"]))
    for spans in threads.values():
        stack = []
        for start, end in spans:
            while stack and stack[-1] <= start and stack[-1] < end:
                stack.pop()
            assert not stack or end <= stack[-1], "overlapping spans"
            stack.append(end)
    return spans_of((e["name"], e["dur"]) for e in events if e["ph"] == "X")


def read_speedscope_timeline(path):
    check_speedscope_schema(path)
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    frames = data["shared"]["frames"]
    found = []
    for p in data["profiles"]:
        events = [(e["type"] == "O", e["frame"], e["at"]) for e in p["events"]]
        assert p["startValue"] <= events[0][2] and events[-1][2] <= p["endValue"]
        found += [(frames[frame]["name"], length) for frame, length in nested(events)]
    return spans_of(found)


def read_perfetto(path):
    """The packets by Perfetto's own generated reader; what they mean by its documentation."""
    need_module("perfetto.protos.perfetto.trace")
    from perfetto.protos.perfetto.trace import perfetto_trace_pb2
    trace = perfetto_trace_pb2.Trace()
    with open(path, "rb") as file:
        trace.ParseFromString(file.read())
    names, tracks, events, cleared = {}, {}, {}, set()
    for packet in trace.packet:
        if packet.HasField("track_descriptor"):
            tracks[packet.track_descriptor.uuid] = packet.track_descriptor
        if not packet.HasField("track_event"):
            continue
        sequence = packet.trusted_packet_sequence_id
        if packet.sequence_flags & 1:
            cleared.add(sequence)
        assert sequence in cleared and packet.sequence_flags & 2
        for interned in packet.interned_data.event_names:
            names[sequence, interned.iid] = interned.name
        event = packet.track_event
        assert event.track_uuid in tracks
        is_begin = event.type == event.TYPE_SLICE_BEGIN
        name = names[sequence, event.name_iid] if is_begin else None
        events.setdefault(event.track_uuid, []).append((is_begin, name, packet.timestamp))
    return spans_of(pair for track in events.values() for pair in nested(track))


def merged(pairs):
    found = collections.Counter()
    for name, value in pairs:
        found[name] += value
    return found


READERS = [
    ("folded", "its definition", read_folded),
    ("pprof", "protoc --decode_raw", read_pprof_wire),
    ("speedscope", "its schema", read_speedscope),
    ("callgrind", "callgrind_annotate", read_callgrind),
    ("sqlite", "SQLite", read_sqlite),
    ("csv", "Python's csv", read_csv),
]
# Of formats along time.
SPAN_READERS = [
    ("csv-timeline", "Python's csv", read_csv_timeline),
    ("sqlite-timeline", "SQLite", read_sqlite_timeline),
    ("chrome", "its definition", read_chrome),
    ("speedscope-timeline", "its schema", read_speedscope_timeline),
]
HEAVY_SPAN_READERS = [("perfetto", "Perfetto's protobuf", read_perfetto)]
HEAVY_READERS = [
    ("pprof", "go tool pprof", read_pprof),
    ("firefox", "profiler-cli", read_firefox),
    ("otlp", "opentelemetry-proto", read_otlp),
]

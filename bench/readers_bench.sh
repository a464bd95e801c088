#!/bin/bash
# readers_bench.sh - thag-analyze beside other tools that read profiles, on the same input in one run.
#
# usage: bench/readers_bench.sh [BUILD_DIR] [LINES]
#
# Peers: inferno-flamegraph and go on PATH, heaptrack, Chromium with speedscope of the npm registry; what
# is not there is said. CPU time and peak memory of commands, the best of three; milliseconds until a
# browser has drawn.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "${1:-$here/../build/release}")
lines=${2:-1000000}
analyze=$build/tools/thag-analyze
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export PPROF_TMPDIR=$work

# measure NAME COMMAND...: a row with CPU seconds and peak memory.
measure() {
    local name=$1
    shift
    for _ in 1 2 3; do
        /usr/bin/time -a -o times -f '%U %S %M' "$@" >out 2>said ||
            { echo "   $name failed: $(tail -n 1 said)"; rm -f times; return; }
    done
    awk -v name="$name" '{ cpu = $1 + $2; if (!n++ || cpu < best) best = cpu; if ($3 > peak) peak = $3 }
        END { printf "   %-44s %7.2f s CPU %8.0f MB\n", name, best, peak / 1024 }' times
    rm -f times
}

has() { command -v "$1" >/dev/null || { echo "   $1 is not on PATH"; false; }; }

echo "$(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
"${CC:-cc}" -O2 "$here/gen_folded.c" -o gen_folded
./gen_folded distinct "$lines" >big.folded
./gen_folded distinct $((lines / 10)) >small.folded

echo "== $lines collapsed stacks to a flamegraph"
measure "thag-analyze flamegraph" "$analyze" flamegraph -o - big.folded
if has inferno-flamegraph; then measure "inferno-flamegraph" inferno-flamegraph big.folded; fi

echo "== pprof of $((lines / 10)) stacks to a table"
"$analyze" export --format=pprof -o small.pb.gz small.folded
measure "thag-analyze stats" "$analyze" stats --limit=20 small.pb.gz
if has go; then measure "go tool pprof -top" go tool pprof -top -nodecount=20 small.pb.gz; fi
"$analyze" export --format=pprof --force -o again.pb.gz small.folded
echo "== two of them merged"
measure "thag-analyze merge" "$analyze" merge --force -o two.thag small.pb.gz again.pb.gz
if has go; then measure "go tool pprof -proto" go tool pprof -proto -output two.pb.gz small.pb.gz again.pb.gz; fi

echo "== heap of jq making 200,000 objects: the report of what it recorded, native stacks"
program='[range(200000) | {a: ., b: tostring}] | length'
if has heaptrack && has jq; then
    heaptrack -o h jq -n "$program" >/dev/null 2>&1
    measure "heaptrack_print" heaptrack_print h.*
    awk '/^calls to allocation/ { print "      " $5 " allocations" }' out
    "$build/tools/thag-run" -q --memory --detail -o ours jq -n "$program" >said 2>&1 || cat said
    measure "thag-analyze stats --detail" "$analyze" stats --detail ours/*.thag
    awk '/^allocated/ { print "      " $5 " allocations" }' out
fi

echo "== $((lines / 10)) collapsed stacks shown by headless Chromium"
mkdir modules
cp "$here"/../tests/browser/package*.json modules
if ! has chromium || ! has npm || ! (cd modules && npm ci --silent && npm install --silent speedscope@1.25.0) >/dev/null 2>&1; then
    echo "   needs chromium, nodejs and npm"
    exit 0
fi
export THAG_MODULES=$work/modules THAG_CHROMIUM
THAG_CHROMIUM=$(command -v chromium)
opened() { printf '   %-44s %s\n' "$1" "$(node "$here/open_bench.mjs" "$2" "$3" 2>&1 | tail -n 1)"; }
"$analyze" flamegraph -o ours.svg small.folded
"$analyze" view -o ours.html small.folded
opened "thag-analyze flamegraph, $(stat -c %s ours.svg) bytes" svg ours.svg
opened "thag-analyze view, $(stat -c %s ours.html) bytes" view ours.html
if command -v inferno-flamegraph >/dev/null; then
    inferno-flamegraph small.folded >inferno.svg
    opened "inferno-flamegraph, $(stat -c %s inferno.svg) bytes" svg inferno.svg
fi
opened "speedscope 1.25.0" speedscope small.folded

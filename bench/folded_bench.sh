#!/bin/bash
# folded_bench.sh - collapsed stacks to SVG: thag-analyze beside inferno-flamegraph and flamegraph.pl.
# usage: bench/folded_bench.sh BUILD_DIR [LINES [ROUNDS]]
#
# Every tool reads the same file in the same run, the tools taking turns; the table has the best of
# the rounds. Peers that are not on PATH are left out, with a word on where they come from. The input
# and the pictures go to a temporary folder: 1,000,000 lines are 370 MB twice.
set -euo pipefail
build=${1:?usage: folded_bench.sh BUILD_DIR [LINES [ROUNDS]]}
lines=${2:-1000000}
rounds=${3:-3}
here=$(cd "$(dirname "$0")" && pwd)
analyze=$build/tools/thag-analyze
[ -x "$analyze" ] || analyze=$(find "$build" -name thag-analyze -type f -perm -u+x | head -n 1)
[ -n "$analyze" ] || { echo "folded_bench: no thag-analyze in $build" >&2; exit 4; }
[ -x /usr/bin/time ] || { echo "folded_bench: needs the Debian package 'time'" >&2; exit 4; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CC:-cc}" -O2 "$here/gen_folded.c" -o "$work/gen_folded"

# run NAME TOOL INPUT: one line `wall user rss_kb svg_bytes` is added to NAME's results.
run() {
    local command=()
    case $2 in
        thag-analyze) command=("$analyze" flamegraph -o - "$3") ;;
        *) command=("$2" "$3") ;;
    esac
    /usr/bin/time -o "$work/time" -f '%e %U %M' "${command[@]}" >"$work/out.svg" 2>"$work/stderr" ||
        { echo "folded_bench: $2 failed: $(tail -n 1 "$work/stderr")" >&2; return 0; }
    echo "$(tail -n 1 "$work/time") $(stat -c %s "$work/out.svg")" >>"$work/$1.$2"
}

tools=(thag-analyze)
for peer in inferno-flamegraph flamegraph.pl; do
    if command -v "$peer" >/dev/null; then
        tools+=("$peer")
    else
        case $peer in
            inferno-flamegraph) echo "$peer is not on PATH: cargo install inferno" ;;
            flamegraph.pl) echo "$peer is not on PATH: it is in Brendan Gregg's FlameGraph collection" ;;
        esac
    fi
done

echo "$(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg), $lines lines, best of $rounds"
for kind in distinct repeat; do
    "$work/gen_folded" "$kind" "$lines" >"$work/$kind.txt"
    cat "$work/$kind.txt" >/dev/null
    for ((round = 0; round < rounds; round++)); do
        for tool in "${tools[@]}"; do
            # A minute a run for the Perl script: once has to do.
            [ "$tool" = flamegraph.pl ] && [ "$round" -gt 0 ] && continue
            run "$kind" "$tool" "$work/$kind.txt"
        done
    done
    echo
    printf '%-9s %-20s %8s %8s %10s %12s %10s %10s\n' input tool 'wall s' 'user s' 'peak MB' 'SVG bytes' \
        'x wall' 'x peak'
    for tool in "${tools[@]}"; do
        [ -f "$work/$kind.$tool" ] && sort -n "$work/$kind.$tool" | head -n 1 | sed "s/^/$tool /"
    done | awk -v kind="$kind" '
        NR == 1 { wall = ($2 > 0 ? $2 : 0.01); peak = $4 }
        { printf "%-9s %-20s %8.2f %8.2f %10.1f %12d", kind, $1, $2, $3, $4 / 1024, $5
          printf " %10.2f %10.2f\n", $2 / wall, $4 / peak }'
    rm -f "$work/$kind.txt"
done

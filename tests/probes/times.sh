#!/bin/bash
# times.sh - self times, corrections and percentiles against the probe's own clock.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

succeeded probe_counts busy
checked
no_loss
stats_table
while read -r name ns; do
    near "self time of $name" "$(stats "$name" self_ns)" "$ns" 1
done <<<"$out"

# A parent of 1,000 empty children: the least disturbed of 400 turns, of each.
# (Not with a sanitizer, whose work in the runtime costs ten times the span.)
if [ -z "$sanitizers" ]; then
    succeeded probe_counts children
    checked
    no_loss
    stats_table
    own=$(sort -n <<<"$out" | head -1)
    least() { grep '^"parent_' "$work/stats.csv" | cut -d, -f"$1" | sort -n | head -1; }
    [ "$(grep -c '^"parent_[0-9]*",1,' "$work/stats.csv")" -eq 400 ] || fail "turns"
    echo "parent of 1,000 empty children: own work $own ns, self time $(least 4) ns, corrected $(least 13) ns"
    near "corrected self time" "$(least 13)" "$own" 5
fi

# Percentiles from the histogram against those of the single durations.
succeeded probe_counts spread
checked
no_loss
stats_table
"$bin/trace_check" --durations wait_for "$folder"/*.thag | sort -n >"$work/durations"
[ "$(wc -l <"$work/durations")" -eq 3000 ] || fail "durations"
for p in 50 95 99; do
    exact=$(sed -n "$((3000 * p / 100))p" "$work/durations")
    near "p$p" "$(stats wait_for "p${p}_ns")" "$exact" 3
done
[ "$(stats wait_for min_ns)" = "$(head -1 "$work/durations")" ] || fail "min"
[ "$(stats wait_for max_ns)" = "$(tail -1 "$work/durations")" ] || fail "max"

# Each thread: time in spans and time lived.
succeeded probe_counts walls
checked
no_loss
stats_table
threads=$("$bin/trace_check" --threads "$folder"/*.thag)
while read -r tid inside lived seen; do
    row=$(grep "tid=$tid " <<<"$threads") || fail "no thread $tid"
    near "time in spans of thread" "$(sed 's/.*inside=\([0-9]*\).*/\1/' <<<"$row")" "$inside" 0.1
    wall=$(sed 's/.*wall=\([0-9]*\).*/\1/' <<<"$row")
    [ "$wall" -ge $((lived - lived / 1000)) ] && [ "$wall" -le $((seen + seen / 1000)) ] ||
        fail "wall time of thread: $wall, expected $lived to $seen"
done <<<"$out"
done_testing

#!/bin/bash
# times.sh - self times, corrections and percentiles against the probe's own clock.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"

succeeded probe_counts busy
checked
no_loss
stats_table
# between WHAT GOT LEAST MOST: but for the rate of the clock
between() {
    awk -v g="$2" -v l="$3" -v m="$4" 'BEGIN { exit !(g != "" && g >= l * 0.999 && g <= m * 1.001) }' ||
        fail "$1: $2, expected $3 to $4"
}
while read -r name least most; do
    between "self time of $name" "$(stats "$name" self_ns)" "$least" "$most"
done <<<"$out"

# A parent of 1,000 empty children. Whatever else the machine does makes things longer: of the parents' own work
# and of their self times those of the least disturbed turns are compared, and of several starts the cost that was
# learnt when it was the least.
if ! limited times.children; then
    own=1000000000 self=1000000000 cost=1000000000
    for _ in 1 2 3 4 5 6; do
        succeeded probe_counts children
        checked
        no_loss
        stats_table
        [ "$(grep -c '^"parent_[0-9]*",1,' "$work/stats.csv")" -eq 100 ] || fail "turns"
        read -r own self cost < <(grep '^"parent_' "$work/stats.csv" | awk -F, -v own="$own" -v self="$self" -v cost="$cost" \
            -v turn="$(sort -n <<<"$out" | head -1)" '
            $4 < self { self = $4 }
            $4 - $13 < cost { cost = $4 - $13 }
            END { print (turn < own ? turn : own), self, cost }')
    done
    echo "parent of 1,000 empty children: own work $own ns, self time $self ns, corrected by $cost ns"
    near "corrected self time" $((self - cost)) "$own" 5
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
while read -r tid inside around lived seen; do
    row=$(grep "tid=$tid " <<<"$threads") || fail "no thread $tid"
    between "time in spans of thread" "$(sed 's/.*inside=\([0-9]*\).*/\1/' <<<"$row")" "$inside" "$around"
    wall=$(sed 's/.*wall=\([0-9]*\).*/\1/' <<<"$row")
    [ "$wall" -ge $((lived - lived / 1000)) ] && [ "$wall" -le $((seen + seen / 1000)) ] ||
        fail "wall time of thread: $wall, expected $lived to $seen"
done <<<"$out"
done_testing

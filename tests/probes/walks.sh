#!/bin/bash
# walks.sh - native stacks whose neighbours differ from them anywhere, byte by byte. usage: see probe_lib.sh.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
unset THAG_MEMORY THAG_SIZE_TRACKING_THRESHOLD SIZE_TRACKING_THRESHOLD LD_PRELOAD
export THAG_PROFILER=memory,,none,true

# Of the newest trace, what stacks that end in leaf() allocated, and what they freed.
took() {
    checked
    no_loss
    rm -f "$folder"/*.folded
    (cd "$folder" && "$analyze" detail ./*.thag >/dev/null) || fail "detail: exit status $?"
    made=$(grep ';leaf [1-9]' "$folder"/*-memory_detail.folded | sort)
    gone=$(grep ';leaf [1-9]' "$folder"/*-memory_detail_dealloc.folded | sort)
    [ "$made" = "$gone" ] || fail "freed: $(diff <(echo "$made") <(echo "$gone") | head -5)"
}
# sum PATTERN BYTES: of the stacks that match
sum() {
    local got
    got=$(awk -v p="$1" '$0 ~ p { n += $NF } END { print n + 0 }' <<<"$made")
    [ "$got" = "$2" ] || fail "$1: $got bytes, expected $2"
}

for program in probe_walks_O0 probe_walks_O2 probe_walks_O2_fp; do
    succeeded $program many
    took
    diff <(sort <<<"$out") <(echo "$made") >"$work/differs" || fail "$(head -5 "$work/differs")"

    # What is deeper than there is room for hangs below unknown callers; nothing is lost.
    succeeded $program deep
    took
    sum '' $((7 * 11))

    succeeded $program jumps
    took
    sum '^main;jumps;thrown;aligned;straight;straight;leaf ' 800
    sum '^main;jumps;variable;straight;straight;leaf ' 800
    sum '' 1600

    # Through the kernel's frame; from an alternate stack it is not known where that was.
    succeeded $program signals
    took
    sum '^main;signals;interrupted;leaf ' $((100 * 41))
    sum '^main;signals;interrupted;.*;handler;leaf ' $((50 * 31))
    sum ';handler;leaf ' $((100 * 31))

    succeeded $program threads
    took
    for third in straight variable aligned; do
        sum "thread;straight;$third;[a-z]*;[a-z]*;leaf " $((2 * 3 * 360))
    done
    sum 'thread;straight;' 6480
done

done_testing

#!/bin/bash
# heap_below.sh - what reaches libc's malloc, and what comes back from it, is as without the profiler, in
# every mode. usage: see probe_lib.sh; HEAP_LIBRARY names libthag_heap.so.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# shellcheck source=heap_lib.sh
. "$(dirname "$0")/heap_lib.sh"
heap=$HEAP_LIBRARY
seq 2000 >"$work/numbers"
# With a name that makes the hooks take it for glibc, and with another.
mkdir -p "$work/below"
cp "$bin/libheap_below.so" "$work/below/libc.so.6"
libraries=("$bin/libheap_below.so" "$work/below/libc.so.6")
modes=(summary live both detail)

# in_mode MODE LIBRARY COMMAND...: with the library below the hooks; none: without them
in_mode() (
    mode=$1 library=$2
    shift 2
    cd "$work" || exit 1
    # What a program copies of its environment must not differ in size.
    export HEAP_BELOW=$work/below.$mode HEAP_BELOW_RECORD=8 HEAP_BELOW_FAIL=${fail_at:-0}
    export THAG_MEMORY=live THAG_PROFILER=no
    case $mode in
    none) HEAP_BELOW_RECORD=0 ;;
    summary) THAG_MEMORY=summary THAG_PROFILER=memory HEAP_BELOW_RECORD=0 ;;
    live) THAG_MEMORY=live THAG_PROFILER=memory ;;
    both) THAG_MEMORY=live THAG_PROFILER=both ;;
    detail) THAG_MEMORY=live THAG_PROFILER=memory,,none,true ;;
    esac
    [ "$mode" = none ] || library="$heap $library"
    LD_PRELOAD=$library exec "$@"
)

# The very same calls, of the same sizes but for the records of blocks, in the same order.
same_calls() {
    local library mode
    for library in "${libraries[@]}"; do
        for mode in none "${modes[@]}"; do
            what="calls below $mode: ${library##*/} $*"
            in_mode "$mode" "$library" "$@" >/dev/null 2>&1
            [ -s "$work/below.$mode" ] || fail "nothing was written down"
            cmp -s "$work/below.none" "$work/below.$mode" ||
                fail "without: $(cat "$work/below.none"); with: $(cat "$work/below.$mode")"
        done
    done
}
same_calls sort -rn numbers
same_calls find /usr/include -maxdepth 1 -name 's*'
same_calls "$bin/probe_failing"

# Any of its allocations may fail: the program sees just that. Nothing else is counted for it.
what="failing"
in_mode none "${libraries[0]}" "$bin/probe_failing" >/dev/null || { fail "exit status $?"; done_testing; }
count=$(cut -d' ' -f1 "$work/below.none")
at_least calls "$count" 50
for ((fail_at = 1; fail_at <= count; fail_at++)); do
    library=${libraries[fail_at % 2]}
    in_mode none "$library" "$bin/probe_failing" >"$work/plain.out" 2>&1 || fail "plain: exit status $?"
    for mode in "${modes[@]}"; do
        what="call $fail_at fails: $mode"
        rm -f "$work"/*.thag
        in_mode "$mode" "$library" "$bin/probe_failing" >"$work/with.out" 2>&1 || fail "exit status $?"
        cmp -s "$work/plain.out" "$work/with.out" || fail "$(diff "$work/plain.out" "$work/with.out")"
        [ $((fail_at % 7)) = 0 ] || continue # reading it takes longer than all else
        folder=$work
        checked
        no_loss
        table
        [ "$mode" = summary ] || [ "$(in_all live_blocks)" = 0 ] || fail "live: $(cat "$work/stats.csv")"
    done
done
fail_at=0

# Not even the addresses differ that a program gets from libc, where blocks have no record.
what="addresses"
for mode in none summary; do
    THAG_PROFILER=memory,$work/below.d THAG_MEMORY=summary LD_PRELOAD=$([ $mode = none ] || echo "$heap") \
        "$bin/probe_addresses" >"$work/addresses.$mode" 2>"$work/said"
    [ ! -s "$work/said" ] || fail "said: $(cat "$work/said")"
done
[ -s "$work/addresses.none" ] || fail "none"
cmp -s "$work/addresses.none" "$work/addresses.summary" ||
    fail "without: $(cat "$work/addresses.none"); with: $(cat "$work/addresses.summary")"
done_testing

#!/bin/bash
# heap_safe.sh - memory to the byte where allocations are least expected. usage: see probe_lib.sh.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
# shellcheck source=heap_lib.sh
. "$(dirname "$0")/heap_lib.sh"

# In each mode; both has spans, timeline and memory at once.
modes() {
    export THAG_PROFILER=$1 THAG_MEMORY=$2
    mode="$1 $2"
}
for mode in "memory live" "both live" "both summary" "both,,none,true live"; do
    # shellcheck disable=SC2086 # two words
    modes $mode
    is_live=$([ "$THAG_MEMORY" = live ] && echo 1)

    succeeded probe_heap_safe fork
    what="$mode: fork"
    traces 16
    parent=$(first_trace)
    checked "$parent"
    no_loss
    table "$parent"
    memory churn "blocks=${out% *}"
    memory fork_often blocks=15 bytes=$((15 * 64))
    [ -z "$is_live" ] || all_freed churn fork_often
    [ -z "$(stats of_child bytes)" ] || fail "the parent has memory of a child"
    for child in "$folder"/*.thag; do
        [ "$child" != "$parent" ] || continue
        checked "$child"
        no_loss
        table "$child"
        memory of_child blocks=10 bytes=5000
        [ -z "$is_live" ] || all_freed of_child
        [ -z "$(stats churn bytes)" ] || fail "a child has memory of the parent"
        memory fork_often blocks=0 bytes=0 # a span that it is in, nothing more
    done

    if ! grep -q ld-musl "$bin/probe_heap_safe"; then # which never unloads a library
        succeeded probe_heap_safe plugins "$bin/libheap_plugin_red.so" "$bin/libheap_plugin_blue.so"
        what="$mode: plugins"
        at_least "addresses met again" "${out% *}" 50
        checked
        no_loss
        "$analyze" fold --lines "$folder"/*.thag >"$work/lines" 2>"$work/said" || fail "fold: $(cat "$work/said")"
        for sum in red:11 blue:2300; do
            got=$(awk -v name="${sum%:*}_inside" '$0 ~ name { n += $NF } END { print n }' "$work/lines")
            [ "$got" = $((150 * ${sum#*:})) ] || fail "${sum%:*}: $got bytes: $(grep inside "$work/lines")"
        done
    fi

    succeeded probe_heap_safe lives
    what="$mode: lives"
    checked
    no_loss
    table
    memory short_life blocks=800 bytes=$((400 * 70))
    memory in_destructor blocks=3200 bytes=$((3200 * 70))
    [ -z "$is_live" ] || all_freed short_life in_destructor

    succeeded probe_heap_safe interrupted_spans
    what="$mode: interrupted_spans"
    checked
    no_loss
    table
    n=${out% *}
    memory allocating_handler "calls=$n" "blocks=$((2 * n))" "bytes=$((528 * n))" "reallocs=$n"
    [ -z "$is_live" ] || all_freed allocating_handler

    succeeded probe_heap_safe interrupted_hooks
    what="$mode: interrupted_hooks"
    checked
    no_loss
    table
    [ "$(calls span)" = "${out% *}" ] || fail "span: $(calls span) calls, expected ${out% *}"
    memory interrupted_hooks "blocks=${out#* }"
    [ -z "$is_live" ] || all_freed interrupted_hooks

    succeeded probe_heap_safe cancel
    what="$mode: cancel"
    checked
    no_line '^loss [^A]' # what was cancelled left its span open: ABANDONED
    table
    memory to_cancel blocks=$((20 * 3000)) bytes=$((20 * (3000 + 100 * 3000 * 2999 / 2)))
    memory deeper calls=$((20 * 3000 / 20 * 210)) blocks=$((20 * 3000 / 20 * 210))
    [ -z "$is_live" ] || all_freed to_cancel deeper
done
done_testing

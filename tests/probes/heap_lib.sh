# heap_lib.sh - what the probes of memory share. Sourced after probe_lib.sh.
#
#   table [FILE]                   make $work/stats.csv of the newest trace
#   memory NAME COLUMN=VALUE...    of it
#   all_freed NAME...              nothing that they allocated is live
#   in_all COLUMN                  the sum of all rows, for programs without spans: there each call has a row
#   at_least WHAT GOT EXPECTED
unset THAG_MEMORY THAG_SIZE_TRACKING_THRESHOLD SIZE_TRACKING_THRESHOLD LD_PRELOAD

table() { "$analyze" stats --memory --csv "${1-$(echo "$folder"/*.thag)}" >"$work/stats.csv" 2>"$work/said" || fail "stats --memory: $(cat "$work/said")"; }
memory() {
    local name=$1 pair got
    shift
    for pair in "$@"; do
        got=$(stats "$name" "${pair%%=*}")
        [ "$got" = "${pair#*=}" ] || fail "$name: ${pair%%=*} is '$got', expected ${pair#*=}"
    done
}
all_freed() {
    local name
    for name in "$@"; do
        memory "$name" live_blocks=0 live_bytes=0 "freed_blocks=$(stats "$name" blocks)" "freed_bytes=$(stats "$name" bytes)"
    done
}
in_all() {
    awk -F, -v name="$1" '
        NR == 1 { for (i = 2; i <= NF; i++) if ($i == name) column = i - 1; next }
        { sub(/^"([^"]|"")*",/, ""); sum += $column }
        END { if (!column) exit 1; printf "%.0f\n", sum }' "$work/stats.csv" || fail "no column $1"
}
at_least() { [ "${2:-0}" -ge "$3" ] || fail "$1: '$2', expected at least $3"; }

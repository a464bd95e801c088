# heap_lib.sh - what the probes of memory share. Sourced after probe_lib.sh.
#
#   table [FILE]                   make $work/stats.csv of the newest trace
#   memory NAME COLUMN=VALUE...    of it
#   all_freed NAME...              nothing that they allocated is live
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
at_least() { [ "${2:-0}" -ge "$3" ] || fail "$1: '$2', expected at least $3"; }

# probe_lib.sh - what the probes' drivers share. Sourced with: BIN_DIR THAG_ANALYZE SANITIZERS
#
#   run NAME [ARGUMENT...]   in an empty folder, $folder; sets $out, $status; stderr in $errors
#   checked [FILE...]        the traces there must be without contradiction; canonical text in $facts
#   line TEXT                a line of $facts that must be there
#   no_line PATTERN          one that must not
#   limited WHAT             true, and said: with this build's sanitizer that is not run (sanitizer_limits)
#   done_testing             exit status of the driver
set -u
shopt -s extglob
bin=$1 analyze=$2 sanitizers=${3-}
work=$(mktemp -d)
trap 'cd /; chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
unset THAG_PROFILER THAG_PROFILE THAG_CLOCK THAG_SAMPLE THAG_TIMELINE_LIMIT THAG_FOLDED_LIMIT
# A leak check forks and traces at each exit, of which the probes have thousands, in strange states; and some
# ask for more memory than there is. ThreadSanitizer sleeps for a second at each.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 TSAN_OPTIONS=atexit_sleep_ms=0
# The probes compare every span of the timeline, so nothing may be left out of it.
export THAG_TIMELINE_LIMIT=4G
failures=0
export what="" # the case that a failure is told of

fail() {
    echo "FAILED: $what: $*" | cut -c1-200 | head -30
    failures=$((failures + 1))
}

limited() {
    local sanitizer pattern why
    while read -r sanitizer pattern why; do
        # shellcheck disable=SC2053 # a pattern
        if [[ $sanitizers == *$sanitizer* && $1 == @($pattern) ]]; then
            echo "not run with $sanitizers: $1: $why"
            return 0
        fi
    done < <(grep '^[a-z]' "${BASH_SOURCE[0]%/*}/sanitizer_limits")
    return 1
}
if limited "$(basename "$0" .sh)"; then exit 77; fi

run() {
    what="$*"
    folder=$(mktemp -d -p "$work")
    local program=$1
    shift
    out=$(cd "$folder" && "$bin/$program" "$@" 2>"$work/stderr")
    status=$?
    # What AddressSanitizer says of every program that switches stacks is none of ours.
    errors=$(grep -vE "ASan doesn't fully support makecontext|ASan is ignoring requested __asan_handle_no_return|^False positive error reports may follow|^For details see https://github.com/google/sanitizers/issues/189" "$work/stderr")
}

succeeded() { # run, and nothing else is expected than success and silence
    run "$@"
    [ "$status" -eq 0 ] || fail "exit status $status: $errors"
    [ -z "$errors" ] || fail "said: $errors"
}

traces() {
    local found
    found=$(find "$folder" -name '*.thag' | wc -l)
    [ "$found" -eq "$1" ] || fail "$found traces, expected $1"
}

# The trace of the first process of a run that forked: its name has no number of a process.
first_trace() { find "$folder" -name '*.thag' -regextype posix-extended -regex '.*-[0-9]{8}-[0-9]{6}\.thag'; }

checked() {
    [ $# -gt 0 ] || set -- "$folder"/*.thag
    facts=$("$bin/trace_check" "$@" 2>"$work/contradictions") ||
        fail "trace_check: $(head -5 "$work/contradictions")"
}

line() { grep -qxF -- "$1" <<<"$facts" || fail "expected '${1:0:120}', got:"$'\n'"$(cut -c1-120 <<<"$facts" | head -30)"; }
no_line() { ! grep -qE -- "$1" <<<"$facts" || fail "unexpected: $(grep -E -- "$1" <<<"$facts" | head -3)"; }
no_loss() { no_line '^loss'; }
fact() { awk -v key="$1" '$1 == key { print $2 }' <<<"$facts"; }
loss() { awk -v key="$1" '$1 == "loss" && $2 == key { print $3 }' <<<"$facts"; }
calls() { sed -n "s/^name calls=\([0-9]*\) open=[0-9]* $1\$/\1/p" <<<"$facts"; }
opened() { sed -n "s/^name calls=[0-9]* open=\([0-9]*\) $1\$/\1/p" <<<"$facts"; }

# stats NAME COLUMN: of the newest table made with stats_table.
stats_table() { "$analyze" stats --csv "${1-$(echo "$folder"/*.thag)}" >"$work/stats.csv" || fail "stats"; }
stats() {
    awk -F, -v name="\"$1\"" -v column="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
        $1 == name { print $at }' "$work/stats.csv"
}

# near WHAT GOT EXPECTED PERCENT
near() {
    awk -v g="$2" -v e="$3" -v p="$4" 'BEGIN { d = g - e; if (d < 0) d = -d
        exit !(g != "" && e > 0 && d <= e * p / 100) }' || fail "$1: $2, expected $3 within $4 %"
}

done_testing() {
    [ "$failures" -eq 0 ] || { echo "$failures failures"; exit 1; }
    exit 0
}

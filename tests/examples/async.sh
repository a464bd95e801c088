#!/bin/bash
# async.sh - the examples of asynchronous code: counts are exact, and time is where it belongs.
# usage: async.sh BIN_DIR THAG_ANALYZE PRELOADED_ADAPTERS
set -uo pipefail
bin=$1 analyze=$2 adapters=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }

# calls NAME OF: of the example that ran last
calls() { awk -F, -v name="\"$1\"" '$1 == name { print $2 }' "$work/stats.csv"; }
expect() {
    local got
    got=$(calls "$1")
    [ "${got:-none}" = "$2" ] || fail "$example: $1 was called ${got:-never}, not $2"
}
run() {
    mkdir "$work/$1"
    (cd "$work/$1" && "$bin/$1_profiled" >"$work/stdout") || fail "$1: exit status $?"
    look "$1"
}
# The plain program, which knows nothing of profiling, with the adapters preloaded.
run_preloaded() {
    mkdir "$work/$1-preloaded"
    (cd "$work/$1-preloaded" && THAG_PROFILER=time LD_PRELOAD=$adapters "$bin/$1" >"$work/stdout") ||
        fail "$1, preloaded: exit status $?"
    look "$1-preloaded"
}
look() {
    example=$1
    "$analyze" stats --csv "$work/$1"/*.thag >"$work/stats.csv" || fail "$1: stats"
    "$analyze" fold "$work/$1"/*.thag >"$work/folded" || fail "$1: fold"
    "$analyze" flamegraph -o "$work/$1.svg" "$work/$1"/*.thag || fail "$1: flamegraph"
    "$analyze" info "$work/$1"/*.thag >"$work/info" || fail "$1: info"
    grep -q '^nothing was lost$' "$work/info" || fail "$1: $(tail -n 3 "$work/info")"
}
path() { grep -q "^$1 " "$work/folded" || fail "$example: no path $1 in $(cat "$work/folded")"; }

run async_coroutines
expect async::download 40
expect connect 40
expect receive 40
expect parse 200
path "main;start;async::download;receive;parse"

# What was waited is the same path by path and task by task, and so is what ran.
views() {
    local sum='{ s += $NF } END { printf "%.0f\n", s }' active wait all waited single profiler
    "$analyze" tasks --csv "$work/$1"/*.thag >"$work/tasks.csv"
    wait=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "wait_ns") at = i } NR > 1 { s += $at } END { printf "%.0f", s }' "$work/tasks.csv")
    active=$("$analyze" fold --unit=ns "$work/$1"/*.thag | awk "$sum")
    waited=$("$analyze" fold --unit=ns --waiting "$work/$1"/*.thag | awk "$sum")
    all=$("$analyze" fold --unit=ns --wall "$work/$1"/*.thag | awk "$sum")
    single=$("$analyze" fold --unit=ns --instances=7 "$work/$1"/*.thag | tee "$work/single" | awk "$sum")
    # A task's table has as waiting also what the profiler took for it in slow paths.
    profiler=$("$analyze" info --json "$work/$1"/*.thag | sed -n 's/.*"profiler_ns": \([0-9]*\).*/\1/p')
    awk -v a="$active" -v w="$waited" -v all="$all" -v t="$wait" -v s="$single" -v p="$profiler" '
        function differ(x, y) { return x > y * 1.001 + 10000 || y > x * 1.001 + 10000 }
        BEGIN { exit w == 0 || t + 10000 < w || t > w + p + 10000 || differ(a + w, all) || differ(a, s) }' ||
        fail "$1: ran $active, one by one $single; waited $waited, of tasks $wait, less the profiler's $profiler; both $all"
    [ "$(grep -o 'download#[0-9]*' "$work/single" | sort -u | wc -l)" -eq 7 ] &&
        grep -q ';async::download (others: 33);receive;parse ' "$work/single" ||
        fail "$1: $(cat "$work/single")"
    "$analyze" stats --waiting --csv "$work/$1"/*.thag | grep -q '^"connect",40,' ||
        fail "$1: waits of connect: $("$analyze" stats --waiting --csv "$work/$1"/*.thag)"
    # So it does through other commands: saved and read again, exported, compared with itself.
    "$analyze" filter --wall -o "$work/wall.thag" "$work/$1"/*.thag || fail "$1: filter --wall"
    [ "$("$analyze" fold --unit=ns "$work/wall.thag" | awk "$sum")" = "$all" ] || fail "$1: filter --wall lost time"
    "$analyze" export --wall --format=speedscope -o "$work/wall.json" "$work/$1"/*.thag || fail "$1: export --wall"
    grep -q '"\[waiting\]"' "$work/wall.json" || fail "$1: no waiting in the export"
    cp "$work/$1"/*.thag "$work/again.thag"
    "$analyze" diff --waiting --fail-over=0 "$work/$1"/*.thag "$work/again.thag" >"$work/diff" ||
        fail "$1: waits differ from themselves: $(cat "$work/diff")"
    grep -q '^total: *[1-9].* -> .*+0.0%' "$work/diff" || fail "$1: no waits in $(cat "$work/diff")"
    "$analyze" view --waiting -o "$work/$1.html" "$work/$1"/*.thag || fail "$1: view --waiting"
}
views async_coroutines

# Each task is a track along time, with its runs and an arrow from where it was begun.
tracks() {
    "$analyze" export --format=chrome -o "$work/$1.json" "$work/$1"/*.thag || fail "$1: export"
    "$analyze" tasks --csv "$work/$1"/*.thag | tr -d '\r' >"$work/tasks.csv"
    "$(dirname "$0")/check_tracks.py" "$work/$1.json" "$work/tasks.csv" || fail "$1: tracks of tasks"
    "$analyze" export --format=perfetto -o "$work/$1.perfetto" "$work/$1"/*.thag || fail "$1: export"
    [ "$(grep -ac 'on thread' "$work/$1.perfetto")" -gt 0 ] || fail "$1: no runs for Perfetto"
}
tracks async_coroutines

# Documents in stages, some of them as tasks, some not: all are counted, with what they spent at least.
run async_documents
expect async::document 50
for step in gen_content count_words calculate_sentiment; do expect $step 80; done
expect summarize 40
path "main;process_documents;task_loop;async::document;count_words"
path "main;process_one_by_one;count_words"
path "main;process_documents;joins"
for least in "count_words 800000000" "calculate_sentiment 1200000000" "summarize 200000000"; do
    "$analyze" fold --unit=ns "$work/async_documents"/*.thag | awk -v name="${least% *}" -v least="${least#* }" '
        $1 ~ ";" name "$" { s += $2 } END { exit s < least }' || fail "too little time in ${least% *}"
done
tracks async_documents
# With memory, each document has what it allocated, on whichever threads that was.
mkdir "$work/bytes"
(cd "$work/bytes" && "$bin/async_documents_full" >/dev/null) || fail "async_documents_full"
bytes=$("$analyze" tasks --csv "$work/bytes"/*.thag | tr -d '\r' |
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "bytes") at = i } NR > 1 { print $at }' | sort | uniq -c | xargs)
[ "$bytes" = "25 4000 25 4100" ] || fail "bytes of the documents: $bytes"

run async_thread_pool
expect async::job 100
expect compress 100
path "main;save_picture;async::job;compress"
path "main;save_text;async::job;compress"

run async_protothreads
expect async::serve 20
expect decode 80
path "main;loop;async::serve;decode"

if [ -x "$bin/async_minicoro_profiled" ]; then
    run async_minicoro
    grep -q '^240 lines$' "$work/stdout" || fail "$example: $(cat "$work/stdout")"
    expect async::session 12
    expect async::lines 12
    expect request 12
    expect parse 240
    expect read_block 48
    path "main;serve;async::session;request;parse"
    path "main;serve;async::session;request;async::lines;read_block"
    tracks async_minicoro
fi
if [ -x "$bin/async_cpp20_profiled" ]; then
    run async_cpp20
    expect async::order 40
    path "main;async::order;.*price()"
fi
# expect_server: what the server did, and below which of its own functions
expect_server() {
    grep -q '^200 lines$' "$work/stdout" || fail "$example: $(cat "$work/stdout")"
    expect async::on_connection 8
    expect async::on_line 208
    expect async::work 200
    expect async::after_work 200
    expect async::on_answered 200
    expect async::on_closed 8
    path "$1async::on_connection;async::on_line;async::work$2"
    path "$1async::on_connection;async::on_line;async::after_work;async::on_answered"
    path "$3async::on_connected;async::on_answer"
    ! grep -q 'on_tick.*on_tick' "$work/folded" || fail "$example: a timer that sets itself made the path longer"
}
# ThreadSanitizer would have to see libuv's own locks; a sanitizer cannot be preloaded.
sanitizer=$(nm -D "$adapters" | grep -oE '__(asan|tsan)_init' | head -n 1)
if [ "$sanitizer" = __tsan_init ]; then
    echo "libuv is not built for ThreadSanitizer: its example was not run"
elif [ -x "$bin/async_libuv_server_profiled" ]; then
    run async_libuv_server
    expect_server "main;start_server;" ";turn_around" "main;start_server;start_clients;"
    if [ -z "$sanitizer" ]; then
        run_preloaded async_libuv_server
        expect_server "" "" ""
    fi
else
    echo "no libuv here: its example was not run"
fi
[ "$failures" -eq 0 ]

#!/bin/bash
# menu.sh - drives the menu in tmux, key by key, and looks at the screen.
#
# usage: menu.sh THAG_ANALYZE GOLDEN_DIR
set -euo pipefail
command -v tmux >/dev/null || { echo "no tmux here"; exit 77; }
tool=$(realpath "$1")
golden=$(realpath "$2")
work=$(mktemp -d)
cd "$work"

# A server of its own: what the user runs in tmux is none of our business.
server=0
session() { tmux -S "$work/socket$server" -f /dev/null "$@"; }
trap 'session kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

screen() { session capture-pane -p -t menu; }

fail()
{
    echo "FAILED: $*. On the screen:"
    screen
    exit 1
}

# see TEXT... - each of them comes to be on the screen; a minute is for what never comes.
see()
{
    local text
    for text; do
        for ((i = 0; i < 3000; i++)); do
            screen | grep -qF -- "$text" && continue 2
            sleep 0.02
        done
        fail "not seen: $text"
    done
}

# unseen TEXT - it comes to be no more on the screen.
unseen()
{
    for ((i = 0; i < 3000; i++)); do
        screen | grep -qF -- "$1" || return 0
        sleep 0.02
    done
    fail "seen: $1"
}

keys() { session send-keys -t menu "$@"; }

# start COLUMNS ROWS [VARIABLE=VALUE...]
start()
{
    local columns=$1 rows=$2
    shift 2
    session kill-server 2>/dev/null || true
    server=$((server + 1)) # one that is ending still has its socket
    session new-session -d -s menu -x "$columns" -y "$rows" \
        "env -u DISPLAY -u WAYLAND_DISPLAY -u BROWSER LC_ALL=C.UTF-8 XDG_CONFIG_HOME=$work/config $* \
         sh -c '\"$tool\" profiles; echo status \$?; exec cat'"
    see '? Select analysis type:' '> Time Profile - Single'
}

mkdir profiles
for day in 1 2 3 4 5; do
    cp "$golden/v1_ended.thag" "profiles/prog-2026010$day-101010.thag"
done
cp "$golden/sample.thag" profiles/older-20251231-101010.thag
printf 'main 1\nmain;%s 5\n' 'breit_宽宽宽' >profiles/wide-20250101-000000.folded

# ---- the way down, a picture, the way back ----
start 80 24
see 'Time Profile - Differential' 'Memory Profile - Single' 'Memory Profile - Differential' 'Exit'
keys Enter
see '1. prog (5 files)' '   1.1: prog-20260105-101010.thag' '   ... and 2 more' '2. older (1 file)' \
    '? Select an option:' 'Filter/modify selection' '> 1. prog (5 files)'
keys Enter
see '? Select profile to analyze:' '> prog-20260105-101010.thag' 'Back'
keys Down Enter
see '> Select profile to analyze: prog-20260104-101010.thag' \
    'Show Aggregated Execution Timeline (Flamegraph)' \
    '...Filter Aggregated Functions (Recursive or Exact Match)' \
    'Show Individual Sequential Execution Timeline (Flamechart)' \
    '...Filter Individual Sequential Functions (Recursive or Exact Match)' \
    'Show Statistics' 'Show Asynchronous Tasks...' 'Show in Terminal (Flamegraph)' \
    'Show Everything on One Page in the Browser' 'Export for Another Tool...' \
    'Show What Was Recorded, and What Was Lost' 'Back to Profile Selection'
keys Enter
see "Use last color scheme (Aqua (Default))?"
keys n Enter
see '? Select color scheme:' 'Rust'
keys Down Down Down Enter
see 'Flame graph generated: prog-20260104-101010-flamegraph.svg' '? Select action:'
grep -q '</svg>' prog-20260104-101010-flamegraph.svg
[ "$(cat config/thag/time-palette)" = hot ] || fail "the scheme is not remembered"

# ---- filters: several, all, none, type to filter ----
keys filter
see '? Select action: filter' '> ...Filter Aggregated Functions'
unseen '  Show Statistics'
keys Enter
see '? Select filtering mode:' '> Recursive (filter out function and ALL its children)' \
    'Exact Match (filter out function only when it has NO children)'
keys Enter
see '? Select functions to filter out:' '[ ] main' '[ ] fib'
keys Right
see '[x] main' '[x] fib' '[x] w'
keys Left
see '[ ] main' '[ ] fib' '[ ] w'
keys 'fi'
see '> [ ] fib'
keys Space BSpace BSpace
see '[x] fib' '[ ] main'
keys Enter
see '> Select functions to filter out: fib' 'Use last color scheme (Hot)?'
keys Enter
see 'prog-20260104-101010-flamegraph.svg exists. Overwrite it?'
keys Enter
see '--ignore=\A(?:\Qfib\E)\z' 'Flame graph generated'
grep -q '<title>fib' prog-20260104-101010-flamegraph.svg && fail "fib is in the picture"
grep -q '<title>main' prog-20260104-101010-flamegraph.svg || fail "main is not in the picture"

# ---- statistics are those of the command ----
keys Escape
see '> Select action: <back>' '? Select profile to analyze:'
keys Enter
see '? Select action:'
keys 'show statistics' Enter
see '$ thag-analyze stats -- profiles/prog-20260104-101010.thag' 'function' '[enter goes back to the menu]'
unseen 'Show in Terminal (Flamegraph)'
keys Enter
see '? Select action:' 'Show in Terminal (Flamegraph)'

# ---- tasks, the page, exports ----
keys asynchronous Enter
see '? Select view of tasks:' '> List Tasks, Longest First' 'Show Running and Waiting Together (Flamegraph)' 'Back to Actions'
keys Enter
see '$ thag-analyze tasks --limit=20 -- profiles/prog' 'no tasks' '[enter goes back to the menu]'
keys Escape
see '? Select view of tasks:'
keys Down Down Down Enter
see 'Use last color scheme (Hot)?'
keys Enter
see '$ thag-analyze flamegraph --palette=hot --wall' 'Flame graph generated: prog-20260104-101010-wall-flamegraph.svg'
keys Escape
see '? Select action:'
keys 'one page' Enter
see 'Page generated: prog-20260104-101010.html'
grep -q '</html>' prog-20260104-101010.html
keys export Enter
see '? Select format:' '> folded: collapsed stacks' 'pprof: go tool pprof' 'perfetto: ui.perfetto.dev'
keys speedscope.app Enter
see 'Exported: prog-20260104-101010.speedscope.json'
grep -q '"profiles"' prog-20260104-101010.speedscope.json
keys recorded Enter
see 'nothing was lost' '[enter goes back to the menu]'
keys Enter
see '? Select action:'
keys C-c
see '> Select action: <stopped>' 'status 130'

# ---- selection filter, wide characters, a small window, no colour ----
start 40 10 NO_COLOR=1
keys Enter
see '? Select an option:'
keys Home Enter
see 'Apply/modify filter' 'Clear filter' 'Back to selection'
keys Enter
see '? Enter filter string:'
keys wide Enter
see "Current filter: 'wide' (1 programs)" '> 1. wide (1 file)'
keys Enter Enter
see '? Select action:'
keys Down Enter
see '? Select filtering mode:'
session resize-window -t menu -x 30 -y 8
see '> Recursive (filter out func…'
keys Enter
see '[ ] breit_宽宽宽'
keys Escape
see '? Select action:'
session capture-pane -p -e -t menu | grep -q $'\033\[3' && fail "colours in spite of NO_COLOR"
keys C-c
see 'status 130'

# ---- memory: a screen each ----
cp "$golden/v1_heap.thag" profiles/heap-20270101-101010.thag
start 80 40
keys memory Enter Enter
see '? Select profile to analyze:'
keys Enter
see '? Select action:' 'Show Aggregated Memory Profile (Flamegraph)' 'Show Who Had the Memory at the Peak' \
    'Show Leaks: What Was Never Freed' 'Show Who Frees What Others Allocate' 'Show Live Heap Over Time' 'Show Pools and Arenas' 'Back to Profile Selection'
keys leaks Enter
see '$ thag-analyze leaks --limit=15 -- profiles/heap' '[enter goes back to the menu]'
keys Enter
see '? Select action:'
keys 'live heap' Enter
see '$ thag-analyze heap -- profiles/heap' '[enter goes back to the menu]'
keys Enter
see '? Select action:'
keys C-c
see 'status 130'
rm profiles/heap-20270101-101010.thag

# ---- differential ----
start 80 50
keys Down Enter
see '? Select an option:'
keys Enter
see "? Select 'before' profile:" '> prog-20260104-101010.thag'
keys Enter
see "? Select 'after' profile:" '> prog-20260105-101010.thag'
unseen '  prog-20260104-101010.thag'
keys Enter
see 'before: prog-20260104-101010' 'after:  prog-20260105-101010' 'no function differs'
keys Escape
see '? Select analysis type:'
keys End Enter
see 'Exiting' 'status 0'

# ---- the flamegraph in the terminal ----
start_command()
{
    session kill-server 2>/dev/null || true
    server=$((server + 1))
    session new-session -d -s menu -x 80 -y 14 \
        "env TERM=screen-256color LC_ALL=C.UTF-8 sh -c '\"$tool\" $*; echo status \$?; exec cat'"
}
printf '%s\n' 'main 20' 'main;parse 100' 'main;parse;lex 200' 'main;eval;lex 40' 'main;eval 240' >one.folded
printf '%s\n' 'main 20' 'main;parse 100' 'main;parse;lex 100' 'main;eval;lex 40' 'main;eval 480' >two.folded
start_command tui one.folded
see 'one  600 samples' '>all' '|main' '|eval' '|parse' '|lex' '600 samples, 100.00%, self 0 samples: all'
keys Down Down
see '300 samples, 50.00%, self 100 samples: parse'
keys Enter
unseen '|eval'
keys Escape Escape
see '|eval'
keys / lex Enter
see '/lex: 40.00%' ': lex'
keys i
see 'bottom up: one  600 samples'
keys i
see '|eval'
keys Down Down Down
see ': lex'
keys s
see 'callers of lex in one  240 samples' '|eval' '|parse'
keys Escape q
see 'status 0'
start_command tui one.folded two.folded
see 'one to two  740 samples' '|+85% eval' '|-33% parse' '|-50% lex'
session resize-window -t menu -x 40 -y 8
see 'one to two'
keys q
see 'status 0'

# ---- a thousand profiles: there at once (the time is for people to see) ----
for ((i = 0; i < 1000; i++)); do
    : >"profiles/many-$((20200101 + i))-000000.thag"
done
begun=${EPOCHREALTIME/./}
start 80 24
keys Enter
see 'many (1000 files)'
echo "menu of 1000 profiles: $(((${EPOCHREALTIME/./} - begun) / 1000)) ms with all that tmux does"
echo "menu: all as expected"

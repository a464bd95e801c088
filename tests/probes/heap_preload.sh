#!/bin/bash
# heap_preload.sh - programs that were never rebuilt run as they did, and what they allocate is counted.
# shellcheck source=probe_lib.sh
. "$(dirname "$0")/probe_lib.sh"
unset THAG_MEMORY THAG_SIZE_TRACKING_THRESHOLD SIZE_TRACKING_THRESHOLD LD_PRELOAD
heap=$HEAP_LIBRARY
ran=0

# same COMMAND...: with and without, and profiled in both modes
same() {
    what="$*"
    command -v "$1" >/dev/null || return 0
    ran=$((ran + 1))
    folder=$(mktemp -d -p "$work")
    (cd "$work" && "$@") >"$work/plain.out" 2>"$work/plain.err"
    local plain=$? mode
    for mode in none summary live; do
        (cd "$work" && THAG_PROFILER=${mode/none/},"$folder" && [ $mode != none ] && export THAG_PROFILER="memory,$folder" THAG_MEMORY=$mode || unset THAG_PROFILER
            LD_PRELOAD=$heap exec "$@") >"$work/with.out" 2>"$work/with.err"
        local with=$?
        [ $with -eq $plain ] || fail "$mode: exit status $with, without $plain: $(tail -3 "$work/with.err")"
        cmp -s "$work/plain.out" "$work/with.out" || fail "$mode: another output"
        cmp -s "$work/plain.err" "$work/with.err" || fail "$mode: said $(head -3 "$work/with.err")"
        [ $mode != none ] || [ -z "$(ls -A "$folder")" ] || fail "files without a setting"
    done
    local trace blocks=0
    for trace in "$folder"/*.thag; do
        "$analyze" stats --memory --csv "$trace" >"$work/stats.csv" 2>&1 || fail "stats: $(cat "$work/stats.csv")"
        facts=$("$bin/trace_check" "$trace" 2>&1) || fail "$trace: $facts"
        no_loss
        blocks=$((blocks + $(awk -F, 'NR > 1 { n += $3 } END { print n + 0 }' "$work/stats.csv")))
    done
    [ "$blocks" -gt 10 ] || fail "$blocks blocks"
}

seq 2000 >"$work/numbers"
printf '#include <stdio.h>\nint main(void) { puts("hello"); return 3; }\n' >"$work/hello.c"
same sort --parallel=2 -S 1M -R --random-source=numbers numbers
same find /usr/include -maxdepth 1 -name 's*'
same bash -c 'for i in 1 2 3; do x=$(echo $i | sed s/1/one/); echo "$x"; done; exit 5'
same sh -c 'kill -9 $$'
same gcc -c hello.c -o hello.o
same perl -e 'my %h; $h{$_} = "x" x $_ for 1..2000; print scalar(keys %h), "\n"'
wanted=5
# The whole list takes a while.
if [ -n "${HEAP_ALL-}" ]; then
    wanted=18
    same ls -la /usr
    same sort -rn numbers
    same cat numbers
    same cp -v numbers copied
    same grep -c 7 numbers
    same sed -n 's/1/2/p' numbers
    same awk '{ s += $1; a[$1] = s } END { print s }' numbers
    same tar cf archive.tar numbers
    same make -n -f /dev/null
    same python3 -c 'import json; print(len(json.dumps([{"a": i} for i in range(20000)])))'
    same git --version
    same git -C "$(dirname "$0")" log --oneline -n 20
    same cmake --version
    same node -e 'console.log([1,2,3].map(String).join())'
    same gdb --batch --version
    same sqlite3 :memory: 'create table t(a); insert into t values(1),(2); select sum(a) from t;'
    same jq -n '[range(2000)] | add'
    same lua5.4 -e 'local t = {} for i = 1, 20000 do t[i] = tostring(i) end print(#t)'
    same xz -k -f -9 numbers
    same clang -c hello.c -o hello.o
    same openssl version -a
    same diff numbers hello.c
    same date -u -d @0
    same env printf '%s\n' one
fi
[ "$ran" -ge $wanted ] || fail "only $ran programs here"

# A program that has a malloc of its own is told of, and runs as ever.
what="a malloc that is not ours"
said=$(LD_PRELOAD=$heap THAG_PROFILER="memory,$work" "$bin/probe_own_malloc" 2>&1) || fail "exit status $?"
grep -q '^thag_profiler: malloc is that of .*probe_own_malloc, not of libthag_heap; no memory is recorded$' <<<"$said" ||
    fail "said: $said"
grep -qx 'done' <<<"$said" || fail "output: $said"

# AddressSanitizer wants its runtime to be first; gcc's is a library, which comes second now.
what="a program with AddressSanitizer"
cat >"$work/checked.c" <<'C'
#include <stdlib.h>
void *volatile p;
int main(void)
{
    for (int i = 0; i < 50; i++) free(p = malloc(1000));
    return 4;
}
C
if gcc -fsanitize=address "$work/checked.c" -o "$work/checked" 2>/dev/null; then
    mkdir "$work/asan"
    "${analyze%/*}/thag-run" --memory -o "$work/asan" "$work/checked" >/dev/null 2>"$work/said"
    [ $? -eq 4 ] || fail "exit status not 4: $(cat "$work/said")"
    "$analyze" stats --memory --csv "$work"/asan/*.thag >"$work/stats.csv" || fail "stats"
    [ "$(stats main bytes)" -ge 50000 ] || fail "bytes: $(cat "$work/stats.csv")"
fi

# What an independent tool counts, to the byte; where it is there.
if command -v valgrind >/dev/null; then
    like_valgrind() {
        what="like valgrind: $*"
        local theirs ours
        folder=$(mktemp -d -p "$work")
        theirs=$(cd "$work" && valgrind "$@" 2>&1 >/dev/null |
            sed -n 's/.*total heap usage: \([0-9,]*\) allocs.* \([0-9,]*\) bytes allocated.*/\1 \2/p' | tr -d ,)
        (cd "$work" && THAG_PROFILER="memory,$folder" LD_PRELOAD=$heap exec "$@" >/dev/null)
        "$analyze" stats --memory --csv "$folder"/*.thag >"$work/stats.csv"
        ours=$(awk -F, 'NR > 1 { n += $3; b += $4 } END { print n, b }' "$work/stats.csv")
        [ -n "$theirs" ] && [ "$theirs" = "$ours" ] || fail "blocks and bytes '$ours', valgrind: '$theirs'"
    }
    like_valgrind sort -rn numbers
    [ -z "${HEAP_ALL-}" ] || like_valgrind sed -n 's/1/2/p' numbers
    like_valgrind find /usr/include -maxdepth 2 -name 's*'
fi
done_testing

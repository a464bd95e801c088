#!/bin/bash
# async_commands.sh - runs the shell blocks of docs/async.md word for word, on a program with coroutines, and on a
# server that knows nothing of profiling.
# usage: async_commands.sh DOCUMENT TOOLS_DIR EXAMPLES_DIR
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH=$2:$PATH
cp "$3/async_libuv_server" "$work/server" 2>/dev/null || cp "$(command -v true)" "$work/server"
awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$1" >"$work/blocks.sh"
[ "$(grep -c '^thag-' "$work/blocks.sh")" -ge 9 ] || { echo "async_commands.sh: blocks not found"; exit 1; }
cd "$work"
fail() { echo "async_commands.sh: $*"; cat out.txt err.txt; exit 1; }

cat >prog.c <<'C'
#include <ucontext.h>
enum { COROUTINES = 7, TURNS = 10 };
static ucontext_t loop, coroutines[COROUTINES];
static char stacks[COROUTINES][65536];
static void receive(int n) { swapcontext(&coroutines[n], &loop); }
void download(int n) { for (int i = 0; i < TURNS; i++) receive(n); }
int main(void)
{
    for (int n = 0; n < COROUTINES; n++) {
        ucontext_t *c = &coroutines[n];
        getcontext(c);
        c->uc_stack.ss_sp = stacks[n];
        c->uc_stack.ss_size = sizeof stacks[n];
        c->uc_link = &loop;
        makecontext(c, (void (*)(void))download, 1, n);
    }
    for (int turn = 0; turn <= TURNS; turn++)
        for (int n = 0; n < COROUTINES; n++) swapcontext(&loop, &coroutines[n]);
    return 0;
}
C
thag-cc cc -O1 -rdynamic prog.c -o prog
bash -eux blocks.sh >out.txt 2>err.txt || fail "a command failed"
[ "$(grep -cE '^ +[0-9]+ +async::d' out.txt)" -eq 7 ] || fail "not seven tasks"
grep -q '^nothing was lost$' out.txt || fail "something was lost, or in the wrong place"
for picture in ran longest prog-*-waiting-flamegraph prog-*-wall-flamegraph; do
    grep -q 'async::download' $picture.svg || fail "not in $picture"
done
if [ -x "$3/async_libuv_server" ]; then
    grep -q '^async::on_line  *208 ' err.txt || fail "no callbacks of the server"
fi

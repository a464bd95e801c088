# Coroutines are tasks with --tasks: in a program built by thag-cc, in one hooked by the compiler; and where that
# cannot be, one line says so.
. "$CASES/run_lib.bash"
cat >turns.c <<'C'
#include <stdlib.h>
#include <ucontext.h>
enum { COROUTINES = 3, TURNS = 5, STACK = 65536 };
static ucontext_t loop, coroutines[COROUTINES];
static char *hold(size_t bytes) { return malloc(bytes); }
static void yield(int n) { swapcontext(&coroutines[n], &loop); }
void turn(int n)
{
    for (int i = 0; i < TURNS; i++) { free(hold(1000)); yield(n); }
}
static void create(int n)
{
    getcontext(&coroutines[n]);
    coroutines[n].uc_stack.ss_sp = malloc(STACK);
    coroutines[n].uc_stack.ss_size = STACK;
    coroutines[n].uc_link = &loop;
    makecontext(&coroutines[n], (void (*)(void))turn, 1, n);
}
int main(void)
{
    for (int n = 0; n < COROUTINES; n++) create(n);
    for (int i = 0; i <= TURNS; i++)
        for (int n = 0; n < COROUTINES; n++) swapcontext(&loop, &coroutines[n]);
    return 0;
}
C
thag-cc cc -g -rdynamic turns.c -o turns
cc -g -rdynamic -finstrument-functions turns.c -o hooked

# show PROGRAM OPTION...: its calls by path, what was wrong with the stacks, and bytes by path
show()
{
    rm -rf out
    echo "$*"
    thag-run -q -o out "${@:2}" "./$1" >said 2>&1 || cat said
    thag-analyze stats --csv out/*.thag | awk -F, 'NR > 1 { print "  " $1, $2 }' | sort
    thag-analyze fold out/*.thag | grep -o '^.*;hold' | sed 's/^/  /'
    thag-analyze info out/*.thag | grep -c -e 'without a word' -e damaged -e 'ended inside'
}
show turns
show turns --tasks
show hooked --tasks
show turns --tasks --adapters --both
thag-analyze fold --memory out/*.thag | grep ';hold '

build_program static
thag-run -q -o out --tasks --adapters ./static 2>&1 | grep -v -e '^flamegraph: ' -e '^trace: '
mkdir alone
cp "$(command -v thag-run)" alone/
alone/thag-run --tasks ./turns
echo "status $?"

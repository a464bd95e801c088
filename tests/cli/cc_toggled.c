/* cc_toggled.c - functions that begin while nothing is recorded, or it is paused, and end while it is, inlined
   into one that was recorded; the other way round; recursion in between, a longjmp out of all, a fork. */
#include <alloca.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* thag-cc has included thag_profiler.h. */

static volatile int zero;
static jmp_buf back;

static inline void quiet(void)
{
    thag_pause();
}
static inline void loud(void)
{
    thag_resume();
}
static inline void off(void)
{
    thag_disable_profiling();
}
static inline void on(void)
{
    thag_enable_profiling(THAG_MODE_runtime);
}
static __attribute__((noinline)) int leaf(int a)
{
    return a + zero;
}
static inline int twice(int a)
{
    return leaf(a) + leaf(a + 1);
}
static __attribute__((noinline)) int paused(int a)
{
    quiet();
    a += twice(a);
    loud();
    return a + twice(a);
}
static __attribute__((noinline)) int toggled(int a)
{
    off();
    a += twice(a);
    on();
    return a + twice(a);
}
/* Every second level of it is recorded. */
static __attribute__((noinline)) int deep(int n)
{
    char text[n + 1];

    memset(text, 'x', (size_t)n + 1);
    if (n % 2) off();
    if (n % 2 == 0) on();
    return n ? deep(n - 1) + text[n] : toggled(n);
}
static __attribute__((noinline)) int sized(int n)
{
    int sum = leaf(n);
    char *text = alloca((size_t)n + 1);

    memset(text, 'x', (size_t)n + 1);
    return sum + twice(text[n]);
}
static __attribute__((noinline)) void jumps(int depth)
{
    if (depth == 0) longjmp(back, 1);
    quiet();
    loud();
    jumps(depth - 1);
}
/* Ends what was left. */
static __attribute__((noinline)) void caught(void)
{
    if (setjmp(back) == 0) jumps(3);
}
static __attribute__((noinline)) int forked(int a)
{
    int status;
    pid_t child = fork();

    if (child) return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1;
    return twice(a) & 127;
}
static int children(void)
{
    int is_child, status = 0;
    pid_t self = getpid();

    status = forked(3);
    is_child = getpid() != self;
    if (is_child) _exit(status);
    return status;
}
int main(void)
{
    long sum = 0;

    for (int i = 0; i < 100; i++) {
        sum += paused(i) + toggled(i) + deep(i % 8) + sized(i);
        caught();
        sum += leaf(i);
    }
    sum += children();
    printf("%ld\n", sum);
    return 0;
}

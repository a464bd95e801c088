/*
 * probe_tasks.c - tasks that wander: coroutines on several threads, entered by whoever is free.
 *
 *     coroutines THREADS TASKS ROUNDS   task k is "job (k % 8)", and opens "work (k % 8)" in itself;
 *                                       whatever is charged to another job makes a path that must not be
 *     unannounced THREADS TASKS ROUNDS  the control: the same without saying who runs
 *     allocate THREADS TASKS ROUNDS     as coroutines, and each round 25 blocks of 8 bytes
 *     killed THREADS TASKS ROUNDS STEPS as coroutines, until so many steps were done
 *     jumps THREADS TASKS ROUNDS        unannounced, and all but the first switch by siglongjmp
 *     callbacks                         no stacks: begun, resumed and ended in turn from one function
 *     nested switched reused current    the interface, call by call
 *     rearmed COUNT                     a timer that sets itself again
 *     idle COUNT                        tasks that never run; prints how many bytes each takes
 *     twice gone awaited                misuse
 *     suspended                         left open at the end, one in a span, one ended while suspended
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler/async.h"
#include "thag_profiler/context.h"

enum { JOBS = 8, STACK = 64 * 1024 };

typedef struct job {
    sigjmp_buf jump_self, *jump_back;
    int has_begun;
    ucontext_t self, *back;
    thag_task *task;
    int number, rounds, is_done;
    struct job *next;
} job;

static int is_announced, jumps;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static job *first, *last;
static int left;

static void put(job *j)
{
    j->next = NULL;
    if (last)
        last->next = j;
    else
        first = j;
    last = j;
}

static void step(void)
{
    THAG_PROFILED();
}

static int allocates, kill_after, worked;

/* 25 of 8 bytes, so 100 in four rounds. */
static void allocate(void)
{
    THAG_PROFILED();
    for (int i = 0; i < 25; i++) {
        void *volatile kept = malloc(8);
        free(kept);
    }
}

static void pause_job(job *j)
{
    if (jumps) {
        if (!sigsetjmp(j->jump_self, 0)) siglongjmp(*j->jump_back, 1);
        return;
    }
    swapcontext(&j->self, j->back);
}

static void work(job *j)
{
    char name[16];

    snprintf(name, sizeof name, "work %d", j->number % JOBS);
    THAG_PROFILE((const char *)name);
    for (int i = 0; i < j->rounds; i++) {
        step();
        if (kill_after) __atomic_fetch_add(&worked, 1, __ATOMIC_RELAXED);
        if (allocates) allocate();
        pause_job(j);
    }
    THAG_END(name);
}

static void job_main(unsigned low, unsigned high)
{
    job *j = (job *)((unsigned long)high << 32 | low);

    work(j);
    j->is_done = 1;
    pause_job(j);
}

static void resume(job *j)
{
    ucontext_t here;
    sigjmp_buf jump_here;

    j->back = &here;
    j->jump_back = &jump_here;
    if (jumps && sigsetjmp(jump_here, 0)) return;
    if (jumps && j->has_begun) siglongjmp(j->jump_self, 1);
    j->has_begun = 1;
    if (is_announced) {
        THAG_TASK_RUN(j->task);
        swapcontext(&here, &j->self);
    } else {
        swapcontext(&here, &j->self);
    }
}

static void finish(job *j)
{
    if (is_announced) thag_task_end(j->task);
    free(j->self.uc_stack.ss_sp);
    free(j);
}

static void *worker(void *unused)
{
    THAG_PROFILED();
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        job *j = first;
        if (j) first = j->next;
        if (!first) last = NULL;
        int is_over = left == 0;
        pthread_mutex_unlock(&lock);
        if (is_over) return NULL;
        if (!j) continue;
        resume(j);
        int is_done = j->is_done;
        if (is_done) finish(j);
        pthread_mutex_lock(&lock);
        if (is_done)
            left--;
        else
            put(j);
        pthread_mutex_unlock(&lock);
    }
}

static void spawn(int number, int rounds)
{
    job *j = calloc(1, sizeof *j);
    char name[16];

    snprintf(name, sizeof name, "job %d", number % JOBS);
    if (is_announced) j->task = thag_task_begin((const char *)name);
    j->number = number;
    j->rounds = rounds;
    getcontext(&j->self);
    j->self.uc_stack.ss_sp = malloc(STACK);
    j->self.uc_stack.ss_size = STACK;
    makecontext(&j->self, (void (*)(void))job_main, 2, (unsigned)(unsigned long)j,
                (unsigned)((unsigned long)j >> 32));
    put(j);
}

static void coroutines(int threads, int tasks, int rounds)
{
    pthread_t thread[16];

    left = tasks;
    for (int i = 0; i < tasks; i++) spawn(i, rounds);
    for (int i = 0; i < threads; i++) pthread_create(&thread[i], NULL, worker, NULL);
    if (kill_after) {
        while (__atomic_load_n(&worked, __ATOMIC_RELAXED) < kill_after) usleep(100);
        raise(SIGKILL);
    }
    for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
}

/* --- without stacks ---------------------------------------------------------------------------- */

static const thag_site held = {"held", "turn", __FILE__, __LINE__, 1, 0};

__attribute__((noinline)) static void turn(thag_task *task, int number, int depth)
{
    if (depth) { /* each time from somewhere else on the stack */
        volatile char room[512];
        room[0] = 0;
        turn(task, number, depth - 1);
        room[1] = room[0];
        return;
    }
    THAG_TASK_RUN(task);
    if (number == 0) thag_section_begin(&held, "held");
    step();
    if (number == 9) THAG_END("held");
}

static void callbacks(void)
{
    THAG_PROFILED();
    thag_task *task[50];

    for (int i = 0; i < 50; i++) task[i] = thag_task_begin("connection");
    for (int number = 0; number < 10; number++)
        for (int i = 0; i < 50; i++) turn(task[i], number, (i * 7 + number * 3) % 5);
    for (int i = 0; i < 50; i++) thag_task_end(task[i]);
}

/* --- the interface ----------------------------------------------------------------------------- */

static void check(int is_true, const char *what)
{
    if (!is_true) printf("FAILED: %s\n", what);
}

static void nested(void)
{
    thag_task *outer = thag_task_begin("outer"), *inner = thag_task_begin("inner");

    check(thag_task_current() == NULL, "none at first");
    thag_task *thread = thag_task_enter(outer);
    check(thread == NULL, "the thread before outer");
    check(thag_task_current() == outer, "outer runs");
    step();
    thag_task *previous = thag_task_enter(inner);
    check(previous == outer, "outer before inner");
    step();
    check(thag_task_enter(inner) == inner, "entered once more");
    thag_task_leave(previous);
    check(thag_task_current() == outer, "outer runs again");
    step();
    thag_task_leave(thread);
    check(thag_task_current() == NULL, "none at last");
    step();
    thag_task_end(inner);
    thag_task_end(outer);
}

static void switched(void)
{
    thag_task *a = thag_task_begin("a"), *b = thag_task_begin("b");

    thag_task_switch(a);
    for (int i = 0; i < 100; i++) {
        step();
        thag_task_switch(i % 2 ? a : b);
    }
    thag_task_switch(NULL);
    step();
    thag_task_end(a);
    thag_task_end(b);
    thag_task_end(NULL);
    check(thag_task_enter(NULL) == NULL, "nothing is entered");
}

static void reused(void)
{
    thag_task *task = thag_task_begin_root("request");

    for (int i = 0; i < 20; i++) {
        unsigned long long before = thag_task_id(task);
        {
            THAG_TASK_RUN(task);
            step();
            if (i % 2) thag_task_reuse(task, "request");
        }
        if (i % 2 == 0) thag_task_reuse(task, "answer");
        check(thag_task_id(task) == before + 1, "a new number");
    }
    thag_task_end(task);
}

/* A timer that sets itself again: the path must not grow. */
static void rearmed(int count)
{
    thag_task *task = thag_task_begin("timer");

    for (int i = 0; i < count; i++) {
        thag_task *next;
        {
            THAG_TASK_RUN(task);
            step();
            next = thag_task_begin("timer");
        }
        thag_task_end(task);
        task = next;
    }
    thag_task_end(task);
}

/* --- positions and resumable spans ------------------------------------------------------------- */

static thag_ctx context[4];

static void *continuer(void *unused)
{
    THAG_PROFILED();
    (void)unused;
    for (int i = 0; i < 400; i++) {
        THAG_CONTINUE(&context[i % 4], "on_event");
        step();
    }
    return NULL;
}

static void submit(int which)
{
    THAG_PROFILED();
    context[which] = thag_ctx_capture();
}

static void continued(void)
{
    pthread_t thread;

    check(sizeof context[0] == 24, "24 bytes");
    for (int i = 0; i < 3; i++) submit(i); /* the fourth is none: it starts at the root */
    pthread_create(&thread, NULL, continuer, NULL);
    pthread_join(thread, NULL);
    for (int i = 0; i < 1000; i++) { /* sets itself again: the path must not grow */
        THAG_CONTINUE(&context[0], "on_timer");
        context[0] = thag_ctx_capture();
        step();
    }
}

typedef struct machine {
    int at;
    thag_async span;
} machine;

static int run_machine(machine *m)
{
    THAG_ASYNC(&m->span, "machine");
    switch (m->at) {
    case 0:
        for (m->at = 1; m->at < 5;) {
            step();
            return 0;
        case 1:
        case 2:
        case 3:
        case 4: m->at++;
        }
    }
    step();
    m->at = 0;
    THAG_ASYNC_END(&m->span);
    return 1;
}

static void stackless(void)
{
    THAG_PROFILED();
    machine many[50];
    int done = 0;

    memset(many, 0, sizeof many);
    while (done < 100)
        for (int i = 0; i < 50; i++) done += run_machine(&many[i]);
    run_machine(&many[0]);
    thag_async_cancel(&many[0].span);
    thag_async_cancel(&many[1].span); /* is not under way */
}

/* --- misuse ------------------------------------------------------------------------------------ */

static pthread_barrier_t barrier;

static void *other(void *task)
{
    pthread_barrier_wait(&barrier);
    {
        THAG_TASK_RUN(task);
        step();
    }
    thag_task_end(task);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void twice(void)
{
    thag_task *task = thag_task_begin("wanted");
    pthread_t thread;

    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, other, task);
    {
        THAG_TASK_RUN(task);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
        step();
    }
    pthread_join(thread, NULL);
    thag_task_end(task);
}

static void gone(void)
{
    thag_task *task = thag_task_begin("short");

    thag_task_end(task);
    thag_task_end(task);
    {
        THAG_TASK_RUN(task);
        step();
    }
    thag_task_ready(task);
    check(thag_task_id(task) == 0, "no number");
}

/* A plain span around an await: entered again, its begin is jumped over. gcc compiles it. */
#if !defined(__clang__)
/* clang-format off */
__attribute__((noinline, optimize("O0"))) static void awaits(int at)
{
    switch (at) {
    case 0:;
        THAG_PROFILE("around an await", unbounded);
        return;
    case 1:
        at++;
    }
}
/* clang-format on */

static void awaited(void)
{
    THAG_PROFILED();
    awaits(0);
    awaits(1);
}
#endif

__attribute__((noinline)) static int hold(int depth)
{
    volatile int mine = depth; /* so that each has a stack frame */

    thag_section_begin(&held, "held");
    int below = depth > 1 ? hold(depth - 1) : 0;
    return below + mine;
}

static void idle(int count)
{
    probe_resident_kib(); /* which takes some itself */
    long before = probe_resident_kib();

    for (int i = 0; i < count; i++) (void)thag_task_begin("idle");
    printf("%ld\n", (probe_resident_kib() - before) * 1024 / count);
}

static void suspended(void)
{
    thag_task *a = thag_task_begin("never run"), *b = thag_task_begin("in a span"),
              *c = thag_task_begin("given up"), *d = thag_task_begin("deep");
    (void)a;
    {
        THAG_TASK_RUN(b);
        thag_section_begin(&held, "held");
        step();
    }
    {
        THAG_TASK_RUN(c);
        hold(2);
    }
    thag_task_end(c);
    {
        THAG_TASK_RUN(d);
        hold(500);
    }
    step();
}

/* Times: a task runs 3 x 10 ms, waits 2 x 20 ms for itself and 5 ms of the second in line. */
static void spin_ms(int ms)
{
    struct timespec from, now;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000000L + now.tv_nsec - from.tv_nsec < ms * 1000000L);
}

static void times(void)
{
    thag_task *task = thag_task_begin("timed");

    for (int i = 0; i < 3; i++) {
        {
            THAG_TASK_RUN(task);
            THAG_PROFILE("spin", unbounded);
            spin_ms(10);
        }
        if (i == 2) break;
        THAG_PROFILE("meanwhile", unbounded);
        spin_ms(15);
        if (i == 1) thag_task_ready(task);
        spin_ms(5);
    }
    thag_task_end(task);
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(yes);
    const char *what = argc > 1 ? argv[1] : "";

    jumps = strcmp(what, "jumps") == 0;
    allocates = strcmp(what, "allocate") == 0;
    is_announced = !jumps && strcmp(what, "unannounced") != 0;
    if (argc == 6) kill_after = atoi(argv[5]);
    if (argc >= 5) coroutines(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
    if (strcmp(what, "callbacks") == 0) callbacks();
    if (strcmp(what, "nested") == 0) nested();
    if (strcmp(what, "switched") == 0) switched();
    if (strcmp(what, "reused") == 0) reused();
    int count = argc == 3 ? atoi(argv[2]) : 0;
    if (strcmp(what, "rearmed") == 0) rearmed(count);
    if (strcmp(what, "idle") == 0) idle(count);
    if (strcmp(what, "continued") == 0) continued();
    if (strcmp(what, "stackless") == 0) stackless();
    if (strcmp(what, "twice") == 0) twice();
    if (strcmp(what, "gone") == 0) gone();
#if !defined(__clang__)
    if (strcmp(what, "awaited") == 0) awaited();
#endif
    if (strcmp(what, "suspended") == 0) suspended();
    if (strcmp(what, "times") == 0) times();
    return 0;
}

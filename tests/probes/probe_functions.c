/* probe_functions.c - a program that knows nothing of the profiler, for -finstrument-functions. Arguments:
   plugins to load, run and unload in turn. See functions.sh. */
#include <alloca.h>
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALONE __attribute__((__noinline__))

static jmp_buf out;

static int twice(int n)
{
    return 2 * n;
}

static int fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static ALONE void jump(int n)
{
    if (n == 0) longjmp(out, 1);
    jump(n - 1);
}

/* Its stack pointer moves between its begin and its end. */
static ALONE int on_stack(int n)
{
    char *room = alloca((size_t)n);

    memset(room, 1, (size_t)n);
    return twice(room[n / 2]);
}

static void *worker(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100; i++) twice(i);
    return NULL;
}

/* A compiler that hears of it makes code without hooks for it. */
__attribute__((__no_instrument_function__)) static int quiet(int n)
{
    return n + 1;
}

static ALONE int run_plugin(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    int (*plugin_run)(int) =
        handle ? (__extension__(int (*)(int)) dlsym(handle, "plugin_run")) : NULL;

    if (!plugin_run) return -1;
    plugin_run(3);
    return dlclose(handle);
}

static ALONE void in_child(void)
{
    if (fork() == 0) {
        fib(5);
        _exit(0);
    }
    wait(NULL);
}

int main(int argc, char **argv)
{
    pthread_t thread;
    volatile int sum = 0;

    for (int i = 0; i < 1000; i++) sum += twice(i) + quiet(i);
    sum += fib(10);
    for (volatile int i = 0; i < 5; i++) {
        if (!setjmp(out)) jump(3);
    }
    for (int i = 1; i <= 10; i++) sum += on_stack(100 * i);
    for (int i = 0; i < 50; i++) {
        for (int k = 1; k < argc; k++) {
            if (run_plugin(argv[k]) != 0) return 1;
        }
    }
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    in_child();
    return 0;
}

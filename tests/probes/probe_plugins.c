/* probe_plugins.c - loads and unloads plugins, which come to lie at the same addresses. See plugins.sh. */
#include <dlfcn.h>
#include <pthread.h>

#include "probe.h"
#include "thag_profiler.h"

static void *seen[2];
static int reused;

static PROBE_NOINLINE void run_plugin(const char *path, int which, int turns)
{
    THAG_PROFILED();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) fprintf(stderr, "%s\n", dlerror());
    PROBE_MUST(handle);
    int (*run)(int);
    *(void **)&run = dlsym(handle, "plugin_run");
    PROBE_MUST(run && run(turns) == turns);
    seen[which] = *(void **)&run;
    if (seen[which] == seen[!which]) reused++;
    PROBE_MUST(dlclose(handle) == 0);
    PROBE_MUST(!dlopen(path, RTLD_NOW | RTLD_NOLOAD)); /* gone indeed */
}

static void *other_thread(void *arg)
{
    char **argv = arg;
    for (int i = 0; i < 50; i++) run_plugin(argv[1 + i % 2], i % 2, 3);
    return NULL;
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(time);
    PROBE_MUST(argc == 3);
    for (int i = 0; i < 200; i++) run_plugin(argv[1 + i % 2], i % 2, 3);
    pthread_t thread;
    PROBE_MUST(!pthread_create(&thread, NULL, other_thread, argv));
    pthread_join(thread, NULL);
    printf("%d\n", reused);
    return 0;
}

/*
 * reason.c - why a program left no trace, as far as its file tells.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "thag-analyze/analyze.h"
#include "thag-run/run.h"

/* Where execvp() found it. 0: nowhere. */
static int find_program(const char *name, char path[PATH_MAX])
{
    const char *dir = getenv("PATH");

    if (strchr(name, '/')) return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    while (dir) {
        const char *colon = strchrnul(dir, ':');
        int len = (int)(colon - dir);

        if (snprintf(path, PATH_MAX, "%.*s/%s", len ? len : 1, len ? dir : ".", name) < PATH_MAX &&
            access(path, X_OK) == 0) {
            return 1;
        }
        dir = *colon ? colon + 1 : NULL;
    }
    return 0;
}

typedef struct image {
    const char *bytes;
    size_t len;
    int has_more_rights; /* than who starts it */
} image;

static int image_open(image *im, const char *path)
{
    struct stat st;
    void *bytes = MAP_FAILED;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    memset(im, 0, sizeof *im);
    if (fd < 0) return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        im->len = (size_t)st.st_size;
        im->has_more_rights = ((st.st_mode & S_ISUID) && st.st_uid != getuid()) ||
                              ((st.st_mode & S_ISGID) && st.st_gid != getgid()) ||
                              fgetxattr(fd, "security.capability", NULL, 0) > 0;
        bytes = mmap(NULL, im->len, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    close(fd);
    im->bytes = bytes;
    return bytes != MAP_FAILED;
}

static void image_close(image *im)
{
    munmap((void *)(uintptr_t)im->bytes, im->len);
}

static int holds(const image *im, const char *text)
{
    return memmem(im->bytes, im->len, text, strlen(text)) != NULL;
}

/* A name that the runtime asks the environment for; and that of the shared library. A stripped
   program has these, if it has the runtime. */
static int holds_runtime(const image *im)
{
    return holds(im, "THAG_TIMELINE_LIMIT") || holds(im, "libthag_profiler.so");
}

static void say(const char *name, const char *reason, const char *advice)
{
    complain(0, name, "nothing was recorded: %s", reason);
    fprintf(stderr, "  %s\n", advice);
}

static const char children_advice[] = "--children profiles the programs that it starts, too";

static void say_script(const image *im, const char *name)
{
    const char *line = im->bytes + 2, *end = memchr(line, '\n', im->len < 200 ? im->len - 2 : 198);
    char reason[256];

    while (end && line < end && *line == ' ') line++;
    snprintf(reason, sizeof reason, "it is a script, which %.*s runs", end ? (int)(end - line) : 14,
             end ? line : "an interpreter");
    say(name, reason, children_advice);
}

static void say_unprofiled(const run_plan *plan, const char *name)
{
    say(name, "there is no profiling in it",
        "build it with CC=\"thag-cc cc\", or with the macros of thag_profiler.h and "
        "-DTHAG_TIME_PROFILING");
    if (!plan->children) fprintf(stderr, "  %s\n", children_advice);
}

void reason_say(const run_plan *plan)
{
    const char *name = plan->command[0];
    char path[PATH_MAX];
    image im;

    if (!find_program(name, path) || !image_open(&im, path)) {
        complain(0, name, "nothing was recorded, and its file cannot be read to see why");
        return;
    }
    if (im.has_more_rights)
        say(name, "it runs with more rights than you have, and so takes no settings from you",
            "run it as its owner, or a copy of it without setuid and file capabilities");
    else if (im.len > 2 && memcmp(im.bytes, "#!", 2) == 0)
        say_script(&im, name);
    else if (!holds_runtime(&im))
        say_unprofiled(plan, name);
    else
        say(name, "the profiler is in it, but was not switched on",
            "THAG_ENABLE_PROFILING(runtime) belongs into main; a line above may say more");
    image_close(&im);
}

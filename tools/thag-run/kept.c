/*
 * kept.c - a program that was made for one run stays beside its traces, for the names and lines of the
 * calls in them. Its name has its build-id in it: runs of the same source share it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "symbol/symbol.h"
#include "thag-run/run.h"

/* 0 and errno: it could not be copied. */
static int copy(int from, int to)
{
    char bytes[1 << 16];
    ssize_t n;

    while ((n = read(from, bytes, sizeof bytes)) > 0) {
        for (ssize_t done = 0, more; done < n; done += more) {
            more = write(to, bytes + done, (size_t)(n - done));
            if (more < 0) return 0;
        }
    }
    return n == 0;
}

/* There under its name when it is complete. */
static int copy_file(const char *from, const char *path)
{
    char temporary[4200];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, is_done = 0, saved;

    snprintf(temporary, sizeof temporary, "%s.%ld.part", path, (long)getpid());
    if (in >= 0) out = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    if (out >= 0) is_done = copy(in, out);
    if (out >= 0 && close(out) != 0) is_done = 0;
    if (is_done) is_done = rename(temporary, path) == 0;
    saved = errno;
    if (in >= 0) close(in);
    if (out >= 0 && !is_done) unlink(temporary);
    errno = saved;
    return is_done;
}

char *program_keep(const run_plan *plan, const run_traces *found)
{
    char name[1024], *path;
    const char *first = found->count ? found->paths[0] : "";
    const char *slash = strrchr(first, '/');

    if (!plan->is_made || !found->build_id[0]) return NULL;
    symbol_kept_name(name, sizeof name, plan->command[0], found->build_id);
    if (asprintf(&path, "%.*s%s", slash ? (int)(slash - first) + 1 : 0, first, name) < 0)
        return NULL;
    if (access(path, F_OK) == 0 || copy_file(plan->command[0], path)) return path;
    complain(0, path, "the program cannot be kept (%s): calls in the trace will have no names",
             strerror(errno));
    free(path);
    return NULL;
}

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/installation.h"

/* Relative to the tool: as installed, then as built. */
static const char *const library_dirs[] = {THAG_LIBDIR_FROM_BINDIR,
                                           "../src/runtime",
                                           "../src/heap",
                                           "../src/hooks",
                                           "../src/adapters",
                                           ".",
                                           NULL};
static const char *const include_dirs[] = {THAG_INCLUDEDIR_FROM_BINDIR, "../include", NULL};

/* Length of the folder of the running tool, which is in path; 0 if unknown. */
static size_t own_dir(char path[PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    const char *slash;

    if (len <= 0) return 0;
    path[len] = 0;
    slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}

/* The first of the folders that holds name; the real path of it, or of the folder. */
static char *find(const char *const *dirs, const char *name, int want_dir)
{
    char own[PATH_MAX], path[PATH_MAX];
    size_t len = own_dir(own);

    for (; len && *dirs; dirs++) {
        int dir_len = snprintf(path, sizeof path, "%.*s/%s", (int)len, own, *dirs);

        if (dir_len + strlen(name) + 2 > sizeof path) continue;
        path[dir_len] = '/';
        strcpy(path + dir_len + 1, name);
        if (access(path, R_OK) != 0) continue;
        if (want_dir) path[dir_len] = 0;
        return realpath(path, NULL);
    }
    return NULL;
}

char *installation_library(const char *name)
{
    return find(library_dirs, name, 0);
}

char *installation_include_dir(void)
{
    return find(include_dirs, "thag_profiler.h", 1);
}

char *installation_tool(const char *name)
{
    char own[PATH_MAX], *path = NULL;
    size_t len = own_dir(own);

    if (!len || asprintf(&path, "%.*s/%s", (int)len, own, name) < 0) return NULL;
    return path;
}

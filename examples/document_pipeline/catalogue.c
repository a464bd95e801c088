/*
 * catalogue.c - walks a directory tree.
 */
#include "catalogue.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "thag_profiler.h"

static char *join(const char *directory, const char *name)
{
    size_t bytes = strlen(directory) + 1 + strlen(name) + 1;
    char *path = malloc(bytes);

    if (path) snprintf(path, bytes, "%s/%s", directory, name);
    return path;
}

static int catalogue_add(catalogue *list, char *path)
{
    if (list->path_count == list->path_room) {
        size_t room = list->path_room ? 2 * list->path_room : 32;
        char **paths = realloc(list->paths, room * sizeof *paths);

        if (!paths) return -1;
        list->paths = paths;
        list->path_room = room;
    }
    list->paths[list->path_count++] = path;
    return 0;
}

static int catalogue_visit(catalogue *list, const char *directory);

/* Takes the path over. */
static int visit_entry(catalogue *list, char *path)
{
    struct stat facts;
    int status = -1;

    if (!path) return -1;
    if (lstat(path, &facts) == 0) {
        if (S_ISREG(facts.st_mode)) {
            status = catalogue_add(list, path);
            if (status == 0) return 0;
        } else {
            status = S_ISDIR(facts.st_mode) ? catalogue_visit(list, path) : 0;
        }
    }
    free(path);
    return status;
}

static int catalogue_visit(catalogue *list, const char *directory)
{
    THAG_PROFILED();
    DIR *stream = opendir(directory);
    struct dirent *entry;
    int status = 0;

    if (!stream) return -1;
    while (status == 0 && (entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        status = visit_entry(list, join(directory, entry->d_name));
    }
    closedir(stream);
    return status;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int catalogue_scan(catalogue *list, const char *directory)
{
    THAG_PROFILED();

    if (catalogue_visit(list, directory) != 0) return -1;
    if (list->path_count > 0) {
        qsort(list->paths, list->path_count, sizeof *list->paths, compare_paths);
    }
    return 0;
}

void catalogue_release(catalogue *list)
{
    for (size_t i = 0; i < list->path_count; i++) free(list->paths[i]);
    free(list->paths);
    *list = (catalogue){0};
}

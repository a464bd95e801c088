#include "thag-analyze/menu/profile_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/message.h"

#define TIME_LEN 15 /* YYYYMMDD-HHMMSS */

/* ---- names ---- */

static const char *ending_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot ? dot : "";
}

static int is_time(const char *text)
{
    for (int i = 0; i < TIME_LEN; i++) {
        if (i == 8 ? text[i] != '-' : !isdigit((unsigned char)text[i])) return 0;
    }
    return 1;
}

/* The last "-YYYYMMDD-HHMMSS" of a name; NULL if it has none. */
static const char *time_in(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = len > TIME_LEN ? len - TIME_LEN : 0; i-- > 0;) {
        if (name[i] == '-' && is_time(name + i + 1)) return name + i;
    }
    return NULL;
}

static int is_of_kind(const char *name, enum profile_kind kind)
{
    const char *ending = ending_of(name);
    int is_memory;

    if (strcmp(ending, ".thag") == 0) return 1;
    if (strcmp(ending, ".folded") != 0) return 0;
    is_memory = strstr(name, "-memory") != NULL;
    return is_memory == (kind == PROFILE_OF_MEMORY);
}

/* ---- reading ---- */

static void set_time(profile_file *f, const struct stat *st)
{
    const char *at = time_in(f->name);
    struct tm tm;

    if (at) {
        memcpy(f->time, at + 1, TIME_LEN);
        f->program_len = (size_t)(at - f->name);
        return;
    }
    f->program_len = (size_t)(ending_of(f->name) - f->name);
    if (!localtime_r(&st->st_mtime, &tm) ||
        !strftime(f->time, sizeof f->time, "%Y%m%d-%H%M%S", &tm)) {
        strcpy(f->time, "00000000-000000");
    }
}

static int add_file(profile_files *list, const char *dir, const char *name, const struct stat *st)
{
    size_t dir_len = strcmp(dir, ".") == 0 ? 0 : strlen(dir);
    profile_file *f;

    if (list->file_count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        profile_file *files = realloc(list->files, room * sizeof *files);

        if (!files) return 0;
        list->files = files;
        list->room = room;
    }
    f = &list->files[list->file_count];
    *f = (profile_file){.path = malloc(dir_len + strlen(name) + 2)};
    if (!f->path) return 0;
    sprintf(f->path, "%.*s%s%s", (int)dir_len, dir, dir_len && dir[dir_len - 1] != '/' ? "/" : "",
            name);
    f->name = f->path + strlen(f->path) - strlen(name);
    set_time(f, st);
    list->file_count++;
    return 1;
}

/* Does the system say it is a file, and if not by name, of when? */
static int is_file(int dir, const struct dirent *entry, struct stat *st)
{
    if (entry->d_type == DT_REG && time_in(entry->d_name)) return 1;
    return fstatat(dir, entry->d_name, st, 0) == 0 && S_ISREG(st->st_mode);
}

static int read_dir(profile_files *list, const char *path, enum profile_kind kind,
                    const char *filter)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int ok = 1;

    if (!dir) return complain(EXIT_SYSTEM, path, "cannot open (%s)", strerror(errno));
    while (ok && (entry = readdir(dir)) != NULL) {
        struct stat st = {0};

        if (!is_of_kind(entry->d_name, kind) || !strstr(entry->d_name, filter)) continue;
        if (is_file(dirfd(dir), entry, &st)) ok = add_file(list, path, entry->d_name, &st);
    }
    closedir(dir);
    return ok ? EXIT_FINE : complain(EXIT_SYSTEM, path, "out of memory");
}

/* ---- order ---- */

static int compare_programs(const profile_file *a, const profile_file *b)
{
    size_t len = a->program_len < b->program_len ? a->program_len : b->program_len;
    int order = strncmp(a->name, b->name, len);

    if (order) return order;
    return a->program_len < b->program_len ? -1 : a->program_len > b->program_len;
}

/* By program, the newest first; the trace of a run before its stacks. */
static int by_program_and_time(const void *left, const void *right)
{
    const profile_file *a = left, *b = right;
    int order = compare_programs(a, b);

    if (!order) order = strcmp(b->time, a->time);
    if (!order) order = strcmp(ending_of(b->name), ending_of(a->name));
    return order ? order : strcmp(a->name, b->name);
}

static int newest_first(const void *left, const void *right)
{
    const profile_group *a = left, *b = right;

    /* While this sorts, `count` files begin at `first`, and program holds the newest time. */
    return strcmp(b->program, a->program);
}

/* Are these the stacks of the run whose trace is the other? */
static int is_beside(const profile_file *stacks, const profile_file *trace)
{
    size_t stem = (size_t)(ending_of(trace->name) - trace->name);

    return strcmp(ending_of(trace->name), ".thag") == 0 &&
           strcmp(ending_of(stacks->name), ".folded") == 0 &&
           strncmp(stacks->name, trace->name, stem) == 0 &&
           (stacks->name[stem] == '.' || strncmp(stacks->name + stem, "-memory", 7) == 0);
}

static void drop_stacks_beside(profile_files *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->file_count; i++) {
        int is_double = 0;

        for (size_t k = kept; k-- > 0 && !is_double;) {
            if (strcmp(list->files[k].time, list->files[i].time) != 0) break;
            is_double = is_beside(&list->files[i], &list->files[k]);
        }
        if (is_double)
            free(list->files[i].path);
        else
            list->files[kept++] = list->files[i];
    }
    list->file_count = kept;
}

static int make_groups(profile_files *list)
{
    list->groups = calloc(list->file_count + 1, sizeof *list->groups);
    if (!list->groups) return 0;
    for (size_t i = 0; i < list->file_count; i++) {
        if (!i || compare_programs(&list->files[i - 1], &list->files[i]) != 0) {
            list->groups[list->group_count++] =
                (profile_group){.program = list->files[i].time, .first = i};
        }
        list->groups[list->group_count - 1].count++;
    }
    if (list->group_count) {
        qsort(list->groups, list->group_count, sizeof *list->groups, newest_first);
    }
    for (size_t g = 0; g < list->group_count; g++) {
        const profile_file *f = &list->files[list->groups[g].first];

        list->groups[g].program = strndup(f->name, f->program_len);
        if (!list->groups[g].program) {
            list->group_count = g;
            return 0;
        }
    }
    return 1;
}

int profile_files_read(profile_files *list, const char *dir, enum profile_kind kind,
                       const char *filter)
{
    int status;

    memset(list, 0, sizeof *list);
    status = read_dir(list, dir, kind, filter);
    if (status != EXIT_FINE || !list->file_count) return status;
    qsort(list->files, list->file_count, sizeof *list->files, by_program_and_time);
    drop_stacks_beside(list);
    return make_groups(list) ? EXIT_FINE : complain(EXIT_SYSTEM, dir, "out of memory");
}

void profile_files_release(profile_files *list)
{
    for (size_t i = 0; i < list->file_count; i++) free(list->files[i].path);
    for (size_t g = 0; g < list->group_count; g++) free(list->groups[g].program);
    free(list->files);
    free(list->groups);
    memset(list, 0, sizeof *list);
}

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "output/quantity.h"
#include "output/utf8.h"
#include "thag-analyze/analyze.h"

#define SHOWN 20

typedef struct found {
    char *name;
    struct timespec modified;
    int64_t bytes;
} found;

typedef struct found_list {
    found *items;
    size_t count, cap;
} found_list;

static int is_profile(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && (strcmp(dot, ".thag") == 0 || strcmp(dot, ".folded") == 0);
}

static int newest_first(const void *left, const void *right)
{
    const found *a = left, *b = right;

    if (a->modified.tv_sec != b->modified.tv_sec) {
        return a->modified.tv_sec > b->modified.tv_sec ? -1 : 1;
    }
    if (a->modified.tv_nsec != b->modified.tv_nsec) {
        return a->modified.tv_nsec > b->modified.tv_nsec ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

static int keep(found_list *list, const char *name, const struct stat *st)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 64;
        found *items = realloc(list->items, cap * sizeof *items);

        if (!items) return 0;
        list->items = items;
        list->cap = cap;
    }
    list->items[list->count] =
        (found){.name = strdup(name), .modified = st->st_mtim, .bytes = st->st_size};
    return list->items[list->count++].name != NULL;
}

static int read_dir(found_list *list, const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int ok = 1;

    if (!dir) return complain(EXIT_SYSTEM, path, "cannot open (%s)", strerror(errno));
    while (ok && (entry = readdir(dir)) != NULL) {
        struct stat st;

        if (!is_profile(entry->d_name) || fstatat(dirfd(dir), entry->d_name, &st, 0) != 0) continue;
        if (S_ISREG(st.st_mode)) ok = keep(list, entry->d_name, &st);
    }
    closedir(dir);
    return ok ? EXIT_FINE : complain(EXIT_SYSTEM, path, "out of memory");
}

static void show(const found *f)
{
    char size[QUANTITY_ROOM], when[32];
    struct tm tm;

    quantity_text(size, PROFILE_BYTES, f->bytes, NULL);
    if (!localtime_r(&f->modified.tv_sec, &tm) ||
        !strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm)) {
        strcpy(when, "?");
    }
    printf("  %s  %9s  ", when, size);
    utf8_put_plain(stdout, f->name, strlen(f->name), SIZE_MAX);
    putchar('\n');
}

int list_profiles(const char *dir)
{
    found_list list = {0};
    int status = read_dir(&list, dir);

    if (status != EXIT_FINE) goto done;
    if (!list.count) {
        status = complain(EXIT_NOTHING, dir, "no profiles (*.thag, *.folded) in this directory");
        goto done;
    }
    qsort(list.items, list.count, sizeof *list.items, newest_first);
    printf("Profiles, newest first:\n");
    for (size_t i = 0; i < list.count && i < SHOWN; i++) show(&list.items[i]);
    if (list.count > SHOWN) printf("  and %zu more\n", list.count - SHOWN);
    printf("\nThere is no menu yet. To look at one:\n"
           "  thag-analyze stats FILE\n  thag-analyze flamegraph FILE\n  thag-analyze info FILE\n");
    status = EXIT_USAGE;
done:
    for (size_t i = 0; i < list.count; i++) free(list.items[i].name);
    free(list.items);
    return status;
}

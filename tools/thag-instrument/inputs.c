#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "thag-instrument/instrument.h"

#define COMMANDS_FILE "compile_commands.json"
#define DEPTH_MAX     200 /* of directories in directories */

/* ---- the list ---- */

static const char *keep_standard(input_list *l, const char *standard)
{
    char **grown;

    for (size_t i = 0; i < l->standard_count; i++) {
        if (strcmp(l->standards[i], standard) == 0) return l->standards[i];
    }
    grown = realloc(l->standards, (l->standard_count + 1) * sizeof *grown);
    if (!grown) return NULL;
    l->standards = grown;
    grown[l->standard_count] = strdup(standard);
    return grown[l->standard_count] ? grown[l->standard_count++] : NULL;
}

int inputs_add(input_list *l, const char *path, const char *standard)
{
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        input_file *grown = realloc(l->files, room * sizeof *grown);
        if (!grown) return complain(EXIT_SYSTEM, NULL, "out of memory");
        l->files = grown;
        l->room = room;
    }
    l->files[l->count].standard = standard ? keep_standard(l, standard) : NULL;
    l->files[l->count].path = strdup(path);
    if (!l->files[l->count].path) return complain(EXIT_SYSTEM, NULL, "out of memory");
    l->count++;
    return EXIT_FINE;
}

void inputs_release(input_list *l)
{
    for (size_t i = 0; i < l->count; i++) free(l->files[i].path);
    for (size_t i = 0; i < l->standard_count; i++) free(l->standards[i]);
    free(l->files);
    free(l->standards);
    memset(l, 0, sizeof *l);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const input_file *)a)->path, ((const input_file *)b)->path);
}

/* Sort, and keep each path once. */
static void settle(input_list *l)
{
    size_t kept = 0;

    if (l->count > 1) qsort(l->files, l->count, sizeof *l->files, by_path);
    for (size_t i = 0; i < l->count; i++) {
        if (kept && strcmp(l->files[kept - 1].path, l->files[i].path) == 0) {
            if (!l->files[kept - 1].standard) l->files[kept - 1].standard = l->files[i].standard;
            free(l->files[i].path);
        } else {
            l->files[kept++] = l->files[i];
        }
    }
    l->count = kept;
}

/* ---- directories ---- */

/* In a directory, .inc may be anything, and what was preprocessed is no source. */
static int is_source(const char *name)
{
    const char *dot = strrchr(name, '.');
    source_language language;

    if (dot && (strcmp(dot, ".inc") == 0 || strcmp(dot, ".i") == 0 || strcmp(dot, ".ii") == 0))
        return 0;
    return source_language_of(&language, name, "", 0);
}

static int add_directory(input_list *l, const char *path, int depth);

static int add_entry(input_list *l, const char *folder, const char *name, int depth)
{
    char *path;
    struct stat st;
    int status = EXIT_FINE;

    if (asprintf(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name) < 0)
        return complain(EXIT_SYSTEM, NULL, "out of memory");
    /* A link may lead out of the tree, or around in it. */
    if (lstat(path, &st) != 0)
        status = EXIT_FINE;
    else if (S_ISDIR(st.st_mode))
        status = add_directory(l, path, depth + 1);
    else if (S_ISREG(st.st_mode) && is_source(name))
        status = inputs_add(l, path, NULL);
    free(path);
    return status;
}

static int add_directory(input_list *l, const char *path, int depth)
{
    DIR *folder = depth < DEPTH_MAX ? opendir(path) : NULL;
    struct dirent *entry;
    int status = EXIT_FINE;

    if (!folder) return complain(EXIT_SYSTEM, path, "cannot open (%s)", strerror(errno));
    while (status == EXIT_FINE && (entry = readdir(folder))) {
        if (entry->d_name[0] != '.') status = add_entry(l, path, entry->d_name, depth);
    }
    closedir(folder);
    return status;
}

/* ---- arguments ---- */

static int add_argument(input_list *l, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct stat st;

    if (strcmp(slash ? slash + 1 : path, COMMANDS_FILE) == 0) return inputs_add_commands(l, path);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return add_directory(l, path, 0);
    return inputs_add(l, path, NULL);
}

int inputs_collect(input_list *l, char **arguments, int count)
{
    int worst = EXIT_FINE;

    memset(l, 0, sizeof *l);
    for (int i = 0; i < count; i++) {
        int status = add_argument(l, arguments[i]);
        if (status > worst) worst = status;
    }
    settle(l);
    return worst;
}

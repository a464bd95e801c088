#include "thag-analyze/menu/action_menu.h"

#include <stdio.h>
#include <string.h>

#include "output/export/export.h"
#include "thag-analyze/menu/filter_menu.h"
#include "thag-analyze/menu/show.h"

#define ENTRIES_MAX  24
#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct choice {
    const char *path;
    enum profile_kind kind;
} choice;

/* A line of a menu: a command that prints a table, or something else to do; neither: back. */
typedef struct menu_entry {
    const char *text;
    const char *table[4]; /* the command and its options */
    prompt_end (*run)(const choice *c);
} menu_entry;

static prompt_end run_menu(const choice *c, const char *question, const menu_entry *entries,
                           size_t count);

/* A saved profile, or collapsed stacks, that have nothing but memory. */
static int is_memory_alone(const choice *c)
{
    return strstr(c->path, "-memory") != NULL;
}

/* ---- pictures ---- */

static prompt_end flamegraph(const choice *c)
{
    return show_picture("flamegraph", c->path, c->kind, &(show_options){0});
}

static prompt_end flamechart(const choice *c)
{
    return show_picture("flamechart", c->path, c->kind, &(show_options){0});
}

static prompt_end filtered_picture(const choice *c, const char *name)
{
    show_options options = {0};
    prompt_end end = filter_ask(c->path, c->kind, &options);

    if (end == PROMPT_DONE) end = show_picture(name, c->path, c->kind, &options);
    show_options_release(&options);
    return end;
}

static prompt_end filtered_flamegraph(const choice *c)
{
    return filtered_picture(c, "flamegraph");
}

static prompt_end filtered_flamechart(const choice *c)
{
    return filtered_picture(c, "flamechart");
}

static prompt_end in_terminal(const choice *c)
{
    int is_memory = c->kind == PROFILE_OF_MEMORY && !is_memory_alone(c);

    if (is_memory)
        show_run((const char *[]){"tui", "--memory", "--", c->path, NULL});
    else
        show_run((const char *[]){"tui", "--", c->path, NULL});
    return PROMPT_DONE;
}

static prompt_end page(const choice *c)
{
    return show_written((const char *[]){"view", NULL}, c->path, ".html", "Page generated");
}

/* ---- tasks ---- */

static prompt_end task_picture(const choice *c, const char *option, const char *value,
                               const char *suffix)
{
    show_options options = {.suffix = suffix};
    prompt_end end = PROMPT_BACK;

    if (show_options_add(&options, option, value))
        end = show_picture("flamegraph", c->path, c->kind, &options);
    show_options_release(&options);
    return end;
}

static prompt_end waiting(const choice *c)
{
    return task_picture(c, "waiting", NULL, "-waiting");
}

static prompt_end wall(const choice *c)
{
    return task_picture(c, "wall", NULL, "-wall");
}

static prompt_end instances(const choice *c)
{
    return task_picture(c, "instances", "10", "-tasks");
}

static prompt_end tasks(const choice *c)
{
    static const menu_entry entries[] = {
        {"List Tasks, Longest First", {"tasks", "--limit=20"}, NULL},
        {"List Tasks by What They Waited", {"tasks", "--sort=wait", "--limit=20"}, NULL},
        {"Show What Tasks Waited (Flamegraph)", {NULL}, waiting},
        {"Show Running and Waiting Together (Flamegraph)", {NULL}, wall},
        {"Show the Ten Tasks That Ran Longest, One by One (Flamegraph)", {NULL}, instances},
        {"Show What Ran When, a Lane for Each Task (Flamechart)", {NULL}, flamechart},
        {"Back to Actions", {NULL}, NULL}};

    return run_menu(c, "Select view of tasks:", entries, COUNT(entries));
}

/* ---- exports ---- */

static prompt_end export(const choice *c)
{
    const char *items[ENTRIES_MAX], *arguments[4] = {"export"};
    char texts[ENTRIES_MAX][120], option[64];
    size_t count = 0, chosen = 0, at[ENTRIES_MAX];
    prompt_end end;

    for (size_t i = 0; export_format_at(i) && count < ENTRIES_MAX; i++) {
        const export_format *f = export_format_at(i);

        if (f->is_experimental || (f->needs_timeline && c->kind == PROFILE_OF_MEMORY)) continue;
        snprintf(texts[count], sizeof texts[count], "%s: %s", f->name, f->summary);
        at[count] = i;
        items[count] = texts[count];
        count++;
    }
    end = prompt_select("Select format:", items, count, &chosen);
    if (end != PROMPT_DONE) return end;
    snprintf(option, sizeof option, "--format=%s", export_format_at(at[chosen])->name);
    arguments[1] = option;
    if (c->kind == PROFILE_OF_MEMORY && !is_memory_alone(c)) arguments[2] = "--memory";
    return show_written(arguments, c->path, export_format_at(at[chosen])->suffix, "Exported");
}

/* ---- the menus ---- */

#define FILTER_AGGREGATED "...Filter Aggregated Functions (Recursive or Exact Match)"
#define FILTER_SEQUENTIAL "...Filter Individual Sequential Functions (Recursive or Exact Match)"
#define OF_EITHER_KIND \
    {"Show in Terminal (Flamegraph)", {NULL}, in_terminal}, \
        {"Show Everything on One Page in the Browser", {NULL}, page}, \
        {"Export for Another Tool...", {NULL}, export}, \
        {"Show What Was Recorded, and What Was Lost", {"info"}, NULL}, \
    { \
        "Back to Profile Selection", {NULL}, NULL \
    }

static const menu_entry time_entries[] = {
    {"Show Aggregated Execution Timeline (Flamegraph)", {NULL}, flamegraph},
    {FILTER_AGGREGATED, {NULL}, filtered_flamegraph},
    {"Show Individual Sequential Execution Timeline (Flamechart)", {NULL}, flamechart},
    {FILTER_SEQUENTIAL, {NULL}, filtered_flamechart},
    {"Show Statistics", {"stats"}, NULL},
    {"Show Asynchronous Tasks...", {NULL}, tasks},
    OF_EITHER_KIND};

static const menu_entry memory_entries[] = {
    {"Show Aggregated Memory Profile (Flamegraph)", {NULL}, flamegraph},
    {FILTER_AGGREGATED, {NULL}, filtered_flamegraph},
    {"Show Individual Sequential Memory Profile (Flamechart)", {NULL}, flamechart},
    {FILTER_SEQUENTIAL, {NULL}, filtered_flamechart},
    {"Show Memory Statistics", {"stats", "--memory", "--limit=20"}, NULL},
    {"Show Who Had the Memory at the Peak", {"peak", "--limit=15"}, NULL},
    {"Show Leaks: What Was Never Freed", {"leaks", "--limit=15"}, NULL},
    {"Show Temporary Allocations: Freed at Once", {"temporary", "--limit=15"}, NULL},
    {"Show Who Frees What Others Allocate", {"frees", "--limit=15"}, NULL},
    {"Show Live Heap Over Time", {"heap"}, NULL},
    {"Show Allocation Size Distribution", {"sizes"}, NULL},
    {"Show Pools and Arenas", {"pools"}, NULL},
    OF_EITHER_KIND};

static void show_table(const choice *c, const menu_entry *entry)
{
    const char *arguments[8] = {NULL};
    size_t count = 0;

    for (size_t i = 0; i < COUNT(entry->table) && entry->table[i]; i++)
        arguments[count++] = entry->table[i];
    arguments[count++] = "--";
    arguments[count++] = c->path;
    show_run(arguments);
}

static prompt_end run_menu(const choice *c, const char *question, const menu_entry *entries,
                           size_t count)
{
    const char *items[ENTRIES_MAX];
    size_t chosen = 0;
    prompt_end end = PROMPT_DONE;

    for (size_t i = 0; i < count; i++) items[i] = entries[i].text;
    for (;;) {
        end = prompt_select(question, items, count, &chosen);
        if (end != PROMPT_DONE) return end;
        if (entries[chosen].table[0]) {
            show_table(c, &entries[chosen]);
            end = prompt_pause();
        } else if (entries[chosen].run) {
            end = entries[chosen].run(c);
        } else {
            return PROMPT_BACK;
        }
        if (end == PROMPT_STOP || end == PROMPT_CLOSED) return end;
    }
}

prompt_end action_menu_run(const char *path, enum profile_kind kind)
{
    const choice c = {path, kind};
    static const char question[] = "Select action:";

    return kind == PROFILE_OF_MEMORY ? run_menu(&c, question, memory_entries, COUNT(memory_entries))
                                     : run_menu(&c, question, time_entries, COUNT(time_entries));
}

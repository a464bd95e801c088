#include "thag-analyze/menu/menu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/utf8.h"
#include "thag-analyze/command/analyze.h"
#include "thag-analyze/menu/action_menu.h"
#include "thag-analyze/menu/show.h"

#define NAME_ROOM    600
#define GROUPS_SHOWN 8
#define FILES_SHOWN  3
#define EXIT_STOPPED 130
#define COUNT(array) (sizeof(array) / sizeof *(array))

/*
 * Every question may end in four ways. Back leads to the question before; stopped and closed lead out
 * of the menu, through all functions here, which return them.
 */
static int leads_out(prompt_end end)
{
    return end == PROMPT_STOP || end == PROMPT_CLOSED;
}

/* ---- which profile ---- */

/* The files of a group by name, and "Back" at the end if wanted. For free(). */
static const char **file_items(const profile_files *list, const profile_group *group,
                               const char *last)
{
    const char **items = malloc((group->count + 2) * sizeof *items);

    if (!items) {
        complain(EXIT_SYSTEM, NULL, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < group->count; i++) items[i] = list->files[group->first + i].name;
    items[group->count] = last;
    return items;
}

static prompt_end single(const profile_files *list, const profile_group *group,
                         enum profile_kind kind)
{
    const char **items = file_items(list, group, "Back");
    size_t chosen = 0;
    prompt_end end = PROMPT_DONE;

    while (items && !leads_out(end)) {
        end = prompt_select("Select profile to analyze:", items, group->count + 1, &chosen);
        if (end != PROMPT_DONE || chosen == group->count) break;
        end = action_menu_run(list->files[group->first + chosen].path, kind);
    }
    free(items);
    return leads_out(end) ? end : PROMPT_BACK;
}

static prompt_end differential(const profile_files *list, const profile_group *group,
                               enum profile_kind kind)
{
    const char **items = file_items(list, group, NULL);
    size_t before = group->count > 1 ? 1 : 0, after = 0;
    prompt_end end;

    if (!items) return PROMPT_BACK;
    if (group->count < 2) {
        free(items);
        printf("Need at least 2 profiles to compare\n");
        return PROMPT_BACK;
    }
    end = prompt_select("Select 'before' profile:", items, group->count, &before);
    if (end == PROMPT_DONE) {
        const profile_file *files = list->files + group->first;

        memmove(items + before, items + before + 1, (group->count - before) * sizeof *items);
        end = prompt_select("Select 'after' profile:", items, group->count - 1, &after);
        if (after >= before) after++;
        if (end == PROMPT_DONE) {
            end = show_difference(files[before].path, files[after].path, kind);
        }
    }
    free(items);
    return leads_out(end) ? end : PROMPT_BACK;
}

/* ---- which program ---- */

static void put_name(const char *name)
{
    utf8_put_plain(stdout, name, strlen(name), SIZE_MAX);
}

static void show_groups(const profile_files *list, const char *filter)
{
    if (*filter) {
        printf("Current filter: '");
        put_name(filter);
        printf("' (%zu programs)\n", list->group_count);
    }
    printf("\nAvailable profile files:\n");
    for (size_t g = 0; g < list->group_count && g < GROUPS_SHOWN; g++) {
        const profile_group *group = &list->groups[g];

        printf("%zu. ", g + 1);
        put_name(group->program);
        printf(" (%zu file%s)\n", group->count, group->count == 1 ? "" : "s");
        for (size_t i = 0; i < group->count && i < FILES_SHOWN; i++) {
            printf("   %zu.%zu: ", g + 1, i + 1);
            put_name(list->files[group->first + i].name);
            putchar('\n');
        }
        if (group->count > FILES_SHOWN) printf("   ... and %zu more\n", group->count - FILES_SHOWN);
    }
    if (list->group_count > GROUPS_SHOWN) {
        printf("... and %zu more programs\n", list->group_count - GROUPS_SHOWN);
    }
    putchar('\n');
}

static prompt_end modify_filter(char filter[NAME_ROOM])
{
    static const char *const items[] = {"Apply/modify filter", "Clear filter", "Back to selection"};
    size_t chosen = 0;
    prompt_end end = prompt_select("Filter options:", items, COUNT(items), &chosen);

    if (end != PROMPT_DONE) return end;
    if (chosen == 0) return prompt_text("Enter filter string:", filter, NAME_ROOM);
    if (chosen == 1) filter[0] = 0;
    return PROMPT_DONE;
}

/* "Filter/modify selection" is 0, the groups are the rest. */
static prompt_end select_group(const profile_files *list, size_t *chosen)
{
    const char **items = malloc((list->group_count + 1) * sizeof *items);
    char(*texts)[NAME_ROOM] = malloc((list->group_count + 1) * sizeof *texts);
    prompt_end end = PROMPT_CLOSED;

    if (items && texts) {
        items[0] = "Filter/modify selection";
        for (size_t g = 0; g < list->group_count; g++) {
            snprintf(texts[g], NAME_ROOM, "%zu. %s (%zu file%s)", g + 1, list->groups[g].program,
                     list->groups[g].count, list->groups[g].count == 1 ? "" : "s");
            items[g + 1] = texts[g];
        }
        *chosen = list->group_count ? 1 : 0;
        end = prompt_select("Select an option:", items, list->group_count + 1, chosen);
    }
    free(items);
    free(texts);
    return end;
}

typedef prompt_end (*on_group)(const profile_files *, const profile_group *, enum profile_kind);

static prompt_end choose_group(const char *dir, enum profile_kind kind, on_group run)
{
    char filter[NAME_ROOM] = "";
    prompt_end end = PROMPT_DONE;

    while (!leads_out(end)) {
        profile_files list;
        size_t chosen = 0;
        int status = profile_files_read(&list, dir, kind, filter);

        if (status == EXIT_FINE && !list.group_count && !*filter) {
            printf("No profile files found.\n");
            status = EXIT_NOTHING;
        }
        if (status == EXIT_FINE) {
            show_groups(&list, filter);
            end = select_group(&list, &chosen);
        }
        if (status == EXIT_FINE && end == PROMPT_DONE) {
            end = chosen ? run(&list, &list.groups[chosen - 1], kind) : modify_filter(filter);
            if (end == PROMPT_BACK) end = PROMPT_DONE; /* to the groups again */
        }
        profile_files_release(&list);
        if (status != EXIT_FINE || end == PROMPT_BACK) return PROMPT_BACK;
    }
    return end;
}

/* ---- the top ---- */

static const struct {
    const char *text;
    enum profile_kind kind;
    on_group run; /* NULL: exit */
} analyses[] = {{"Time Profile - Single", PROFILE_OF_TIME, single},
                {"Time Profile - Differential", PROFILE_OF_TIME, differential},
                {"Memory Profile - Single", PROFILE_OF_MEMORY, single},
                {"Memory Profile - Differential", PROFILE_OF_MEMORY, differential},
                {"Exit", PROFILE_OF_TIME, NULL}};

static int has_profiles(const char *dir, int *status)
{
    int found = 0;

    *status = EXIT_FINE;
    for (enum profile_kind kind = PROFILE_OF_TIME;
         kind <= PROFILE_OF_MEMORY && !found && *status == EXIT_FINE; kind++) {
        profile_files list;

        *status = profile_files_read(&list, dir, kind, "");
        found = list.group_count > 0;
        profile_files_release(&list);
    }
    if (*status == EXIT_FINE && !found) {
        *status = complain(EXIT_NOTHING, dir, "no profiles (*.thag, *.folded) in this directory");
    }
    return found;
}

int menu_run(const char *dir)
{
    const char *items[COUNT(analyses)];
    size_t chosen = 0;
    int status;
    prompt_end end = PROMPT_DONE;

    if (!has_profiles(dir, &status)) return status;
    for (size_t i = 0; i < COUNT(analyses); i++) items[i] = analyses[i].text;
    while (!leads_out(end)) {
        end = prompt_select("Select analysis type:", items, COUNT(items), &chosen);
        if (end == PROMPT_BACK || (end == PROMPT_DONE && !analyses[chosen].run)) {
            printf("Exiting\n");
            return EXIT_FINE;
        }
        if (end == PROMPT_DONE)
            end = choose_group(dir, analyses[chosen].kind, analyses[chosen].run);
    }
    if (end == PROMPT_STOP) return EXIT_STOPPED;
    return complain(
        EXIT_USAGE, NULL,
        "no answer to the menu; without it: thag-analyze stats FILE, and others (--help)");
}

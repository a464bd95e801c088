#include "thag-instrument/actions.h"

#include <unistd.h>

#include "cli/message.h"

#define BACKUP ".orig"

#define SHARED_ACTIONS \
    {.name = "in-place", \
     .letter = 'i', \
     .kind = OPTION_IS_FLAG, \
     .offset = OPTION_AT(action_settings, int, in_place), \
     .help = "change the files, each at once or not at all"}, \
        OPTION_FLAG(action_settings, diff, "diff", "show what would change, as a unified diff"), \
        {.name = "dry-run", \
         .letter = 'n', \
         .kind = OPTION_IS_FLAG, \
         .offset = OPTION_AT(action_settings, int, dry_run), \
         .help = "tell how many functions of which files would change"}, \
        OPTION_FLAG(action_settings, check, "check", \
                    "tell which files would change; exit status 1 if there are any"), \
    { \
        .name = "quiet", .letter = 'q', .kind = OPTION_IS_FLAG, \
        .offset = OPTION_AT(action_settings, int, quiet), \
        .help = "say nothing but what goes wrong" \
    }

const option_fact actions[] = {
    SHARED_ACTIONS,
    OPTION_FLAG(action_settings, list, "list",
                "list the functions, with the reasons of those left alone"),
    OPTION_FLAG(action_settings, json, "json", "with --list: as JSON"),
    OPTION_TEXT(
        action_settings, backup, "backup", "SUFFIX",
        "with --in-place: the old file stays, with this behind its name; otherwise " BACKUP),
    OPTION_FLAG(action_settings, no_backup, "no-backup", "with --in-place: no old file stays"),
    {.name = "verbose",
     .letter = 'v',
     .kind = OPTION_IS_FLAG,
     .offset = OPTION_AT(action_settings, int, verbose),
     .help = "tell of each function that is left alone, and why"},
    OPTION_LAST};

const option_fact remove_actions[] = {
    SHARED_ACTIONS,
    OPTION_TEXT(action_settings, backup, "backup", "SUFFIX",
                "what thag-instrument's backups end in; one that is no different any more goes; "
                "otherwise " BACKUP),
    OPTION_FLAG(action_settings, no_backup, "no-backup", "leave backups alone"), OPTION_LAST};

static int take_action(job *j, const action_settings *set)
{
    int count = set->in_place + set->diff + set->dry_run + set->check + set->list;

    if (count > 1)
        return complain(EXIT_USAGE, NULL,
                        "only one of --in-place, --diff, --dry-run, --check, --list");
    if (set->json && !set->list) return complain(EXIT_USAGE, NULL, "--json goes with --list");
    j->action = set->in_place  ? ACTION_IN_PLACE
                : set->diff    ? ACTION_DIFF
                : set->dry_run ? ACTION_DRY_RUN
                : set->check   ? ACTION_CHECK
                : set->list    ? ACTION_LIST
                               : ACTION_PRINT;
    return EXIT_FINE;
}

int actions_take(job *j, const action_settings *set, const char *standard, char **argv, int *first)
{
    int status = take_action(j, set);

    if (status != EXIT_FINE) return status;
    j->is_json = set->json;
    j->is_quiet = set->quiet;
    j->is_verbose = set->verbose;
    j->backup = set->no_backup ? NULL : set->backup ? set->backup : BACKUP;
    if (standard && !source_opts_standard(&j->opts, standard))
        return complain(EXIT_USAGE, NULL, "%s is no standard: c89 to c23, c++98 to c++26, gnu...",
                        standard);
    if (!standard && argv[*first] && access(argv[*first], F_OK) != 0 &&
        source_opts_standard(&j->opts, argv[*first])) {
        ++*first;
        standard = argv[*first - 1];
    }
    j->has_standard = standard != NULL;
    return EXIT_FINE;
}

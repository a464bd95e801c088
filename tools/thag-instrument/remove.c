/*
 * thag-remove - takes out what thag-instrument put in, and nothing else.
 */
#include "cli/message.h"
#include "cli/option.h"
#include "thag-instrument/actions.h"
#include "thag-instrument/instrument.h"

typedef struct settings {
    action_settings act;
    const char *standard;
} settings;

static const option_fact facts[] = {
    OPTION_TEXT(settings, standard, "std", "STANDARD",
                "what thag-instrument was told; only trigraphs depend on it"),
    OPTION_LAST};

int main(int argc, char **argv)
{
    settings set = {0};
    option_set options = {
        .program = "thag-remove",
        .usage = "[OPTION]... [STANDARD] [FILE|DIRECTORY|compile_commands.json]...",
        .about =
            "Take out what thag-instrument put in: the files are what they were, byte for byte.\n"
            "What was written by hand stays. Without files: from standard input to standard\n"
            "output.",
        .groups = {{.facts = remove_actions, .settings = &set.act},
                   {.facts = facts, .settings = &set},
                   {.facts = options_completion},
                   {.facts = options_common}}};
    job j = {.is_remove = 1};
    int first, status;

    message_program("thag-remove");
    status = options_parse(&options, argc, argv, &first);
    if (status != OPTIONS_GO_ON) return status;
    status = actions_take(&j, &set.act, set.standard, argv, &first);
    return status == EXIT_FINE ? job_run(&j, argv + first, argc - first) : status;
}

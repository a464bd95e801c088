/*
 * thag-instrument - puts the profiler's macros into every function of C and C++ files.
 */
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/option.h"
#include "thag-instrument/actions.h"
#include "thag-instrument/instrument.h"

typedef struct settings {
    action_settings act;
    selection *select;
    const char *mode, *flags, *header, *standard, *profile;
    int no_include, no_headers;
    size_t least_lines, most_lines;
    double least_percent, least_mean;
} settings;

enum { TAG_EXCEPT = 16 };

static int add_rule(void *value, const option_fact *f, const char *text)
{
    selection *s = *(selection **)value;

    return selection_add(s, (selector)(f->tag & ~TAG_EXCEPT), (f->tag & TAG_EXCEPT) != 0, text);
}

static const option_fact selecting[] = {
    OPTION_CALL(settings, select, "only", "GLOB", add_rule, SELECT_NAME,
                "only functions with such names; may be given several times, like the next five"),
    OPTION_CALL(settings, select, "except", "GLOB", add_rule, SELECT_NAME | TAG_EXCEPT,
                "not functions with such names"),
    OPTION_CALL(settings, select, "regex", "REGEX", add_rule, SELECT_REGEX,
                "only functions whose names match"),
    OPTION_CALL(settings, select, "except-regex", "REGEX", add_rule, SELECT_REGEX | TAG_EXCEPT,
                "not functions whose names match"),
    OPTION_CALL(settings, select, "files", "GLOB", add_rule, SELECT_FILE,
                "only files with such paths"),
    OPTION_CALL(settings, select, "except-files", "GLOB", add_rule, SELECT_FILE | TAG_EXCEPT,
                "not files with such paths"),
    OPTION_FLAG(settings, no_headers, "no-headers", "nothing in headers"),
    OPTION_COUNT(settings, least_lines, "min-lines", "N", 1, 1e9,
                 "only functions of N lines or more"),
    OPTION_COUNT(settings, most_lines, "max-lines", "N", 1, 1e9,
                 "only functions of N lines or less"),
    {.name = "profile",
     .kind = OPTION_IS_FILE,
     .arg = "FILE",
     .offset = OPTION_AT(settings, const char *, profile),
     .help = "only what is worth it by a former profile: a trace, collapsed stacks, or what "
             "thag-analyze stats --json or --csv printed"},
    OPTION_REAL(settings, least_percent, "min-share", "PERCENT", 0, 100,
                "with --profile: of the time, with all it calls; otherwise 1"),
    OPTION_REAL(settings, least_mean, "min-mean", "NS", 0, 1e15,
                "with --profile: of a call, in ns; otherwise 200"),
    OPTION_LAST};

static const option_fact facts[] = {
    OPTION_TEXT(settings, standard, "std", "STANDARD",
                "c89 to c23, c++98 to c++26, gnu...; of standard input, "
                "for a file's name tells its language"),
    OPTION_TEXT(
        settings, mode, "mode", "MODE",
        "for THAG_ENABLE_PROFILING() in main: both, memory, time, runtime, no; otherwise yes"),
    OPTION_TEXT(settings, flags, "flags", "FLAGS", "for THAG_PROFILED(): time, memory, both, ..."),
    OPTION_TEXT(settings, header, "header", "NAME",
                "what to include: <thag_profiler.h>, say; otherwise \"thag_profiler.h\""),
    OPTION_FLAG(settings, no_include, "no-include",
                "include nothing: the compiler is told by -include"),
    OPTION_LAST};

static int set_source(job *j, const settings *set)
{
    source_opts *o = &j->opts;

    o->mode = set->mode;
    o->flags = set->flags;
    o->header = set->no_include ? "" : set->header;
    if (!source_opts_are_valid(o)) {
        return complain(EXIT_USAGE, NULL,
                        "--mode and --flags take words, --header takes \"NAME\" or "
                        "<NAME>, with the quotes or brackets");
    }
    return EXIT_FINE;
}

static int set_selection(job *j, const settings *set)
{
    selection_set_lines(set->select, set->least_lines, set->most_lines);
    if (set->no_headers) selection_skip_headers(set->select);
    j->select = set->select;
    if (!set->profile) return EXIT_FINE;
    return selection_use_profile(set->select, set->profile, set->least_percent, set->least_mean);
}

int main(int argc, char **argv)
{
    settings set = {.select = selection_new(), .least_percent = 1, .least_mean = 200};
    option_set options = {
        .program = "thag-instrument",
        .usage = "[OPTION]... [STANDARD] [FILE|DIRECTORY|compile_commands.json]...",
        .about =
            "Put THAG_PROFILED() into every function, and THAG_ENABLE_PROFILING() into main, on\n"
            "lines that are there, so that no line number moves. thag-remove takes them out\n"
            "again, byte for byte. Without files: from standard input to standard output.",
        .groups = {{.facts = actions, .settings = &set.act},
                   {.heading = "What is put in", .facts = facts, .settings = &set},
                   {.heading = "Where", .facts = selecting, .settings = &set},
                   {.facts = options_completion},
                   {.facts = options_common}}};
    job j = {.is_remove = 0};
    int first, status;

    message_program("thag-instrument");
    if (!set.select) return complain(EXIT_SYSTEM, NULL, "out of memory");
    status = options_parse(&options, argc, argv, &first);
    if (status == OPTIONS_GO_ON) {
        status = actions_take(&j, &set.act, set.standard, argv, &first);
        if (status == EXIT_FINE) status = set_source(&j, &set);
        if (status == EXIT_FINE) status = set_selection(&j, &set);
        if (status == EXIT_FINE) status = job_run(&j, argv + first, argc - first);
    }
    selection_free(set.select);
    return status;
}

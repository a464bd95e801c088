/*
 * thag-analyze - shows what a profiled program recorded.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/memory_limit.h"
#include "thag-analyze/command/analyze.h"
#include "thag-analyze/menu/menu.h"

static int help(void)
{
    printf("Usage: thag-analyze COMMAND [OPTION]... FILE...\n"
           "       thag-analyze [DIRECTORY]\n\n"
           "Show what a program that was profiled with thag_profiler recorded. FILE is a trace "
           "(.thag)\n"
           "or a profile of another tool (collapsed stacks, pprof, perf script); - is standard "
           "input.\n\nCommands:\n");
    for (size_t i = 0; commands[i]; i++) {
        printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
    }
    printf("\n'thag-analyze COMMAND --help' tells the options of a command. Without a command, a\n"
           "menu asks which profile of a directory to look at, and how.\n\n"
           "Exit status: 0 fine, 1 nothing found, 2 wrong usage, 3 bad input, 4 system error.\n");
    return EXIT_FINE;
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_mode : 0;
}

static int run_command(int argc, char **argv)
{
    const command *c = command_find(argv[0]);

    if (c) return command_run(c, argc, argv);
    if (argc == 1 && S_ISDIR(mode_of(argv[0]))) return menu_run(argv[0]);
    if (S_ISREG(mode_of(argv[0]))) {
        return complain(EXIT_USAGE, NULL, "%s is not a command; try: thag-analyze stats %s",
                        argv[0], argv[0]);
    }
    return complain(EXIT_USAGE, NULL, "%s is neither a command nor a directory (try --help)",
                    argv[0]);
}

static int dispatch(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "";

    if (argc < 2) return menu_run(".");
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) return help();
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
        printf("thag-analyze %s\n", THAG_VERSION);
        return EXIT_FINE;
    }
    if (strcmp(first, "help") == 0) {
        char *command_help[] = {argc > 2 ? argv[2] : NULL, (char[]){"--help"}, NULL};

        return argc > 2 ? run_command(2, command_help) : help();
    }
    if (first[0] == '-' && first[1]) {
        return complain(EXIT_USAGE, NULL, "unknown option %s (try --help)", first);
    }
    return run_command(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    int status;

    message_program("thag-analyze");
    memory_limit_set();
    status = dispatch(argc, argv);
    /* What a full disk did to standard output shows here, if not before. */
    if (fflush(stdout) && status == EXIT_FINE) {
        status = complain(EXIT_SYSTEM, NULL, "cannot write standard output");
    }
    return status;
}

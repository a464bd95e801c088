/*
 * trace_check.c - print what traces say as canonical text, and check each against itself.
 *
 * usage: trace_check [--durations NAME | --threads] FILE.thag...
 * Exit status: 0, or 1 with a line on stderr for each contradiction.
 */
#include <string.h>

#include "probe_facts.h"

static int check_file(const char *path, const char *durations, int threads)
{
    trace *t = NULL;
    fault why = {0};
    thag_err err = trace_open(&t, path, &why);
    unsigned bad;

    if (err) {
        fprintf(stderr, "%s: cannot be opened (error %d)\n", path, (int)err);
        return 1;
    }
    bad = facts_check(t, stderr);
    if (bad) fprintf(stderr, "%s: %u contradictions\n", path, bad);
    if (durations)
        facts_print_durations(t, durations, stdout);
    else if (threads)
        facts_print_threads(t, stdout);
    else
        facts_print(t, stdout);
    trace_free(t);
    return bad != 0;
}

int main(int argc, char **argv)
{
    int first = 1, status = 0, threads = 0;
    const char *durations = NULL;

    if (argc > 2 && !strcmp(argv[1], "--durations")) {
        durations = argv[2];
        first = 3;
    } else if (argc > 1 && !strcmp(argv[1], "--threads")) {
        threads = 1;
        first = 2;
    }
    if (first >= argc) {
        fputs("usage: trace_check [--durations NAME | --threads] FILE.thag...\n", stderr);
        return 2;
    }
    for (int i = first; i < argc; i++) status |= check_file(argv[i], durations, threads);
    return status;
}

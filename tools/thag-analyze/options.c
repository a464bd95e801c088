#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "output/utf8.h"
#include "thag-analyze/analyze.h"

#define OPTIONS_MAX 32

/* ---- messages ---- */

int complain(int status, const char *subject, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    progress_end();
    fputs("thag-analyze: ", stderr);
    if (subject) {
        utf8_put_plain(stderr, subject, strlen(subject), SIZE_MAX);
        fputs(": ", stderr);
    }
    utf8_put_plain(stderr, text, strlen(text), SIZE_MAX);
    fputc('\n', stderr);
    return status;
}

static int fault_status(thag_err err)
{
    switch (err) {
    case THAG_OK: return EXIT_FINE;
    case THAG_ERR_EMPTY: return EXIT_NOTHING;
    case THAG_ERR_PATTERN: return EXIT_USAGE;
    case THAG_ERR_MEMORY:
    case THAG_ERR_OPEN:
    case THAG_ERR_READ:
    case THAG_ERR_WRITE: return EXIT_SYSTEM;
    default: return EXIT_INPUT;
    }
}

int complain_fault(const fault *f)
{
    char where[64] = "";
    const char *subject = f->path[0] ? f->path : NULL;

    if (f->line)
        snprintf(where, sizeof where, "line %llu: ", (unsigned long long)f->line);
    else if (f->offset != UINT64_MAX)
        snprintf(where, sizeof where, "byte %llu: ", (unsigned long long)f->offset);
    /* The system's own words say it all. */
    if (f->os_errno) {
        return complain(fault_status(f->err), subject, "%s (%s)", thag_err_text(f->err),
                        strerror(f->os_errno));
    }
    return complain(fault_status(f->err), subject, "%s (%s%s)", thag_err_text(f->err), where,
                    f->what);
}

/* ---- help ---- */

static void show_help(const options *o, const char *name)
{
    printf("Usage: thag-analyze %s %s\n\n%s\n\nOptions:\n", name, o->usage, o->summary);
    for (const option_fact *f = o->facts; f->name; f++) {
        char left[64];

        snprintf(left, sizeof left, "%c%c%c --%s%s%s", f->key < OPT_LONG ? '-' : ' ',
                 f->key < OPT_LONG ? f->key : ' ', f->key < OPT_LONG ? ',' : ' ', f->name,
                 f->arg ? "=" : "", f->arg ? f->arg : "");
        printf("  %-26s %s%s\n", left, strlen(left) > 26 ? "\n                             " : "",
               f->help);
    }
}

/* ---- parsing ---- */

/* getopt_long() begins its messages with the first argument. */
static int next_key(int argc, char **argv, const char *shorts, const struct option *longs)
{
    char full[64], *name = argv[0];
    int key;

    snprintf(full, sizeof full, "thag-analyze %s", name);
    argv[0] = full;
    key = getopt_long(argc, argv, shorts, longs, NULL);
    argv[0] = name;
    return key;
}

/* The list in the form that getopt_long() wants. */
static void build_tables(const option_fact *facts, struct option *longs, char *shorts)
{
    /* '+' would end at the first input; GNU style is to take options anywhere. */
    for (int i = 0; facts[i].name && i < OPTIONS_MAX; i++) {
        *longs++ = (struct option){facts[i].name, facts[i].arg ? required_argument : no_argument,
                                   NULL, facts[i].key};
        if (facts[i].key >= OPT_LONG) continue;
        *shorts++ = (char)facts[i].key;
        if (facts[i].arg) *shorts++ = ':';
    }
    *longs = (struct option){NULL, 0, NULL, 0};
    *shorts = 0;
}

int options_next(options *o, int argc, char **argv, const char **arg, int *status)
{
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 * OPTIONS_MAX + 1];
    int key;

    build_tables(o->facts, longs, shorts);
    for (;;) {
        key = next_key(argc, argv, shorts, longs);
        *arg = optarg;
        *status = EXIT_FINE;
        switch (key) {
        case 'o': o->output = optarg; break;
        case OPT_FORCE: o->force = 1; break;
        case 'h': show_help(o, argv[0]); return -2;
        case 'V': printf("thag-analyze %s\n", THAG_VERSION); return -2;
        case '?':
            fprintf(stderr, "Try 'thag-analyze %s --help'.\n", argv[0]);
            *status = EXIT_USAGE;
            return -2;
        default: return key;
        }
    }
}

int option_number(const char *name, const char *text, double least, double most, double *value)
{
    char *end;

    errno = 0;
    *value = strtod(text, &end);
    if (end != text && !*end && !errno && *value >= least && *value <= most) return 1;
    complain(EXIT_USAGE, NULL, "--%s: %s is not a number from %.15g to %.15g", name, text, least,
             most);
    return 0;
}

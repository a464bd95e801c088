#define PCRE2_CODE_UNIT_WIDTH 8
#include <getopt.h>
#include <pcre2.h>
#include <string.h>

#include "output/memory_writer.h"
#include "thag-analyze/analyze.h"

enum {
    OPT_SORT = OPT_OWN,
    OPT_LIMIT,
    OPT_FILTER,
    OPT_RAW,
    OPT_CSV,
    OPT_JSON,
    OPT_WIDTH,
    OPT_MEMORY
};

static const option_fact facts[] = {
    {OPT_SORT, "sort", "COLUMN",
     "name, calls, inclusive, self, min, mean, p50, p95, p99, max, open,\n"
     "                             corrected-inclusive or corrected-self (the default);\n"
     "                             or as the table heads it: self*, self, incl*, incl"},
    {OPT_LIMIT, "limit", "N", "show the first N functions only"},
    {OPT_FILTER, "filter", "REGEX", "only functions whose name matches (PCRE2)"},
    {OPT_RAW, "raw", NULL, "times as measured, without the correction for the profiler's cost"},
    {OPT_CSV, "csv", NULL, "write comma-separated values"},
    {OPT_JSON, "json", NULL, "write a JSON object"},
    {OPT_WIDTH, "width", "N", "columns of the text table; otherwise the terminal's, or 100"},
    {OPT_MEMORY, "memory", NULL, "heap memory instead of time, by bytes allocated"},
    OPTIONS_OUTPUT,
    OPTIONS_COMMON,
    {0, NULL, NULL, NULL}};

typedef struct settings {
    options o;
    stats_write_opts write;
    const char *sort, *filter;
    int as_csv, as_json, memory;
} settings;

/* ---- filter ---- */

/* A pattern from outside may take exponential time on a name from outside: the limits end that. */
static thag_err filter_rows(stats *s, const char *pattern, fault *f)
{
    int number;
    PCRE2_SIZE at;
    size_t kept = 0;
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &number, &at, NULL);
    thag_err err = THAG_OK;

    if (!code) {
        PCRE2_UCHAR text[128];

        pcre2_get_error_message(number, text, sizeof text);
        err = fault_set(f, THAG_ERR_PATTERN, at, (const char *)text);
        goto done;
    }
    if (!limits || !match) {
        err = fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "pattern");
        goto done;
    }
    pcre2_set_match_limit(limits, 1000000);
    pcre2_set_depth_limit(limits, 10000);
    pcre2_set_heap_limit(limits, 65536);
    for (size_t i = 0; i < s->row_count; i++) {
        int found = pcre2_match(code, (PCRE2_SPTR)s->rows[i].name, strlen(s->rows[i].name), 0, 0,
                                match, limits);

        if (found < PCRE2_ERROR_NOMATCH) {
            err = fault_set(f, THAG_ERR_PATTERN, UINT64_MAX, "it takes too long on a name");
            goto done;
        }
        if (found >= 0) s->rows[kept++] = s->rows[i];
    }
    s->row_count = kept;
done:
    pcre2_code_free(code);
    pcre2_match_data_free(match);
    pcre2_match_context_free(limits);
    return err;
}

/* ---- options ---- */

#define SORT_NAME(id, option, key, heading) " " option
#define SORT_NAMES                          STATS_COLUMNS(SORT_NAME)

static int set_option(settings *set, int key, const char *arg)
{
    double number = 0;

    switch (key) {
    case OPT_SORT:
        set->sort = arg;
        if (stats_column_named(arg) != STATS_COLUMN_COUNT) return EXIT_FINE;
        return complain(EXIT_USAGE, NULL, "--sort: there is no column %s (one of:" SORT_NAMES ")",
                        arg);
    case OPT_LIMIT:
        if (!option_number("limit", arg, 1, 1e9, &number)) return EXIT_USAGE;
        set->write.limit = (size_t)number;
        return EXIT_FINE;
    case OPT_WIDTH:
        if (!option_number("width", arg, 40, 1000, &number)) return EXIT_USAGE;
        set->write.width = (size_t)number;
        return EXIT_FINE;
    case OPT_FILTER: set->filter = arg; return EXIT_FINE;
    case OPT_RAW: set->write.show_raw = 1; return EXIT_FINE;
    case OPT_CSV: set->as_csv = 1; return EXIT_FINE;
    case OPT_MEMORY: set->memory = 1; return EXIT_FINE;
    default: set->as_json = 1; return EXIT_FINE;
    }
}

static stats_column sort_column(const settings *set, const stats *s)
{
    if (set->sort) return stats_column_named(set->sort);
    return s->is_corrected && !set->write.show_raw ? STATS_CORRECTED_SELF : STATS_SELF;
}

/* ---- the command ---- */

static int write_table(const settings *set, const input *in, stats *s)
{
    output out;
    fault f = {0};
    thag_err err;
    int status = output_open(&out, set->o.output, set->o.force);

    if (status != EXIT_FINE) return status;
    if (set->as_json)
        err = stats_write_json(out.to, s, &in->meta, &set->write, &f);
    else if (set->as_csv)
        err = stats_write_csv(out.to, s, &set->write, &f);
    else
        err = stats_write_text(out.to, s, &in->meta, &set->write, &f);
    (void)err; /* output_close() sees the stream's error, and knows its name */
    return output_close(&out, status);
}

static int run(const settings *set, const input *in)
{
    stats *s = NULL;
    fault f = {0};
    int status;
    thag_err err = stats_new(&s, in->profile, &f);

    if (!err && set->filter) err = filter_rows(s, set->filter, &f);
    if (err) {
        if (err == THAG_ERR_PATTERN) fault_set_path(&f, "--filter");
        status = complain_fault(&f);
        goto done;
    }
    stats_sort(s, sort_column(set, s));
    status = write_table(set, in, s);
    if (status == EXIT_FINE && !s->row_count) {
        status = complain(EXIT_NOTHING, in->stem,
                          set->filter ? "no function matches" : "nothing was recorded");
    }
done:
    stats_free(s);
    return status;
}

/* With --memory. */
static int run_memory(const settings *set, const input *in)
{
    memory_stats *s = NULL;
    output out;
    fault f = {0};
    int status;

    if (!in->profile->memory) return complain(EXIT_NOTHING, in->stem, "memory was not recorded");
    if (memory_stats_new(&s, in->profile, &f)) return complain_fault(&f);
    status = output_open(&out, set->o.output, set->o.force);
    if (status == EXIT_FINE) {
        /* output_close() sees the stream's error, and knows its name. */
        if (set->as_json)
            (void)memory_write_json(out.to, s, &in->meta, &set->write, &f);
        else if (set->as_csv)
            (void)memory_write_csv(out.to, s, &set->write, &f);
        else
            (void)memory_write_text(out.to, s, &in->meta, &set->write, &f);
        status = output_close(&out, status);
    }
    memory_stats_free(s);
    return status;
}

int cmd_stats(int argc, char **argv)
{
    settings set = {.o = {.usage = "[OPTION]... FILE...",
                          .summary =
                              "Show a table of functions and sections: calls, inclusive and "
                              "self time, and how\nlong single calls took. Several files are "
                              "merged.",
                          .facts = facts}};
    input in;
    const char *arg;
    int key, status;

    terminal_width(&set.write.width);
    while ((key = options_next(&set.o, argc, argv, &arg, &status)) != -1) {
        if (key != -2) status = set_option(&set, key, arg);
        if (key == -2 || status != EXIT_FINE) return status;
    }
    if (set.memory && (set.filter || set.sort)) {
        return complain(EXIT_USAGE, NULL, "--memory has no --filter and no --sort yet");
    }
    if (set.as_csv && set.as_json) return complain(EXIT_USAGE, NULL, "--csv or --json, not both");
    status = input_open(&in, argv + optind, argc - optind);
    if (status != EXIT_FINE) return status;
    status = set.memory ? run_memory(&set, &in) : run(&set, &in);
    input_close(&in);
    return status;
}

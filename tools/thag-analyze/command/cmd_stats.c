#include <string.h>

#include "output/table/memory_writer.h"
#include "output/table/stats_writer.h"
#include "profile/pattern.h"
#include "thag-analyze/command/analyze.h"

typedef struct settings {
    size_t sort; /* into sort_names */
    size_t limit, width;
    const char *filter;
    int show_raw, memory;
} settings;

/* ---- options ---- */

#define TIME_OPTION_NAME(id, option, key, heading)                   option,
#define MEMORY_OPTION_NAME(id, option, key, heading, in_bytes, live) option,

/* The columns of times, headings of their table that are no column's name, the columns of memory. */
static const char *const sort_names[] = {"auto", STATS_COLUMNS(TIME_OPTION_NAME) "incl", "incl*",
                                         "self*", MEMORY_ROW_COLUMNS(MEMORY_OPTION_NAME) NULL};

/* "inclusive" is a column of both: the second is passed over. */
#define SECOND_INCLUSIVE (1 + STATS_COLUMN_COUNT + 3 + MEMORY_BY_INCLUSIVE)

static const char *sort_name(size_t n)
{
    return sort_names[n < SECOND_INCLUSIVE ? n : n + 1];
}

static const option_fact facts[] = {
    OPTION_CHOICE(settings, sort, "sort", "COLUMN", sort_name,
                  "column to sort by; auto is self time, corrected where it can be, or bytes"),
    OPTION_COUNT(settings, limit, "limit", "N", 1, 1e9, "show the first N functions only"),
    OPTION_TEXT(settings, filter, "filter", "REGEX", "only functions whose name matches (PCRE2)"),
    OPTION_FLAG(settings, show_raw, "raw",
                "times as measured, without the correction for the profiler's cost"),
    OPTION_FLAG(settings, memory, "memory", "heap memory instead of time, by bytes allocated"),
    OPTION_COUNT(settings, width, "width", "N", 40, 1000,
                 "columns of the text table; otherwise the terminal's, or 100"),
    OPTION_LAST};

/* ---- the command ---- */

static int complain_column(const settings *set, const char *table)
{
    return complain(EXIT_USAGE, NULL, "--sort: %s is no column of %s", sort_name(set->sort), table);
}

/* Rows are any structs that begin with a stats_row. */
static thag_err filter_rows(void *rows, size_t *count, size_t row_bytes, const char *text, fault *f)
{
    pattern *wanted;
    char *row = rows, *kept = rows;
    int is_match;
    thag_err err = pattern_new(&wanted, text, f);

    for (size_t i = 0; i < *count && !err; i++, row += row_bytes) {
        const char *name = ((const stats_row *)(const void *)row)->name;

        err = pattern_match(wanted, name, strlen(name), &is_match, f);
        if (!is_match) continue;
        memmove(kept, row, row_bytes);
        kept += row_bytes;
    }
    *count = (size_t)(kept - (char *)rows) / row_bytes;
    pattern_free(wanted);
    if (err == THAG_ERR_PATTERN) fault_set_path(f, "--filter");
    return err;
}

static int end(int status, const settings *set, const input *in, size_t rows)
{
    if (status != EXIT_FINE || rows) return status;
    return complain(EXIT_NOTHING, in->stem,
                    set->filter           ? "no function matches"
                    : in->profile->memory ? "nothing was recorded but memory; --memory shows it"
                                          : "nothing was recorded");
}

static int write_table(const job *j, const input *in, const report *table, const void *rows)
{
    const settings *set = j->settings;

    return write_report(j, table, rows,
                        &(report_opts){.meta = &in->meta,
                                       .limit = set->limit,
                                       .width = set->width,
                                       .show_raw = set->show_raw});
}

static int show_memory(const job *j, const input *in)
{
    const settings *set = j->settings;
    memory_column column = set->sort ? memory_column_named(sort_name(set->sort)) : MEMORY_BY_BYTES;
    memory_stats *s = NULL;
    fault f = {0};
    int status;
    thag_err err;

    if (column == MEMORY_COLUMN_COUNT) return complain_column(set, "memory");
    if (!in->profile->memory) return complain(EXIT_NOTHING, in->stem, "memory was not recorded");
    err = memory_stats_new(&s, in->profile, &f);
    if (!err && set->filter) {
        err = filter_rows(s->rows, &s->row_count, sizeof *s->rows, set->filter, &f);
    }
    if (err) {
        status = complain_fault(&f);
        goto done;
    }
    memory_stats_sort(s, column);
    status = end(write_table(j, in, &memory_report, s), set, in, s->row_count);
done:
    memory_stats_free(s);
    return status;
}

static stats_column time_column(const settings *set, const stats *s)
{
    if (set->sort) return stats_column_named(sort_name(set->sort));
    return s->is_corrected && !set->show_raw ? STATS_CORRECTED_SELF : STATS_SELF;
}

static int show_times(const job *j, const input *in)
{
    const settings *set = j->settings;
    stats_column column;
    stats *s = NULL;
    fault f = {0};
    int status;
    thag_err err = stats_new(&s, in->profile, &f);

    if (!err && set->filter) {
        err = filter_rows(s->rows, &s->row_count, sizeof *s->rows, set->filter, &f);
    }
    if (err) {
        status = complain_fault(&f);
        goto done;
    }
    column = time_column(set, s);
    if (column == STATS_COLUMN_COUNT) {
        status = complain_column(set, "times");
        goto done;
    }
    stats_sort(s, column);
    status = end(write_table(j, in, &stats_report, s), set, in, s->row_count);
done:
    stats_free(s);
    return status;
}

static int show(const job *j, const input *in)
{
    const settings *set = j->settings;

    return set->memory || j->memory ? show_memory(j, in) : show_times(j, in);
}

const command cmd_stats = {
    .name = "stats",
    .summary = "table of functions: calls, inclusive and self time, percentiles",
    .usage = "[OPTION]... FILE...",
    .about = "Show a table of functions and sections: calls, inclusive and self time, and how\n"
             "long single calls took. Several files are merged.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_NAMES | TAKES_JSON | TAKES_CSV | TAKES_DETAIL | TAKES_POOL | TAKES_PART |
             TAKES_TASKS | TAKES_OPERATIONS,
    .show = show};

#include <string.h>

#include "output/memory_writer.h"
#include "profile/pattern.h"
#include "thag-analyze/analyze.h"

typedef struct settings {
    size_t sort; /* into sort_names */
    size_t limit, width;
    const char *filter;
    int show_raw, memory;
} settings;

/* ---- options ---- */

#define SORT_OPTION(id, option, key, heading) option,
#define SORT_COLUMN(id, option, key, heading) STATS_##id,

/* The columns, and headings of the table that are no column's name. 0 depends on the profile. */
static const char *const sort_names[] = {"auto", STATS_COLUMNS(SORT_OPTION) "incl", "incl*",
                                         "self*", NULL};
static const stats_column sort_columns[] = {STATS_SELF, STATS_COLUMNS(SORT_COLUMN) STATS_INCLUSIVE,
                                            STATS_CORRECTED_INCLUSIVE, STATS_CORRECTED_SELF};

static const char *sort_name(size_t n)
{
    return sort_names[n];
}

static const option_fact facts[] = {
    OPTION_CHOICE(settings, sort, "sort", "COLUMN", sort_name,
                  "column to sort by; auto is self time, corrected where it can be"),
    OPTION_COUNT(settings, limit, "limit", "N", 1, 1e9, "show the first N functions only"),
    OPTION_TEXT(settings, filter, "filter", "REGEX", "only functions whose name matches (PCRE2)"),
    OPTION_FLAG(settings, show_raw, "raw",
                "times as measured, without the correction for the profiler's cost"),
    OPTION_FLAG(settings, memory, "memory", "heap memory instead of time, by bytes allocated"),
    OPTION_COUNT(settings, width, "width", "N", 40, 1000,
                 "columns of the text table; otherwise the terminal's, or 100"),
    OPTION_LAST};

static stats_column sort_column(const settings *set, const stats *s)
{
    if (set->sort) return sort_columns[set->sort];
    return s->is_corrected && !set->show_raw ? STATS_CORRECTED_SELF : STATS_SELF;
}

/* ---- the command ---- */

static thag_err filter_rows(stats *s, const char *text, fault *f)
{
    pattern *wanted;
    size_t kept = 0;
    int is_match;
    thag_err err = pattern_new(&wanted, text, f);

    for (size_t i = 0; i < s->row_count && !err; i++) {
        err = pattern_match(wanted, s->rows[i].name, strlen(s->rows[i].name), &is_match, f);
        if (is_match) s->rows[kept++] = s->rows[i];
    }
    s->row_count = kept;
    pattern_free(wanted);
    if (err == THAG_ERR_PATTERN) fault_set_path(f, "--filter");
    return err;
}

static int write_table(const job *j, const input *in, stats *s)
{
    const settings *set = j->settings;
    stats_write_opts write = {.limit = set->limit, .width = set->width, .show_raw = set->show_raw};
    result_file out;
    fault f = {0};
    int status = result_open(&out, j->output, j->force);

    if (status != EXIT_FINE) return status;
    if (!write.width) terminal_width(&write.width);
    /* Of errors result_close() sees the stream's, and knows its name. */
    switch (j->format) {
    case FORMAT_JSON: stats_write_json(out.to, s, &in->meta, &write, &f); break;
    case FORMAT_CSV: stats_write_csv(out.to, s, &write, &f); break;
    case FORMAT_TEXT: stats_write_text(out.to, s, &in->meta, &write, &f); break;
    }
    return result_close(&out, status);
}

static int show_memory(const job *j, const input *in)
{
    const settings *set = j->settings;
    stats_write_opts write = {.limit = set->limit, .width = set->width};
    memory_stats *s = NULL;
    result_file out;
    fault f = {0};
    int status;

    if (set->filter || set->sort) {
        return complain(EXIT_USAGE, NULL, "--memory has no --filter and no --sort yet");
    }
    if (!in->profile->memory) return complain(EXIT_NOTHING, in->stem, "memory was not recorded");
    if (memory_stats_new(&s, in->profile, &f)) return complain_fault(&f);
    if (!write.width) terminal_width(&write.width);
    status = result_open(&out, j->output, j->force);
    if (status == EXIT_FINE) {
        switch (j->format) {
        case FORMAT_JSON: memory_write_json(out.to, s, &in->meta, &write, &f); break;
        case FORMAT_CSV: memory_write_csv(out.to, s, &write, &f); break;
        case FORMAT_TEXT: memory_write_text(out.to, s, &in->meta, &write, &f); break;
        }
        status = result_close(&out, status);
    }
    memory_stats_free(s);
    return status;
}

static int show_times(const job *j, const input *in)
{
    const settings *set = j->settings;
    stats *s = NULL;
    fault f = {0};
    int status;
    thag_err err = stats_new(&s, in->profile, &f);

    if (!err && set->filter) err = filter_rows(s, set->filter, &f);
    if (err) {
        status = complain_fault(&f);
        goto done;
    }
    stats_sort(s, sort_column(set, s));
    status = write_table(j, in, s);
    if (status == EXIT_FINE && !s->row_count) {
        status = complain(EXIT_NOTHING, in->stem,
                          set->filter ? "no function matches" : "nothing was recorded");
    }
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
    .takes = TAKES_JSON | TAKES_CSV | TAKES_DETAIL | TAKES_PART | TAKES_TASKS | TAKES_OPERATIONS,
    .show = show};

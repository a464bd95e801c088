#include <stdlib.h>

#include "output/picture/chart_writer.h"
#include "thag-analyze/command/analyze.h"
#include "thag-analyze/command/picture_options.h"

typedef struct settings {
    const char *title, *subtitle, *threads;
    const char *filters[3]; /* by profile_filter */
    size_t width, tasks;
    double min_width_px;
    size_t palette; /* as palette_chosen() counts */
    uint64_t from_ns, to_ns;
} settings;

static const settings defaults = {.tasks = 100};

static const option_fact facts[] = {
    OPTION_TEXT(settings, title, "title", "TEXT", "heading of the picture"),
    OPTION_TEXT(settings, subtitle, "subtitle", "TEXT",
                "line below it; otherwise the program's name"),
    TIME_OPTION(settings, from_ns, "from", "draw from this moment on: 250ms, 1.5s, 10us"),
    TIME_OPTION(settings, to_ns, "to", "draw up to this moment"),
    OPTION_TEXT(settings, threads, "threads", "LIST",
                "draw these threads only: names (with * and ?) or thread ids, with commas between"),
    OPTION_TEXT(settings, filters[FILTER_FOCUS], "focus", "REGEX",
                "draw only stacks that have a matching function"),
    OPTION_TEXT(settings, filters[FILTER_IGNORE], "ignore", "REGEX",
                "leave out matching functions and all that they call (Recursive)"),
    OPTION_TEXT(settings, filters[FILTER_IGNORE_SELF], "ignore-self", "REGEX",
                "leave out matching functions where they call nothing that is drawn (Exact)"),
    OPTION_COUNT(settings, tasks, "tasks", "N", 0, 1000,
                 "a lane for each of the N tasks that ran longest; otherwise 100"),
    OPTION_COUNT(settings, width, "width", "PIXELS", 100, 100000,
                 "width where no script runs; otherwise 1200"),
    OPTION_REAL(settings, min_width_px, "min-width", "PIXELS", 0.01, 1000,
                "draw spans that are shorter together; otherwise 0.5"),
    OPTION_CHOICE(settings, palette, "palette", "NAME", palette_choice, "colours"),
    OPTION_LAST};

static thag_err drop(unsigned char *dropped, const profile *p, const char *regex,
                     profile_filter filter, fault *f)
{
    pattern *wanted;
    unsigned char *marks = NULL;
    thag_err err = pattern_new(&wanted, regex, f);

    if (err) return err;
    err = profile_mark(&marks, p, &wanted, 1, f);
    if (!err) err = profile_drop(dropped, p, marks, filter, f);
    free(marks);
    pattern_free(wanted);
    return err;
}

/* By node; NULL without a filter. */
static int find_dropped(unsigned char **dropped, const settings *set, const profile *p)
{
    static const char *const names[] = {"--focus", "--ignore", "--ignore-self"};

    for (profile_filter i = FILTER_FOCUS; i <= FILTER_IGNORE_SELF; i++) {
        fault f = {0};

        if (!set->filters[i]) continue;
        if (!*dropped) *dropped = calloc(p->node_count, 1);
        if (!*dropped) return complain(EXIT_SYSTEM, NULL, "out of memory");
        if (!drop(*dropped, p, set->filters[i], i, &f)) continue;
        fault_set_path(&f, names[i]);
        return complain_fault(&f);
    }
    return EXIT_FINE;
}

static int show(const job *j, const input *in)
{
    const settings *set = j->settings;
    chart_write_opts opts = {.title = set->title,
                             .subtitle = set->subtitle,
                             .palette = palette_chosen(set->palette),
                             .width_px = (uint32_t)set->width,
                             .chart = {.from_ns = set->from_ns,
                                       .to_ns = set->to_ns,
                                       .min_width_px = set->min_width_px,
                                       .max_tasks = (uint32_t)set->tasks,
                                       .wants = set->threads ? thread_is_listed : NULL,
                                       .context = set->threads}};
    unsigned char *dropped = NULL;
    named_result out;
    heap_time *heap = NULL;
    task_turns *turns = NULL;
    timeline *tl;
    fault f = {0};
    thag_err err;
    int status;

    if (set->to_ns && set->from_ns >= set->to_ns) {
        return complain(EXIT_USAGE, NULL, "--from: not before --to");
    }
    status = input_timeline(&tl, in);
    if (status != EXIT_FINE) return status;
    heap_time_new(&heap, in->whole.trace, NULL); /* most traces have none */
    opts.heap = heap;
    if (task_turns_new(&turns, tl)) status = complain(EXIT_SYSTEM, NULL, "out of memory");
    opts.chart.turns = turns;
    if (status == EXIT_FINE) status = find_dropped(&dropped, set, in->profile);
    opts.chart.dropped = dropped;
    if (status != EXIT_FINE) goto done;
    status = named_result_open(&out, j, in, "-flamechart.svg");
    if (status == EXIT_FINE) {
        err = chart_write(out.file.to, tl, in->profile, &opts, &f);
        if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
        status = named_result_close(&out, status);
    }
done:
    free(dropped);
    heap_time_free(heap);
    task_turns_free(turns);
    timeline_free(tl);
    return status;
}

const command cmd_flamechart = {
    .name = "flamechart",
    .summary = "interactive picture of spans along time, thread by thread (SVG)",
    .usage = "[OPTION]... FILE",
    .about =
        "Draw what ran when, as one SVG file to open in a browser: a lane for each thread, and\n"
        "below for each of the tasks that ran longest, true to time. Spans that are too short\n"
        "to draw are shown together, with their number. The file's name is that of the trace\n"
        "with -flamechart.svg, in the current directory, unless -o says otherwise.",
    .options = facts,
    .defaults = &defaults,
    .settings_size = sizeof(settings),
    .takes = TAKES_NAMES | TAKES_OPEN,
    .show = show};

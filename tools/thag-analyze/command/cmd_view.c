#include <stdlib.h>
#include <string.h>

#include "output/viewer/viewer_spans.h"
#include "output/viewer/viewer_writer.h"
#include "thag-analyze/command/analyze.h"
#include "thag-analyze/command/picture_options.h"

typedef struct settings {
    const char *title, *before;
    size_t palette; /* as palette_chosen() counts */
    size_t max_spans;
    int no_timeline;
} settings;

static const settings defaults = {.max_spans = VIEWER_MAX_SPANS};

static const option_fact facts[] = {
    OPTION_TEXT(settings, title, "title", "TEXT", "heading of the page"),
    OPTION_TEXT(settings, before, "before", "FILE",
                "compare with this profile: what is less than in it, and what is more"),
    OPTION_COUNT(
        settings, max_spans, "max-spans", "N", 1000, 200000000,
        "keep so many spans one by one, the shortest of more together; otherwise 12000000"),
    OPTION_FLAG(settings, no_timeline, "no-timeline", "leave out the spans along time"),
    OPTION_CHOICE(settings, palette, "palette", "NAME", palette_choice, "colours"),
    OPTION_LAST};

#define NOTE_ROOM 200

static int write_page(const job *j, const input *in, viewer_opts *opts)
{
    named_result out;
    fault f = {0};
    thag_err err;
    int status = named_result_open(&out, j, in, opts->before ? "-diff.html" : ".html");

    if (status != EXIT_FINE) return status;
    err = viewer_write(out.file.to, in->profile, opts, &f);
    if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
    return named_result_close(&out, status);
}

static int compare(const job *j, const input *in, viewer_opts *opts)
{
    const settings *set = j->settings;
    input before;
    int status = job_open(j, &before, (char *[]){(char *)(uintptr_t)set->before}, 1);

    if (status != EXIT_FINE) return status;
    opts->before = before.profile;
    opts->before_title = before.stem;
    status = write_page(j, in, opts);
    input_close(&before);
    return status;
}

/* Spans belong to the call paths as they were recorded. NULL: so they do to those that are shown. */
static const char *why_not_along_time(const job *j)
{
    if (job_wants_tasks(j)) return "it is of what ran, not of views of tasks";
    if (job_wants_part(j))
        return "it is of the whole run; in its page a stretch or a thread can be chosen";
    if (!operation_keeps_paths(&j->operations))
        return "it is of the call paths as they were recorded, and this view has others";
    return NULL;
}

static int add_timeline(const job *j, const input *in, viewer_opts *opts, char note[NOTE_ROOM])
{
    const settings *set = j->settings;
    const char *why = why_not_along_time(j);

    if (!in->whole.trace || set->no_timeline) return EXIT_FINE;
    if (why) {
        snprintf(note, NOTE_ROOM, "Without the timeline: %s.", why);
        opts->note = note;
        return EXIT_FINE;
    }
    opts->recorded = in->recorded;
    return input_timeline(&opts->tl, in);
}

static int add_tasks(viewer_opts *opts, task_turns **turns)
{
    if (opts->tl && task_turns_new(turns, opts->tl))
        return complain(EXIT_SYSTEM, NULL, "out of memory");
    opts->turns = *turns;
    return EXIT_FINE;
}

static int show(const job *j, const input *in)
{
    const settings *set = j->settings;
    viewer_opts opts = {.title = set->title,
                        .palette = palette_chosen(set->palette),
                        .meta = &in->meta,
                        .max_spans = set->max_spans};
    char title[400], note[NOTE_ROOM];
    heap_time *heap = NULL;
    pool_list pools = {0};
    task_turns *turns = NULL;
    int status = EXIT_FINE;

    if (!opts.title) opts.title = job_view_text(j, in->program, title, sizeof title);
    if (in->profile->node_count == 1) {
        return complain(EXIT_NOTHING, in->stem, "nothing was recorded");
    }
    if (set->before) return compare(j, in, &opts);
    if (in->meta.memory.mode) opts.sizes = &in->meta.memory;
    if (in->whole.trace) heap_time_new(&heap, in->whole.trace, NULL); /* most traces have none */
    opts.heap = heap;
    if (in->whole.trace && pool_list_add(&pools, in->whole.trace))
        status = complain(EXIT_SYSTEM, NULL, "out of memory");
    pool_list_sort(&pools);
    opts.pools = &pools;
    if (status == EXIT_FINE) status = add_timeline(j, in, &opts, note);
    if (status == EXIT_FINE) status = add_tasks(&opts, &turns);
    if (status == EXIT_FINE) status = write_page(j, in, &opts);
    task_turns_free(turns);
    timeline_free(opts.tl);
    heap_time_free(heap);
    pool_list_release(&pools);
    return status;
}

const command cmd_view = {
    .name = "view",
    .summary = "page to look around in: pictures, timeline, callers, table (HTML)",
    .usage = "[OPTION]... FILE...",
    .about =
        "Write one HTML page that shows a profile in every way, without a server or a network:\n"
        "flamegraph, spans along time, callers and callees, table; a stretch of time that is\n"
        "chosen holds for all of them. The file's name is that of the first input with .html,\n"
        "in the current directory, unless -o says otherwise. Several files are merged, without\n"
        "their timelines.",
    .options = facts,
    .defaults = &defaults,
    .settings_size = sizeof(settings),
    .takes = TAKES_NAMES | TAKES_OPEN | TAKES_PART | TAKES_TASKS | TAKES_OPERATIONS | TAKES_DETAIL |
             SHOWS_ALL,
    .show = show};

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/table/heap_writer.h"
#include "thag-analyze/command/analyze.h"
#include "thag-analyze/command/picture_options.h"

typedef struct settings {
    int as_svg;
    uint64_t from_ns, to_ns;
    size_t width;
    const char *title;
} settings;

static const option_fact facts[] = {
    OPTION_FLAG(settings, as_svg, "svg", "write a picture, named like the trace with -heap.svg"),
    TIME_OPTION(settings, from_ns, "from", "from this moment on: 250ms, 1.5s, 10us"),
    TIME_OPTION(settings, to_ns, "to", "up to this moment"),
    OPTION_COUNT(settings, width, "width", "N", 20, 100000,
                 "columns of text, otherwise those of the terminal; or pixels of the picture"),
    OPTION_TEXT(settings, title, "title", "TEXT", "heading of the picture"),
    OPTION_LAST};

/* Of the first that is set, as the C library looks for it. */
static int locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);

        if (value && *value) return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return 0;
}

/* Of errors the closing of a result sees the stream's, and knows its name. */
static int draw(const job *j, const input *in, const heap_view *view)
{
    named_result named;
    int status = named_result_open(&named, j, in, "-heap.svg");

    if (status != EXIT_FINE) return status;
    heap_write_svg(named.file.to, view, &(fault){0});
    return named_result_close(&named, status);
}

static int write_result(const job *j, const input *in, const heap_view *view)
{
    const settings *set = j->settings;

    return set->as_svg ? draw(j, in, view)
                       : write_report(j, &heap_report, view, &(report_opts){.width = set->width});
}

static int show(const job *j, const input *in)
{
    const settings *set = j->settings;
    heap_view view = {.program = in->profile->title,
                      .from_ns = set->from_ns,
                      .to_ns = set->to_ns,
                      .is_utf8 = locale_is_utf8(),
                      .width_px = set->width,
                      .title = set->title};
    heap_time *h;
    int status;

    if (set->as_svg && j->format != FORMAT_TEXT) {
        return complain(EXIT_USAGE, NULL, "one of --svg, --json and --csv");
    }
    if (set->to_ns && set->from_ns >= set->to_ns) {
        return complain(EXIT_USAGE, NULL, "--from: not before --to");
    }
    status = input_heap_time(&h, in);
    if (status != EXIT_FINE) return status;
    view.heap = h;
    if (set->from_ns >= h->end_ns && set->from_ns)
        status = complain(EXIT_NOTHING, in->stem, "it had ended before --from");
    else
        status = write_result(j, in, &view);
    heap_time_free(h);
    return status;
}

const command cmd_heap = {
    .name = "heap",
    .summary = "how much memory was live, over time",
    .usage = "[OPTION]... FILE",
    .about =
        "Show how many bytes of the heap were live over time, and when most were: as a chart in\n"
        "the terminal, as numbers, or with --svg as a picture. Of one trace, recorded in live or\n"
        "detail mode.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_JSON | TAKES_CSV | TAKES_OPEN,
    .show = show};

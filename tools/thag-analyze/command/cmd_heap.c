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

static thag_err write_to(FILE *to, const job *j, const heap_time *h, const heap_write_opts *opts,
                         fault *f)
{
    const settings *set = j->settings;

    if (set->as_svg) return heap_write_svg(to, h, opts, f);
    if (j->as_json) return heap_write_json(to, h, opts, f);
    return j->as_csv ? heap_write_csv(to, h, opts, f) : heap_write_text(to, h, opts, f);
}

/* Of errors the closing of a result sees the stream's, and knows its name. */
static int write_result(const job *j, const input *in, const heap_time *h, heap_write_opts *opts)
{
    const settings *set = j->settings;
    named_result named;
    result_file out;
    fault f = {0};
    int status;

    if (set->as_svg) {
        status = named_result_open(&named, j, in, "-heap.svg");
        if (status != EXIT_FINE) return status;
        write_to(named.file.to, j, h, opts, &f);
        return named_result_close(&named, status);
    }
    if (!opts->width && !j->output) terminal_width(&opts->width);
    opts->is_utf8 = locale_is_utf8();
    status = result_open(&out, j->output, j->force);
    if (status != EXIT_FINE) return status;
    write_to(out.to, j, h, opts, &f);
    return result_close(&out, status);
}

static int show(const job *j, const input *in)
{
    const settings *set = j->settings;
    heap_write_opts opts = {.program = in->profile->title,
                            .from_ns = set->from_ns,
                            .to_ns = set->to_ns,
                            .width = set->width,
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
    if (set->from_ns >= h->end_ns && set->from_ns)
        status = complain(EXIT_NOTHING, in->stem, "it had ended before --from");
    else
        status = write_result(j, in, h, &opts);
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

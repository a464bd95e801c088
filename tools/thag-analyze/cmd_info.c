#include <getopt.h>
#include <string.h>

#include "output/info_writer.h"
#include "thag-analyze/analyze.h"

enum { OPT_JSON = OPT_OWN };

static const option_fact facts[] = {{OPT_JSON, "json", NULL, "write a JSON object"},
                                    OPTIONS_OUTPUT,
                                    OPTIONS_COMMON,
                                    {0, NULL, NULL, NULL}};

static int show(const char *path, FILE *to, int as_json)
{
    loaded l;
    fault f = {0};
    thag_err err;
    int status = EXIT_FINE;

    progress_begin("reading", path);
    err = loaded_open(&l, path, &f);
    if (err) {
        status = complain_fault(&f);
        goto done;
    }
    if (!l.trace) {
        status =
            complain(EXIT_INPUT, path, "not a trace (collapsed stacks say nothing of their run)");
        goto done;
    }
    err = as_json ? info_write_json(to, l.trace, &f) : info_write_text(to, l.trace, &f);
    if (err) status = complain_fault(&f);
done:
    progress_end();
    loaded_close(&l);
    return status;
}

int cmd_info(int argc, char **argv)
{
    options o = {.usage = "[OPTION]... FILE.thag...",
                 .summary =
                     "Show how a trace was made: program, clock, threads, the profiler's own "
                     "cost,\nwhat was lost, what is damaged.",
                 .facts = facts};
    output out;
    const char *arg;
    int key, status, as_json = 0;

    while ((key = options_next(&o, argc, argv, &arg, &status)) != -1) {
        if (key == -2) return status;
        if (key == OPT_JSON) as_json = 1;
    }
    if (optind == argc) return complain(EXIT_USAGE, NULL, "no input; give a .thag file");
    if (as_json && argc - optind > 1) return complain(EXIT_USAGE, NULL, "--json takes one file");
    status = output_open(&out, o.output, o.force);
    for (int i = optind; i < argc && status == EXIT_FINE; i++) {
        if (argc - optind > 1)
            fprintf(out.to, "%s==> %d of %d <==\n", i > optind ? "\n" : "", i - optind + 1,
                    argc - optind);
        status = show(argv[i], out.to, as_json);
    }
    return output_close(&out, status);
}

#include <getopt.h>
#include <string.h>

#include "output/info_writer.h"
#include "thag-analyze/analyze.h"

enum { OPT_JSON = OPT_OWN, OPT_ALL_DAMAGE };

static const option_fact facts[] = {
    {OPT_JSON, "json", NULL, "write a JSON object"},
    {OPT_ALL_DAMAGE, "all-damage", NULL, "list every damaged place, not the first few only"},
    OPTIONS_OUTPUT,
    OPTIONS_COMMON,
    {0, NULL, NULL, NULL}};

typedef struct settings {
    options o;
    int as_json, all_damage;
    int is_damaged; /* found in one of the files */
} settings;

static int show(settings *set, const char *path, FILE *to)
{
    loaded l;
    fault f = {0};
    thag_err err;
    size_t listed;
    uint64_t damages;
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
    err = set->as_json ? info_write_json(to, l.trace, &f)
                       : info_write_text(to, l.trace, set->all_damage, &f);
    if (err) status = complain_fault(&f);
    trace_damages(l.trace, &listed, &damages);
    if (damages) set->is_damaged = 1;
done:
    progress_end();
    loaded_close(&l);
    return status;
}

int cmd_info(int argc, char **argv)
{
    settings set = {.o = {.usage = "[OPTION]... FILE.thag...",
                          .summary =
                              "Show how a trace was made: program, clock, threads, the profiler's "
                              "own cost,\nwhat was lost, what is damaged.",
                          .facts = facts}};
    output out;
    const char *arg;
    int key, status;

    while ((key = options_next(&set.o, argc, argv, &arg, &status)) != -1) {
        if (key == -2) return status;
        if (key == OPT_JSON) set.as_json = 1;
        if (key == OPT_ALL_DAMAGE) set.all_damage = 1;
    }
    if (optind == argc) return complain(EXIT_USAGE, NULL, "no input; give a .thag file");
    if (set.as_json && argc - optind > 1) {
        return complain(EXIT_USAGE, NULL, "--json takes one file");
    }
    status = output_open(&out, set.o.output, set.o.force);
    for (int i = optind; i < argc && status == EXIT_FINE; i++) {
        if (argc - optind > 1)
            fprintf(out.to, "%s==> %d of %d <==\n", i > optind ? "\n" : "", i - optind + 1,
                    argc - optind);
        status = show(&set, argv[i], out.to);
    }
    status = output_close(&out, status);
    /* What could be read has been shown, and is kept. */
    return status == EXIT_FINE && set.is_damaged ? EXIT_INPUT : status;
}

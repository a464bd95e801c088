#include <getopt.h>
#include <string.h>

#include "output/folded_writer.h"
#include "thag-analyze/analyze.h"

enum { OPT_UNIT = OPT_OWN, OPT_MEMORY };

static const option_fact facts[] = {
    {OPT_UNIT, "unit", "UNIT", "of times: ns, us (the default), ms or s"},
    {OPT_MEMORY, "memory", NULL, "bytes that were allocated, instead of time"},
    OPTIONS_OUTPUT,
    OPTIONS_COMMON,
    {0, NULL, NULL, NULL}};

/* Divisor of nanoseconds; 0 if there is no such unit. */
static int64_t unit_divisor(const char *unit)
{
    if (strcmp(unit, "ns") == 0) return 1;
    if (strcmp(unit, "us") == 0) return 1000;
    if (strcmp(unit, "ms") == 0) return 1000000;
    return strcmp(unit, "s") == 0 ? 1000000000 : 0;
}

static int fold(const input *in, const options *o, int64_t divisor)
{
    folded_write_opts write = {.divisor = in->profile->unit == PROFILE_NS ? divisor : 1};
    fault f = {0};
    output out;
    thag_err err;
    int status = output_open(&out, o->output, o->force);

    if (status != EXIT_FINE) return status;
    err = folded_write(out.to, in->profile, &write, &f);
    if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
    status = output_close(&out, status);
    if (status == EXIT_FINE && in->profile->node_count == 1) {
        status = complain(EXIT_NOTHING, in->stem, "nothing was recorded");
    }
    return status;
}

int cmd_fold(int argc, char **argv)
{
    options o = {.usage = "[OPTION]... FILE...",
                 .summary =
                     "Write collapsed stacks, one call path a line with its self time, as other "
                     "flamegraph\ntools read them. Several files are merged.",
                 .facts = facts};
    int64_t divisor = 1000;
    input in;
    const char *arg;
    int key, status, memory = 0;

    while ((key = options_next(&o, argc, argv, &arg, &status)) != -1) {
        if (key == -2) return status;
        if (key == OPT_MEMORY) {
            memory = 1;
            continue;
        }
        divisor = unit_divisor(arg);
        if (!divisor) return complain(EXIT_USAGE, NULL, "--unit: %s is not ns, us, ms or s", arg);
    }
    status = input_open(&in, argv + optind, argc - optind);
    if (status != EXIT_FINE) return status;
    if (memory && profile_use_memory(in.profile, PROFILE_BYTES_ALLOCATED))
        status = complain(EXIT_NOTHING, in.stem, "memory was not recorded");
    else
        status = fold(&in, &o, divisor);
    input_close(&in);
    return status;
}

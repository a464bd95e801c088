/*
 * cmd_detail.c - the two files of a detailed memory profile: who allocated, who freed.
 */
#include "output/export/folded_writer.h"
#include "thag-analyze/command/analyze.h"

typedef struct settings {
    int lines;
    debug_folders debug;
} settings;

static const option_fact facts[] = {
    OPTION_FLAG(settings, lines, "lines", "each call with its file and line"),
    OPTION_CALL(settings, debug, "debug-dir", "DIR", debug_folders_add, 0, DEBUG_DIR_HELP),
    OPTION_LAST};

static int write_one(const job *j, const input *in, profile_metric metric, const char *ending)
{
    const folded_write_opts write = {.divisor = 1};
    named_result out;
    fault f = {0};
    int status = EXIT_FINE;

    if (profile_use_memory(in->profile, metric)) {
        return complain(EXIT_NOTHING, in->stem, "memory was not recorded");
    }
    status = named_result_open(&out, j, in, ending);
    if (status != EXIT_FINE) return status;
    if (folded_write(out.file.to, in->profile, &write, &f) == THAG_ERR_MEMORY)
        status = complain_fault(&f);
    return named_result_close(&out, status);
}

static int run(const job *j)
{
    const settings *set = j->settings;
    job detailed = *j;
    input in;
    int status;

    if (j->output) return complain(EXIT_USAGE, NULL, "detail writes two files; it has no --output");
    detailed.detail = 1;
    detailed.lines = set->lines;
    detailed.debug = set->debug;
    status = job_open(&detailed, &in, j->paths, j->path_count);
    if (status != EXIT_FINE) return status;
    status = write_one(j, &in, PROFILE_BYTES_ALLOCATED, "-memory_detail.folded");
    if (status == EXIT_FINE)
        status = write_one(j, &in, PROFILE_BYTES_RELEASED, "-memory_detail_dealloc.folded");
    input_close(&in);
    return status;
}

const command cmd_detail = {
    .name = "detail",
    .summary = "who allocated and who freed memory, by native stack, as collapsed stacks",
    .usage = "[OPTION]... FILE.thag...",
    .about = "Write two files of collapsed stacks, with the native stacks that allocated memory\n"
             "(NAME-memory_detail.folded) and those that freed it (-memory_detail_dealloc.folded).",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_OPERATIONS,
    .run = run};

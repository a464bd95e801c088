#include "output/info_writer.h"
#include "thag-analyze/analyze.h"

typedef struct settings {
    int all_damage;
} settings;

static const option_fact facts[] = {OPTION_FLAG(settings, all_damage, "all-damage",
                                                "list every damaged place, not the first few only"),
                                    OPTION_LAST};

/* *damaged becomes 1 if the file is. */
static int show(const job *j, const char *path, FILE *to, int *damaged)
{
    const settings *set = j->settings;
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
    err = j->as_json ? info_write_json(to, l.trace, &f)
                     : info_write_text(to, l.trace, set->all_damage, &f);
    if (err) status = complain_fault(&f);
    trace_damages(l.trace, &listed, &damages);
    if (damages) *damaged = 1;
done:
    progress_end();
    loaded_close(&l);
    return status;
}

static int run(const job *j)
{
    result_file out;
    int status, damaged = 0;

    if (!j->path_count) return complain(EXIT_USAGE, NULL, "no input; give a .thag file");
    if (j->as_json && j->path_count > 1) {
        return complain(EXIT_USAGE, NULL, "--json takes one file");
    }
    status = result_open(&out, j->output, j->force);
    for (int i = 0; i < j->path_count && status == EXIT_FINE; i++) {
        if (j->path_count > 1) {
            fprintf(out.to, "%s==> %d of %d <==\n", i ? "\n" : "", i + 1, j->path_count);
        }
        status = show(j, j->paths[i], out.to, &damaged);
    }
    status = result_close(&out, status);
    /* What could be read has been shown, and is kept. */
    return status == EXIT_FINE && damaged ? EXIT_INPUT : status;
}

const command cmd_info = {
    .name = "info",
    .summary = "how a trace was made, and what it lacks",
    .usage = "[OPTION]... FILE.thag...",
    .about = "Show how a trace was made: program, clock, threads, the profiler's own cost,\n"
             "what was lost, what is damaged.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_JSON,
    .run = run};

#include "output/table/info_writer.h"
#include "thag-analyze/command/analyze.h"

typedef struct settings {
    int all_damage;
} settings;

static const option_fact facts[] = {OPTION_FLAG(settings, all_damage, "all-damage",
                                                "list every damaged place, not the first few only"),
                                    OPTION_LAST};

static thag_err write_saved(const job *j, const loaded *l, FILE *to, fault *f)
{
    return j->as_json ? info_write_saved_json(to, l->profile, &l->runs, f)
                      : info_write_saved_text(to, l->profile, &l->runs, f);
}

static thag_err write_trace(const job *j, const loaded *l, FILE *to, fault *f)
{
    const settings *set = j->settings;

    return j->as_json ? info_write_json(to, l->trace, f)
                      : info_write_text(to, l->trace, set->all_damage, f);
}

/* *damaged becomes 1 if the file is. */
static int show(const job *j, const char *path, FILE *to, int *damaged)
{
    loaded l;
    fault f = {0};
    thag_err err;

    progress_begin("reading", path);
    err = loaded_open(&l, path, &f);
    if (!err && l.trace)
        err = write_trace(j, &l, to, &f);
    else if (!err && l.is_saved)
        err = write_saved(j, &l, to, &f);
    else if (!err)
        err = fault_set(&f, THAG_ERR_FORMAT, UINT64_MAX,
                        "expected a trace: other profiles say nothing of their run");
    progress_end();
    if (err) fault_set_path(&f, path);
    if (l.info.damages) *damaged = 1;
    loaded_close(&l);
    return err ? complain_fault(&f) : EXIT_FINE;
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

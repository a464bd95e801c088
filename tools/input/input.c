#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "cli/progress.h"
#include "input/input.h"
#include "profile/load/profile_memory.h"
#include "profile/load/profile_pairs.h"
#include "profile/timeline/profile_instances.h"

static void set_stem(input *in, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dot;

    snprintf(in->stem, sizeof in->stem, "%s",
             strcmp(path, "-") == 0 ? "stdin"
             : slash                ? slash + 1
                                    : path);
    dot = strrchr(in->stem, '.');
    if (dot && dot != in->stem &&
        (strcmp(dot, ".thag") == 0 || strcmp(dot, ".folded") == 0 || strcmp(dot, ".txt") == 0)) {
        *dot = 0;
    }
}

static void add_facts(input *in, const loaded *l, const char *path)
{
    in->file_count++;
    run_facts_add(&in->meta, &l->runs);
    if (!l->trace || !l->info.damages) return;
    complain(0, path, "damaged (%llu place%s, skipped; see thag-analyze info)",
             (unsigned long long)l->info.damages, l->info.damages == 1 ? "" : "s");
}

/* Of the files that are given, each has to have it: else a name is misspelt, or a file too many. */
static int use_pool(loaded *l, const char *path, const char *pool)
{
    thag_err err = THAG_ERR_EMPTY;

    if (l->trace) err = profile_memory_from_pool(l->profile, l->trace, l->node_of, pool);
    if (err == THAG_ERR_EMPTY) {
        return complain(EXIT_NOTHING, path, "no pool \"%s\" (thag-analyze pools lists them)", pool);
    }
    if (err) return complain(EXIT_SYSTEM, path, "out of memory");
    run_facts_use_pool(&l->runs, l->trace, pool);
    return EXIT_FINE;
}

/* What tasks waited, or who freed what, takes the place of what ran. */
static thag_err show_other(loaded *l, const input_opts *opts, fault *f)
{
    profile *p;
    thag_err err;

    if (!opts->pairs && opts->waits == WAITS_HIDDEN) return THAG_OK;
    if (!l->trace) {
        return fault_set(f, THAG_ERR_EMPTY, UINT64_MAX,
                         opts->pairs ? "of frees; a .thag trace has them"
                                     : "of tasks; a .thag trace has them");
    }
    err = opts->pairs ? profile_pairs(&p, l, f) : profile_waits(&p, l, opts->waits, f);
    if (err) return err;
    profile_free(l->profile);
    l->profile = p;
    return THAG_OK;
}

static int add_file(input *in, const char *path, const input_opts *opts)
{
    loaded l;
    fault f = {0};
    int status = EXIT_FINE;
    thag_err err;

    progress_begin("reading", path);
    err = loaded_open_named(&l, path, opts->namer, &f);
    if (!err && opts->pool) status = use_pool(&l, path, opts->pool);
    if (!err) err = show_other(&l, opts, &f);
    if (err) fault_set_path(&f, path);
    if (!err && status == EXIT_FINE) {
        add_facts(in, &l, path);
        if (!in->profile) {
            in->profile = l.profile;
            in->whole = l;
            in->whole.profile = NULL;
            memset(&l, 0, sizeof l);
        } else {
            loaded_close(&in->whole);
            err = profile_merge(in->profile, l.profile);
            if (err) fault_set(&f, err, UINT64_MAX, "merging it with the files before it");
            if (err) fault_set_path(&f, path);
        }
    }
    progress_end();
    loaded_close(&l);
    return err ? complain_fault(&f) : status;
}

/* The trace among paths that a folded file was written beside; NULL if it is not there. */
static const char *trace_beside(const char *folded, char **paths, int count)
{
    const char *dot = strrchr(folded, '.');
    size_t len = dot ? (size_t)(dot - folded) : 0;

    if (!dot || strcmp(dot, ".folded") != 0) return NULL;
    for (int i = 0; i < count; i++) {
        if (strncmp(paths[i], folded, len) == 0 && strcmp(paths[i] + len, ".thag") == 0) {
            return paths[i];
        }
    }
    return NULL;
}

/* A file that counts twice is a mistake. What is no file, such as a pipe, cannot be told by stat(). */
static int check_distinct(char **paths, int count)
{
    struct stat *found = calloc((size_t)count, sizeof *found);
    int status = EXIT_FINE;

    if (!found) return complain(EXIT_SYSTEM, NULL, "out of memory");
    for (int i = 0; i < count && status == EXIT_FINE; i++) {
        if (strcmp(paths[i], "-") == 0 || stat(paths[i], &found[i]))
            memset(&found[i], 0, sizeof *found);
        if (!S_ISREG(found[i].st_mode)) continue;
        for (int k = 0; k < i && status == EXIT_FINE; k++) {
            if (!S_ISREG(found[k].st_mode) || found[k].st_ino != found[i].st_ino ||
                found[k].st_dev != found[i].st_dev) {
                continue;
            }
            status = complain(EXIT_USAGE, paths[i], "given twice");
        }
    }
    free(found);
    return status;
}

static int add_files(input *in, char **paths, int count, const input_opts *opts)
{
    int status = check_distinct(paths, count);

    for (int i = 0; i < count && status == EXIT_FINE; i++) {
        const char *same_run = trace_beside(paths[i], paths, count);

        if (same_run)
            complain(0, paths[i], "skipped, it is the same run as %s", same_run);
        else
            status = add_file(in, paths[i], opts);
    }
    return status;
}

/* The functions that a trace knows by their code alone get names in any case, as do the calls that
   allocated where it has no spans. */
static int add_files_with_names(input *in, char **paths, int count, const input_opts *opts)
{
    static const debug_folders none;
    input_opts with_names = *opts;
    code_names *names;
    int status;

    if (opts->namer) return add_files(in, paths, count, opts);
    status = code_names_new(&names, &none, paths, count, CALLS_OUTSIDE, 0);
    if (status != EXIT_FINE) return status;
    with_names.namer = code_names_namer(names);
    status = add_files(in, paths, count, &with_names);
    code_names_free(names);
    return status;
}

int input_open_with(input *in, char **paths, int count, const input_opts *opts)
{
    int status;

    memset(in, 0, sizeof *in);
    if (!count) {
        return complain(EXIT_USAGE, NULL, "no input; give a .thag or .folded file, or - for stdin");
    }
    status = add_files_with_names(in, paths, count, opts);
    if (status != EXIT_FINE) {
        input_close(in);
        return status;
    }
    set_stem(in, paths[0]);
    in->path = paths[0];
    snprintf(in->program, sizeof in->program, "%s",
             in->profile->title ? in->profile->title : in->stem);
    in->meta.program = in->program;
    return EXIT_FINE;
}

int input_open(input *in, char **paths, int count)
{
    return input_open_with(in, paths, count, &(input_opts){.waits = WAITS_HIDDEN});
}

void input_close(input *in)
{
    profile_free(in->profile);
    profile_free(in->recorded);
    loaded_close(&in->whole);
    memset(in, 0, sizeof *in);
}

/* What an input consists of, if that is one trace. An exit status. */
static int one_trace(loaded *l, const input *in)
{
    *l = in->whole;
    l->profile = in->recorded ? in->recorded : in->profile;
    if (in->file_count > 1) {
        return complain(EXIT_USAGE, NULL, "one trace only: several have no time in common");
    }
    if (l->trace) return EXIT_FINE;
    return complain(EXIT_INPUT, in->stem,
                    "not a trace of one run, and only that tells when what ran");
}

int input_timeline(timeline **tl, const input *in)
{
    loaded l;
    fault f = {0};
    int status = one_trace(&l, in);

    *tl = NULL;
    if (status != EXIT_FINE) return status;
    progress_begin("reading the timeline of", in->path);
    return timeline_new(tl, &l, &f) ? complain_fault(&f) : EXIT_FINE;
}

int input_heap_time(heap_time **h, const input *in)
{
    loaded l;
    fault f = {0};
    int status = one_trace(&l, in);

    *h = NULL;
    if (status != EXIT_FINE || !heap_time_new(h, l.trace, &f)) return status;
    return f.err == THAG_ERR_EMPTY ? complain(EXIT_NOTHING, in->stem, "%s", f.what)
                                   : complain_fault(&f);
}

static void complain_lost(const input *in, const timeline_losses *lost, const char *where)
{
    uint64_t sum = lost->limit + lost->unwritten + lost->sampled + lost->unknown;

    if (!sum) return;
    complain(0, in->stem, "%llu spans are not in the timeline, and so not in this %s",
             (unsigned long long)sum, where);
}

int input_slice(input *in, const slice_opts *opts)
{
    loaded l;
    profile *p;
    timeline_losses lost;
    fault f = {0};
    int status = one_trace(&l, in);

    if (status != EXIT_FINE) return status;
    progress_begin("reading the timeline of", in->path);
    if (profile_slice(&p, &l, opts, &lost, &f)) return complain_fault(&f);
    progress_end();
    complain_lost(in, &lost, "part");
    profile_free(in->profile);
    in->profile = p;
    return p->node_count > 1 ? EXIT_FINE
                             : complain(EXIT_NOTHING, in->stem, "nothing ran in this part");
}

int input_instances(input *in, uint32_t count)
{
    loaded l;
    profile *p;
    timeline *tl;
    timeline_losses lost;
    fault f = {0};
    int status = one_trace(&l, in);

    if (status != EXIT_FINE) return status;
    if (timeline_new(&tl, &l, &f)) return complain_fault(&f);
    lost = timeline_lost(tl);
    timeline_free(tl);
    complain_lost(in, &lost, "view of tasks");
    if (profile_instances(&p, &l, count, &f)) return complain_fault(&f);
    profile_free(in->profile);
    in->profile = p;
    return EXIT_FINE;
}

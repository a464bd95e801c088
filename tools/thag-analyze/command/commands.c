#include <stdlib.h>
#include <string.h>

#include "profile/frame_label.h"
#include "thag-analyze/command/analyze.h"
#include "thag-analyze/command/open.h"
#include "thag-analyze/command/picture_options.h"

const command *const commands[] = {
#define COMMAND_ROW(name) &cmd_##name,
    COMMANDS(COMMAND_ROW)
#undef COMMAND_ROW
        NULL};

const command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    }
    return NULL;
}

/* ---- shared options ---- */

static const option_fact json_option[] = {OPTION_FLAG(job, as_json, "json", "write a JSON object"),
                                          OPTION_LAST};
static const option_fact csv_option[] = {
    OPTION_FLAG(job, as_csv, "csv", "write comma-separated values"), OPTION_LAST};
static const option_fact memory_option[] = {
    OPTION_FLAG(job, memory, "memory", "bytes that were allocated, instead of time"), OPTION_LAST};

static const option_fact part_options[] = {
    TIME_OPTION(job, part.from_ns, "from", "only from this moment on: 250ms, 1.5s, 10us"),
    TIME_OPTION(job, part.to_ns, "to", "only up to this moment"),
    OPTION_TEXT(job, part.threads, "threads", "LIST",
                "only these threads: names (with * and ?) or thread ids, with commas between"),
    OPTION_FLAG(job, part.by_thread, "by-thread", "a frame for each thread above what it did"),
    OPTION_LAST};
static const option_fact task_options[] = {
    OPTION_FLAG(job, tasks.waiting, "waiting",
                "what tasks waited, by the span that they waited in"),
    OPTION_FLAG(job, tasks.wall, "wall", "what tasks waited beside what ran: all of their time"),
    OPTION_COUNT(job, tasks.instances, "instances", "N", 1, 10000,
                 "one by one the N tasks that ran longest, of one trace"),
    OPTION_LAST};
static const option_fact names_option[] = {
    OPTION_FLAG(job, full_names, "full-names",
                "names of C++ with return types, parameters and template arguments"),
    OPTION_LAST};
static const option_fact open_option[] = {
    OPTION_FLAG(job, opens, "open", "show it in the browser ($BROWSER, otherwise xdg-open)"),
    OPTION_LAST};

int debug_folders_add(void *list, const option_fact *fact, const char *path)
{
    debug_folders *folders = list;

    if (folders->count == DEBUG_FOLDERS_MAX) {
        return complain(EXIT_USAGE, NULL, "--%s: at most %d", fact->name, DEBUG_FOLDERS_MAX);
    }
    folders->items[folders->count++] = path;
    return EXIT_FINE;
}

static const option_fact detail_options[] = {
    OPTION_FLAG(job, detail, "detail", "memory, with the calls below each span that allocated"),
    OPTION_FLAG(job, lines, "lines", "as --detail, each call with its file and line"),
    OPTION_CALL(job, debug, "debug-dir", "DIR", debug_folders_add, 0, DEBUG_DIR_HELP), OPTION_LAST};
static const option_fact pool_option[] = {
    OPTION_TEXT(job, pool, "pool", "NAME",
                "memory of that pool, arena or mapping instead of the heap's (see pools)"),
    OPTION_LAST};

static int add_operation(void *list, const option_fact *fact, const char *regex)
{
    fault f = {0};

    if (!operation_add(list, (operation_kind)fact->tag, regex, &f)) return EXIT_FINE;
    snprintf(f.path, sizeof f.path, "--%s", fact->name);
    return complain_fault(&f);
}

#define OPERATION_OPTION(id, option, argument, text) \
    OPTION_CALL(job, operations, option, argument, add_operation, OPERATION_##id, text),

static const option_fact operation_options[] = {OPERATIONS(OPERATION_OPTION) OPTION_LAST};

static const option_fact output_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_IS_FILE,
     .arg = "FILE",
     .offset = OPTION_AT(job, const char *, output),
     .help = "write to FILE; - is standard output"},
    OPTION_FLAG(job, force, "force", "overwrite FILE if it exists"),
    OPTION_LAST};

void command_options(option_set *set, const command *c, job *j)
{
    const option_fact *groups[] = {c->options,
                                   c->takes & TAKES_MEMORY ? memory_option : NULL,
                                   c->takes & TAKES_DETAIL ? detail_options : NULL,
                                   c->takes & TAKES_POOL ? pool_option : NULL,
                                   c->takes & TAKES_JSON ? json_option : NULL,
                                   c->takes & TAKES_CSV ? csv_option : NULL,
                                   c->takes & TAKES_OPEN ? open_option : NULL,
                                   c->takes & TAKES_NAMES ? names_option : NULL,
                                   output_options,
                                   options_common,
                                   c->takes & TAKES_TASKS ? task_options : NULL,
                                   c->takes & TAKES_PART ? part_options : NULL,
                                   c->takes & TAKES_OPERATIONS ? operation_options : NULL};

    _Static_assert(sizeof groups / sizeof *groups <= OPTION_GROUPS_MAX, "groups of options");
    *set = (option_set){
        .program = "thag-analyze", .command = c->name, .usage = c->usage, .about = c->about};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        set->groups[i].facts = groups[i];
        set->groups[i].settings = !j ? NULL : i ? j : j->settings;
        if (groups[i] == task_options) set->groups[i].heading = "Asynchronous code";
        if (groups[i] == part_options) set->groups[i].heading = "A part of the run, of one trace";
        if (groups[i] == operation_options) {
            set->groups[i].heading = "Transformations, in the order in which they are given";
        }
    }
}

/* ---- running ---- */

int job_wants_part(const job *j)
{
    return j->part.from_ns || j->part.to_ns || j->part.by_thread || j->part.threads;
}

int job_wants_tasks(const job *j)
{
    return j->tasks.waiting || j->tasks.wall || j->tasks.instances;
}

const char *job_view_text(const job *j, const char *subject, char *text, size_t room)
{
    if (!job_wants_tasks(j)) return NULL;
    if (j->tasks.instances)
        snprintf(text, room, "%s: the %zu tasks that ran longest, one by one", subject,
                 j->tasks.instances);
    else
        snprintf(text, room, "%s: %s", subject,
                 j->tasks.waiting ? "what tasks waited"
                                  : "running and waiting, which may be more than the time of all "
                                    "threads");
    return text;
}

static int slice_input(const job *j, input *in)
{
    slice_opts slice = {.from_ns = j->part.from_ns,
                        .to_ns = j->part.to_ns,
                        .by_thread = j->part.by_thread,
                        .wants = j->part.threads ? thread_is_listed : NULL,
                        .context = j->part.threads};

    if (!job_wants_part(j)) return EXIT_FINE;
    if (slice.to_ns && slice.from_ns >= slice.to_ns) {
        return complain(EXIT_USAGE, NULL, "--from: not before --to");
    }
    if (j->memory) return complain(EXIT_USAGE, NULL, "memory is not known by time or thread");
    return input_slice(in, &slice);
}

/* Waiting is known by path only; what is known of single tasks is what they ran. */
static int check_tasks(const job *j)
{
    if (j->tasks.waiting + j->tasks.wall + (j->tasks.instances != 0) > 1) {
        return complain(EXIT_USAGE, NULL, "one of --waiting, --wall and --instances");
    }
    if (!job_wants_tasks(j)) return EXIT_FINE;
    if (j->memory) {
        return complain(EXIT_USAGE, NULL, "--memory is of all tasks; thag-analyze tasks has each");
    }
    return job_wants_part(j) ? complain(EXIT_USAGE, NULL, "tasks are known for the whole run only")
                             : EXIT_FINE;
}

static int has_time(const profile *p)
{
    for (uint32_t n = 0; n < p->node_count; n++)
        if (p->self[n]) return 1;
    return 0;
}

/* Heap memory alone: no function or section ran that was profiled. */
static int has_spans(const profile *p)
{
    for (uint32_t n = 1; p->calls && n < p->node_count; n++)
        if (p->calls[n].calls || p->calls[n].open) return 1;
    return !p->calls || has_time(p);
}

/* What was recorded stays with a trace: spans along time are of its paths. */
static thag_err transform(const job *j, input *in, fault *f)
{
    profile *result;
    thag_err err;

    if (!in->whole.trace) return operation_apply(&j->operations, &in->profile, f);
    err = operation_result(&j->operations, &result, in->profile, f);
    if (err || !result) return err;
    in->recorded = in->profile;
    in->profile = result;
    return THAG_OK;
}

/* Do to an input what the shared options ask for. */
static int prepare(const job *j, input *in)
{
    fault f = {0};
    int status = slice_input(j, in);

    if (status == EXIT_FINE && j->tasks.instances)
        status = input_instances(in, (uint32_t)j->tasks.instances);
    if (status != EXIT_FINE) return status;
    if ((j->tasks.waiting || j->tasks.wall) && !has_time(in->profile)) {
        return complain(EXIT_NOTHING, in->stem, "no task waited");
    }
    if (!j->memory && j->command->takes & TAKES_MEMORY && in->profile->memory &&
        !has_spans(in->profile)) {
        return complain(EXIT_NOTHING, in->stem,
                        "no function or section was timed; --memory shows the memory");
    }
    if (j->memory && profile_use_memory(in->profile, PROFILE_BYTES_ALLOCATED)) {
        return complain(EXIT_NOTHING, in->stem, "memory was not recorded");
    }
    if (in->profile->node_count == 1) return EXIT_FINE; /* each command says it in its words */
    if (transform(j, in, &f)) return complain_fault(&f);
    if (in->profile->node_count == 1)
        return complain(EXIT_NOTHING, in->stem, "the transformations leave nothing");
    if (j->command->takes & TAKES_NAMES && !j->full_names && profile_label_frames(in->profile))
        return complain(EXIT_SYSTEM, NULL, "out of memory");
    return EXIT_FINE;
}

int job_open(const job *j, input *in, char **paths, int count)
{
    code_names *names = NULL;
    input_opts opts = {.pool = j->pool,
                       .pairs = j->pairs,
                       .waits = j->tasks.waiting ? WAITS_ONLY
                                : j->tasks.wall  ? WAITS_TOO
                                                 : WAITS_HIDDEN};
    int status = check_tasks(j);

    memset(in, 0, sizeof *in);
    if (status != EXIT_FINE) return status;
    if (j->detail || j->lines)
        status = code_names_new(&names, &j->debug, paths, count, CALLS_SHOWN, j->lines);
    if (names) opts.namer = code_names_namer(names);
    if (status == EXIT_FINE) status = input_open_with(in, paths, count, &opts);
    if (status == EXIT_FINE && names) code_names_report(names);
    code_names_free(names);
    if (status == EXIT_FINE) status = prepare(j, in);
    if (status != EXIT_FINE) input_close(in);
    return status;
}

static int run_job(job *j)
{
    input in;
    int status;

    if (j->as_csv && j->as_json) {
        return complain(EXIT_USAGE, NULL, "--csv or --json, not both");
    }
    j->format = j->as_json ? FORMAT_JSON : j->as_csv ? FORMAT_CSV : FORMAT_TEXT;
    if (j->command->run) return j->command->run(j);
    if ((j->detail || j->lines || j->pool) && !(j->command->takes & SHOWS_ALL)) j->memory = 1;
    status = job_open(j, &in, j->paths, j->path_count);
    if (status != EXIT_FINE) return status;
    status = j->command->show(j, &in);
    input_close(&in);
    return status;
}

int command_run(const command *c, int argc, char **argv)
{
    option_set set;
    job j = {.command = c, .settings = calloc(1, c->settings_size + 1)};
    int first, status;

    if (!j.settings) return complain(EXIT_SYSTEM, NULL, "out of memory");
    if (c->defaults) memcpy(j.settings, c->defaults, c->settings_size);
    command_options(&set, c, &j);
    status = options_parse(&set, argc, argv, &first);
    if (status == OPTIONS_GO_ON) {
        j.paths = argv + first;
        j.path_count = argc - first;
        status = run_job(&j);
    }
    operation_list_release(&j.operations);
    free(j.settings);
    return status;
}

/* ---- results ---- */

int write_report(const job *j, const report *r, const void *subject, const report_opts *opts)
{
    report_writer *const writers[] = {
        [FORMAT_TEXT] = r->text, [FORMAT_JSON] = r->json, [FORMAT_CSV] = r->csv};
    report_opts fitting = *opts;
    result_file out;
    int status = result_open(&out, j->output, j->force);

    if (status != EXIT_FINE) return status;
    if (!fitting.width) columns_of(fileno(out.to), &fitting.width);
    /* Of errors result_close() sees the stream's, and knows its name. */
    writers[j->format](out.to, subject, &fitting, &(fault){0});
    return result_close(&out, status);
}

int named_result_open(named_result *out, const job *j, const input *in, const char *ending)
{
    out->name[0] = 0;
    out->opens = j->opens;
    if (j->output) return result_open(&out->file, j->output, j->force);
    snprintf(out->name, sizeof out->name, "%s%s%s%s", in->stem, in->file_count > 1 ? "-merged" : "",
             j->memory            ? "-memory"
             : j->tasks.waiting   ? "-waiting"
             : j->tasks.wall      ? "-wall"
             : j->tasks.instances ? "-tasks"
                                  : "",
             ending);
    return result_open(&out->file, out->name, j->force);
}

int named_result_close(named_result *out, int status)
{
    char path[sizeof out->file.temporary];

    snprintf(path, sizeof path, "%s", out->file.path ? out->file.path : "");
    status = result_close(&out->file, status);
    if (status != EXIT_FINE) return status;
    if (out->name[0]) printf("%s\n", out->name);
    if (!out->opens) return status;
    if (!path[0]) return complain(EXIT_USAGE, NULL, "--open: standard output is no file");
    return open_in_browser(path);
}

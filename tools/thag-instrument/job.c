#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/message.h"
#include "thag-instrument/instrument.h"

/* ---- progress ---- */

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* After a second, a line that is written over and over; at the end it is wiped out. */
static void show_progress(const job *j, size_t done, size_t total, double *next)
{
    double now = seconds_now();

    if (j->is_quiet || !isatty(STDERR_FILENO) || now < *next) return;
    fprintf(stderr, "\r%zu of %zu files ", done, total);
    *next = now + 0.1;
}

static void wipe_progress(double first, double next)
{
    if (next > first) fprintf(stderr, "\r%40s\r", "");
}

/* ---- one text ---- */

static int is_same(const source_buffer *b, const file_text *f)
{
    return b->len == f->len && memcmp(b->text, f->text, f->len) == 0;
}

/* What goes in must come out: source_remove() of both texts is the same. */
static int comes_out(const source_buffer *made, const file_text *f, const source_opts *o)
{
    source_buffer back, before;
    int is_fine = 0;

    memset(&before, 0, sizeof before);
    if (source_remove(&back, made->text, made->len, o, NULL) == THAG_OK &&
        source_remove(&before, f->text, f->len, o, NULL) == THAG_OK) {
        is_fine = back.len == before.len && memcmp(back.text, before.text, back.len) == 0;
    }
    source_buffer_release(&back);
    source_buffer_release(&before);
    return is_fine;
}

static void count_scan(job *j, const source_scan *s)
{
    for (size_t i = 0; i < s->count; i++) j->left_alone[s->functions[i].reason]++;
    j->lost_files += s->lost_line != 0;
}

static int failed(thag_err err, const char *path)
{
    return complain(err == THAG_ERR_MEMORY ? EXIT_SYSTEM : EXIT_INPUT, path, "%s",
                    thag_err_text(err));
}

static void warn_lost(const job *j, const char *path, const source_scan *s)
{
    if (!s->lost_line || j->is_quiet || (j->action == ACTION_PRINT && !j->is_verbose)) return;
    complain(EXIT_FINE, path,
             "line %u: braces do not match here; functions near it may be left alone",
             (unsigned)s->lost_line);
}

static void list_left_alone(const job *j, const char *path, const source_scan *s)
{
    for (size_t i = 0; i < s->count && j->is_verbose; i++) {
        const source_function *f = &s->functions[i];
        if (f->reason != SOURCE_REASON_NONE) {
            complain(EXIT_FINE, path, "line %u: %s is left alone: %s", (unsigned)f->line, f->name,
                     source_reason_text(f->reason));
        }
    }
}

static int put_in(job *j, const char *path, const file_text *f, const source_opts *o,
                  source_buffer *made)
{
    source_scan *s = NULL;
    thag_err err = source_scan_new(&s, f->text, f->len, o);

    if (err) return failed(err, path);
    count_scan(j, s);
    warn_lost(j, path, s);
    list_left_alone(j, path, s);
    if (j->listing) listing_add(j->listing, path, s);
    err = source_put(made, f->text, f->len, s, o);
    source_scan_free(s);
    if (err) return failed(err, path);
    if (comes_out(made, f, o)) return EXIT_FINE;
    source_buffer_release(made);
    return complain(EXIT_INPUT, path, "left as it is: what is put in would not come out again");
}

static int take_out(job *j, const char *path, const file_text *f, const source_opts *o,
                    source_buffer *made)
{
    size_t strays = 0;
    thag_err err = source_remove(made, f->text, f->len, o, &strays);

    if (err) return failed(err, path);
    j->stray_marks += strays;
    if (strays && !j->is_quiet) {
        complain(EXIT_FINE, path, "%zu mark%s left: in a string or comment, or changed since",
                 strays, strays == 1 ? " is" : "s are");
    }
    return EXIT_FINE;
}

/* ---- one file ---- */

/* Languages by name and content; an explicit standard decides where the name does not. */
static source_opts opts_for(const job *j, const input_file *in, const file_text *f)
{
    source_opts o = j->opts, theirs = j->opts;
    source_language language;
    int is_known = in && source_language_of(&language, in->path, f->text, f->len);

    if (in && in->standard && source_opts_standard(&theirs, in->standard)) {
        o.language = theirs.language;
        o.has_trigraphs = theirs.has_trigraphs;
    }
    if (!is_known) return o;
    /* The standard of C says nothing about a C++ file. */
    if (language != o.language) o.has_trigraphs = 0;
    o.language = language;
    return o;
}

static int print(const source_buffer *b)
{
    if (fwrite(b->text, 1, b->len, stdout) != b->len || fflush(stdout))
        return complain(EXIT_SYSTEM, "standard output", "cannot write (%s)", strerror(errno));
    return EXIT_FINE;
}

static int act(job *j, const char *path, const file_text *f, const source_buffer *made)
{
    int status = EXIT_FINE;

    switch (j->action) {
    case ACTION_PRINT: return print(made);
    case ACTION_DIFF: diff_write(stdout, path, f->text, f->len, made->text, made->len); break;
    case ACTION_IN_PLACE:
        if (is_same(made, f)) break;
        status = file_replace(path, f, made->text, made->len, j->is_remove ? NULL : j->backup);
        if (status == EXIT_FINE && j->is_remove && j->backup)
            file_drop_backup(path, j->backup, made->text, made->len);
        break;
    case ACTION_CHECK:
        if (!is_same(made, f)) printf("%s\n", path);
        break;
    case ACTION_DRY_RUN:
        if (!is_same(made, f))
            printf("%s: %zu function%s\n", path, made->changes, made->changes == 1 ? "" : "s");
        break;
    case ACTION_LIST: break;
    }
    return status;
}

static int do_text(job *j, const input_file *in, const char *path, const file_text *f)
{
    source_opts o = opts_for(j, in, f);
    source_buffer made = {0};
    int status;

    if (j->select) {
        selection_begin_file(j->select, path);
        o.select = selection_ask;
        o.context = j->select;
    }
    status = j->is_remove ? take_out(j, path, f, &o, &made) : put_in(j, path, f, &o, &made);
    if (status == EXIT_FINE) status = act(j, path, f, &made);
    if (status == EXIT_FINE) {
        j->files++;
        j->functions += made.changes;
        j->changed_files += !is_same(&made, f);
    }
    source_buffer_release(&made);
    return status;
}

static int do_file(job *j, const input_file *in)
{
    file_text f;
    int status = file_read(&f, in->path);

    if (status == EXIT_FINE) status = do_text(j, in, in->path, &f);
    file_release(&f);
    return status;
}

/* ---- all of them ---- */

static void say_sum(const job *j)
{
    char left[400] = "";
    size_t total = 0, len = 0;

    if (j->is_quiet || !j->files || j->action == ACTION_PRINT || j->action == ACTION_LIST) return;
    for (int r = SOURCE_REASON_NONE + 1; r < SOURCE_REASON_COUNT; r++) {
        if (!j->left_alone[r]) continue;
        total += j->left_alone[r];
        if (len < sizeof left) {
            len += (size_t)snprintf(left + len, sizeof left - len, "%s%zu %s", len ? ", " : "",
                                    j->left_alone[r], source_reason_key((source_reason)r));
        }
    }
    complain(EXIT_FINE, NULL, "%zu function%s in %zu of %zu file%s%s%s%s", j->functions,
             j->functions == 1 ? "" : "s", j->changed_files, j->files, j->files == 1 ? "" : "s",
             total ? "; left alone: " : "", left,
             j->lost_files ? "; some braces do not match" : "");
}

static int do_files(job *j, char **arguments, int count)
{
    input_list list;
    int worst = inputs_collect(&list, arguments, count);
    double first = seconds_now() + 1, next = first;

    if (!list.count && worst == EXIT_FINE)
        worst = complain(EXIT_NOTHING, arguments[0], "no C or C++ files");
    if (list.count != 1 && j->action == ACTION_PRINT) {
        if (list.count)
            worst = complain(EXIT_USAGE, NULL,
                             "several files: say --in-place, --diff, --dry-run, "
                             "--check or --list (see --help)");
        inputs_release(&list);
        return worst;
    }
    for (size_t i = 0; i < list.count; i++) {
        int status = do_file(j, &list.files[i]);
        if (status > worst) worst = status;
        show_progress(j, i + 1, list.count, &next);
    }
    wipe_progress(first, next);
    inputs_release(&list);
    say_sum(j);
    return worst;
}

/* With `<in.c >in.c` the shell has emptied the file before we begin; with >> or <> it has not. */
static int is_own_input(void)
{
    struct stat in, out;

    return fstat(STDIN_FILENO, &in) == 0 && fstat(STDOUT_FILENO, &out) == 0 &&
           S_ISREG(in.st_mode) && S_ISREG(out.st_mode) && in.st_ino == out.st_ino &&
           in.st_dev == out.st_dev;
}

static int do_stdin(job *j)
{
    file_text f;
    int status;

    if (isatty(STDIN_FILENO)) return complain(EXIT_USAGE, NULL, "no input (try --help)");
    if (j->action == ACTION_IN_PLACE)
        return complain(EXIT_USAGE, NULL, "--in-place needs files or directories");
    if (j->action == ACTION_PRINT && is_own_input())
        return complain(EXIT_USAGE, NULL, "the output is the input file: write to another one");
    status = file_read(&f, NULL);
    if (status == EXIT_FINE) status = do_text(j, NULL, "standard input", &f);
    file_release(&f);
    return status;
}

int job_run(job *j, char **arguments, int count)
{
    int status;

    if (j->action == ACTION_LIST) {
        j->listing = listing_new(stdout, j->is_json);
        if (!j->listing) return complain(EXIT_SYSTEM, NULL, "out of memory");
    }
    status = count ? do_files(j, arguments, count) : do_stdin(j);
    listing_end(j->listing);
    j->listing = NULL;
    if (status == EXIT_FINE && j->action == ACTION_CHECK && j->changed_files) status = EXIT_NOTHING;
    if (fflush(stdout) && status == EXIT_FINE)
        status = complain(EXIT_SYSTEM, "standard output", "cannot write (%s)", strerror(errno));
    return status;
}

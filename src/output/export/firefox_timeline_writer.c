/*
 * Firefox Profiler, along time: a thread for each of ours, a sample for each stretch during which the
 * innermost span stayed the same, weighted with its length. Its stack chart then shows each span.
 *
 * A table of samples is stored by columns: while one is written the others of the thread wait in
 * temporary files.
 */
#include <stdlib.h>
#include <unistd.h>

#include "output/export/export.h"
#include "output/export/firefox_tables.h"
#include "output/export/span_walk.h"

enum column { COLUMN_STACK, COLUMN_TIME, COLUMN_WEIGHT, COLUMNS };

typedef struct writer {
    FILE *to;
    json j;
    const export_source *from;
    text_out columns[COLUMNS]; /* into files without a name */
    uint64_t count;            /* samples of the thread at hand */
    int has_thread;
    int failed; /* a temporary file */
} writer;

static void begin_thread(void *context, const span_track *track)
{
    writer *w = context;

    json_begin_object(&w->j, NULL, 1);
    firefox_put_thread(&w->j, w->from, track->label, track->tid, !w->has_thread);
    w->has_thread = 1;
    w->count = 0;
}

static void put_stretch(void *context, uint32_t node, uint64_t start_ns, uint64_t end_ns)
{
    writer *w = context;

    for (int c = 0; w->count && c < COLUMNS; c++) text_put(&w->columns[c], ",", 1);
    if (node == PROFILE_ROOT)
        text_puts(&w->columns[COLUMN_STACK], "null");
    else
        text_uint(&w->columns[COLUMN_STACK], firefox_stack(node));
    text_scaled(&w->columns[COLUMN_TIME], start_ns, FIREFOX_MS_DIGITS);
    text_scaled(&w->columns[COLUMN_WEIGHT], end_ns - start_ns, FIREFOX_MS_DIGITS);
    w->count++;
}

/* The column is an array, of which only the brackets are not in the file yet. */
static void put_column(writer *w, const char *key, enum column column)
{
    FILE *file = w->columns[column].to;
    char block[1 << 14];

    json_begin_array(&w->j, key, 0);
    text_flush(&w->columns[column]);
    if (fflush(file)) w->failed = 1;
    rewind(file);
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) fwrite(block, 1, n, w->to);
    if (ferror(file)) w->failed = 1;
    rewind(file);
    if (ftruncate(fileno(file), 0)) w->failed = 1;
    json_end(&w->j);
}

static void end_thread(void *context)
{
    writer *w = context;

    json_begin_object(&w->j, "samples", 1);
    json_text(&w->j, "weightType", "tracing-ms");
    put_column(w, "stack", COLUMN_STACK);
    put_column(w, "time", COLUMN_TIME);
    put_column(w, "weight", COLUMN_WEIGHT);
    json_uint(&w->j, "length", w->count);
    json_end(&w->j);
    json_end(&w->j);
}

static int open_columns(writer *w)
{
    for (int c = 0; c < COLUMNS; c++) {
        w->columns[c].to = tmpfile();
        if (!w->columns[c].to) return 0;
    }
    return 1;
}

static thag_err put_all(writer *w, fault *why)
{
    static const span_visitor visitor = {
        .begin_thread = begin_thread, .end_thread = end_thread, .stretch = put_stretch};
    thag_err err;

    json_init(&w->j, w->to);
    json_begin_object(&w->j, NULL, 1);
    firefox_put_head(&w->j, w->from);
    firefox_put_shared(&w->j, w->from->profile);
    json_begin_array(&w->j, "threads", 1);
    err = span_walk(w->from, &visitor, w, why);
    json_end(&w->j);
    json_end(&w->j);
    json_finish(&w->j);
    if (!err && w->failed) err = fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "temporary file");
    if (!err && ferror(w->to)) {
        err = fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing for the Firefox Profiler");
    }
    return err;
}

thag_err firefox_timeline_write(FILE *to, const export_source *from, fault *why)
{
    writer *w = calloc(1, sizeof *w); /* three buffers are large for a stack */
    thag_err err;

    if (!w) return fault_set(why, THAG_ERR_MEMORY, UINT64_MAX, "writing for the Firefox Profiler");
    w->to = to;
    w->from = from;
    err = open_columns(w) ? put_all(w, why)
                          : fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "temporary file");
    for (int c = 0; c < COLUMNS; c++) {
        if (w->columns[c].to) fclose(w->columns[c].to);
    }
    free(w);
    return err;
}

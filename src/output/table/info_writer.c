#include "output/table/info_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output/quantity.h"
#include "output/sampling_text.h"
#include "output/table/origins_writer.h"
#include "output/table/stats_writer.h"
#include "output/utf8.h"

/* In text; JSON has all. */
#define THREADS_SHOWN 40
#define DAMAGES_SHOWN 5

static thag_err finish(FILE *to, thag_err err, fault *why)
{
    if (!err && ferror(to)) err = THAG_ERR_WRITE;
    return err ? fault_set(why, err, UINT64_MAX, "writing information") : THAG_OK;
}

static void time_text(char *text, uint64_t real_ns)
{
    time_t seconds = (time_t)(real_ns / 1000000000u);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || !strftime(text, QUANTITY_ROOM, "%Y-%m-%d %H:%M:%S UTC", &tm)) {
        strcpy(text, "unknown");
    }
}

static const char *clock_name(uint32_t kind)
{
    switch (kind) {
    case TRACE_CLOCK_TSC: return "TSC";
    case TRACE_CLOCK_MONOTONIC: return "CLOCK_MONOTONIC";
    case TRACE_CLOCK_CNTVCT: return "CNTVCT in sixteenths";
    default: return "unknown";
    }
}

static uint64_t duration_ns(const trace *t)
{
    return trace_ns(t, trace_end_ticks(t) - trace_head(t)->start_ticks);
}

static double probe_ns(const trace *t, uint32_t q8)
{
    double hz = trace_clock_hz(t);

    return hz > 0 ? q8 * 1e9 / hz / 256 : 0;
}

/* Tenths, without the locale's decimal point. */
static void tenths(char *text, double value)
{
    uint64_t scaled = value < 0x1p53 ? (uint64_t)(value * 10 + 0.5) : 0;

    snprintf(text, QUANTITY_ROOM, "%" PRIu64 ".%d", scaled / 10, (int)(scaled % 10));
}

static int64_t as_value(uint64_t value)
{
    return value < INT64_MAX ? (int64_t)value : INT64_MAX;
}

/* ---- text ---- */

static void put_label(FILE *to, const char *label)
{
    fprintf(to, "%-14s", label);
}

static void put_run(FILE *to, const trace *t)
{
    const trace_file *h = trace_head(t);
    char text[QUANTITY_ROOM];

    put_label(to, "program");
    utf8_put_plain(to, h->program, strlen(h->program), 60);
    fputc('\n', to);
    put_label(to, "process");
    fprintf(to, "%" PRIu32 ", parent %" PRIu32 "%s\n", h->pid, h->parent_pid,
            h->parent_traced ? " (profiled too)" : "");
    time_text(text, h->start_real_ns);
    put_label(to, "started");
    fprintf(to, "%s\n", text);
    quantity_text(text, PROFILE_NS, as_value(duration_ns(t)), NULL);
    put_label(to, "duration");
    fprintf(to, "%s, %s\n", text,
            trace_ended(t) ? "ended normally" : "did not end: it was killed, or is still running");
    put_label(to, "recorded");
    fprintf(to, "%s%s%s\n", h->mode & TRACE_TIME ? "time" : "",
            h->mode == (TRACE_TIME | TRACE_MEMORY) ? " and " : "",
            h->mode & TRACE_MEMORY ? "memory" : "");
}

static void put_clock(FILE *to, const trace *t)
{
    const trace_file *h = trace_head(t);
    char inside[QUANTITY_ROOM], outside[QUANTITY_ROOM], own[QUANTITY_ROOM], rate[QUANTITY_ROOM];

    tenths(rate, trace_clock_hz(t) / 1e6);
    put_label(to, "clock");
    fprintf(to, "%s, %s MHz\n", clock_name(h->clock_kind), rate);
    tenths(inside, probe_ns(t, h->probe_inside_q8));
    tenths(outside, probe_ns(t, h->probe_outside_q8));
    quantity_text(own, PROFILE_NS, as_value(trace_ns(t, h->profiler_ticks)), NULL);
    put_label(to, "profiler");
    fprintf(to, "%s ns within a span, %s ns around it; %s in slow paths, taken off the spans\n",
            inside, outside, own);
    put_label(to, "sampling");
    if (h->sample_period > 1) {
        fprintf(to, "about 1 call in %" PRIu32 " timed on hot paths; calls are exact\n",
                h->sample_period);
    } else {
        fputs("none, every call timed\n", to);
    }
}

static void put_memory(FILE *to, const trace *t)
{
    char label[16];

    snprintf(label, sizeof label, "%-14s", "memory");
    sampling_put_facts(to, label, &trace_memory_of(t)->sampling);
}

static void put_timeline(FILE *to, const trace *t)
{
    const trace_census *c = trace_statistics(t);
    char spans[QUANTITY_ROOM], bytes[QUANTITY_ROOM], limit[QUANTITY_ROOM], each[QUANTITY_ROOM];
    uint64_t limit_bytes = trace_head(t)->timeline_limit_bytes;

    quantity_count(spans, c->timeline_spans);
    quantity_text(bytes, PROFILE_BYTES, as_value(c->timeline_bytes), NULL);
    quantity_text(limit, PROFILE_BYTES, as_value(limit_bytes), NULL);
    tenths(each, c->timeline_spans ? (double)c->timeline_bytes / (double)c->timeline_spans : 0);
    put_label(to, "timeline");
    fprintf(to, "%s spans in %s, %s bytes a span; limit %s\n", spans, bytes, each,
            limit_bytes >= INT64_MAX ? "none" : limit);
    quantity_text(bytes, PROFILE_BYTES, as_value(c->file_bytes), NULL);
    put_label(to, "file");
    fprintf(to,
            "%s; chunks: %" PRIu64 " sites, %" PRIu64 " tree, %" PRIu64 " threads, %" PRIu64
            " counters, %" PRIu64 " frames, %" PRIu64 " timeline, %" PRIu64 " unused\n",
            bytes, c->chunks[TRACE_SITES], c->chunks[TRACE_TREE], c->chunks[TRACE_THREAD],
            c->chunks[TRACE_ARENA], c->chunks[TRACE_FRAMES], c->chunks[TRACE_TIMELINE],
            c->chunks[TRACE_FREE] + c->chunks[0]);
}

static void put_thread(FILE *to, const trace_thread_info *th, const thread_time *time)
{
    char wall[QUANTITY_ROOM], inside[QUANTITY_ROOM], outside[QUANTITY_ROOM], calls[QUANTITY_ROOM];

    quantity_text(wall, PROFILE_NS, as_value(time->wall_ns), NULL);
    quantity_text(inside, PROFILE_NS, as_value(time->inside_ns), NULL);
    quantity_text(outside, PROFILE_NS, as_value(time->outside_ns), NULL);
    quantity_count(calls, time->calls);
    fprintf(to, "%10" PRIu32 "  ", th->tid);
    for (size_t n = utf8_put_plain(to, th->name, strlen(th->name), 16); n < 16; n++) fputc(' ', to);
    /* The micro sign is two bytes wide and one column. */
    fprintf(to, "  %*s  %*s  %*s  %13s", 9 + (strchr(wall, '\xC2') != NULL), wall,
            9 + (strchr(inside, '\xC2') != NULL), inside, 9 + (strchr(outside, '\xC2') != NULL),
            outside, calls);
    if (time->open) fprintf(to, "  %" PRIu64 " unfinished", time->open);
    if (th->level)
        fprintf(to, "  signal handlers");
    else if (th->thread_count > 1)
        fprintf(to, "  %" PRIu32 " threads in turn", th->thread_count);
    fputc('\n', to);
}

static thag_err put_threads(FILE *to, const trace *t)
{
    size_t count;
    const trace_thread_info *threads = trace_threads(t, &count);
    thread_time *times = profile_thread_times(t);

    if (!times) return THAG_ERR_MEMORY;
    fprintf(to, "\n%10s  %-16s  %9s  %9s  %9s  %13s\n", "thread", "name", "wall", "in spans",
            "outside", "calls");
    for (size_t i = 0; i < count && i < THREADS_SHOWN; i++) put_thread(to, &threads[i], &times[i]);
    if (count > THREADS_SHOWN) fprintf(to, "%10s  and %zu more\n", "", count - THREADS_SHOWN);
    free(times);
    return THAG_OK;
}

/* The first of each kind that was noted, in words. */
static void put_notes(FILE *to, const trace *t)
{
    size_t count;
    const trace_note_info *notes = trace_notes(t, &count);

    for (size_t i = 0; i < count; i++) {
        fputs("first: ", to);
        utf8_put_plain(to, notes[i].text, strlen(notes[i].text), SIZE_MAX);
        fputc('\n', to);
    }
}

/* Of those in which something allocated; there are none where memory was not recorded. */
static void put_modules(FILE *to, const trace *t)
{
    uint32_t count = trace_module_count(t);

    if (count) fprintf(to, "\n%-30s  %-40s  module\n", "addresses", "build-id");
    for (uint32_t id = 0; id < count; id++) {
        trace_module_info m = trace_module_get(t, id);

        fprintf(to, "%14" PRIx64 "-%-15" PRIx64 "  %-40s  ", m.lo, m.hi,
                *m.build_id ? m.build_id : "-");
        utf8_put_plain(to, *m.path ? m.path : "-", *m.path ? strlen(m.path) : 1, SIZE_MAX);
        fputc('\n', to);
    }
}

/* Was there any? */
static int put_loss_counts(FILE *to, const uint64_t *losses, unsigned kinds)
{
    int any = 0;

    for (unsigned loss = 0; loss < kinds; loss++) {
        const char *text = trace_loss_text(loss);
        char count[QUANTITY_ROOM];

        if (!losses[loss]) continue;
        quantity_count(count, losses[loss]);
        fprintf(to, "%s %s\n", count, text ? text : "losses of a kind this version does not know");
        any = 1;
    }
    return any;
}

static void put_losses(FILE *to, const trace *t)
{
    const trace_file *h = trace_head(t);
    size_t listed;
    uint64_t damages;
    int any;

    trace_damages(t, &listed, &damages);
    fputc('\n', to);
    /* What was at a damaged place is lost. */
    any = put_loss_counts(to, h->losses, TRACE_LOSS_ROOM) || damages > 0;
    put_notes(to, t);
    if (h->write_errno) {
        fprintf(to, "writing met an error: %s\n", strerror(h->write_errno));
        any = 1;
    }
    if (!any) fputs("nothing was lost\n", to);
}

static void put_damages(FILE *to, const trace *t, int all)
{
    size_t listed, shown;
    uint64_t total;
    const trace_damage *damages = trace_damages(t, &listed, &total);

    if (total) fprintf(to, "damaged: %" PRIu64 " place%s, skipped\n", total, total == 1 ? "" : "s");
    shown = all || listed < DAMAGES_SHOWN ? listed : DAMAGES_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        fprintf(to, "  byte %" PRIu64 ": ", damages[i].offset);
        utf8_put_plain(to, damages[i].what, strlen(damages[i].what), 100);
        fputc('\n', to);
    }
    if (shown < total) {
        fprintf(to, "  and %" PRIu64 " more%s\n", total - shown,
                shown < listed ? " (--all-damage lists them)" : "");
    }
}

/* So that the damage in the timeline is known too. */
static thag_err check_timelines(trace *t)
{
    size_t count;
    thag_err err = THAG_OK;

    trace_threads(t, &count);
    for (size_t i = 0; !err && i < count; i++) {
        trace_cursor *c;
        trace_span span;

        err = trace_cursor_new(&c, t, i);
        while (!err && trace_cursor_next(c, &span)) {
        }
        trace_cursor_free(c);
    }
    return err;
}

thag_err info_write_text(FILE *to, trace *t, int all_damages, fault *why)
{
    thag_err err = check_timelines(t);

    if (!err) {
        put_run(to, t);
        put_clock(to, t);
        put_memory(to, t);
        put_timeline(to, t);
        err = put_threads(to, t);
    }
    if (!err) {
        origins_write_text(to, t, THREADS_SHOWN);
        put_modules(to, t);
        put_losses(to, t);
        put_damages(to, t, all_damages);
    }
    return finish(to, err, why);
}

thag_err info_write_saved_text(FILE *to, const profile *p, const run_facts *runs, fault *why)
{
    char count[QUANTITY_ROOM], text[QUANTITY_ROOM];

    put_label(to, "program");
    utf8_put_plain(to, p->title, strlen(p->title), 60);
    quantity_count(count, runs->file_count);
    fprintf(to, "\n%-14s%s file%s\n", "made from", count, runs->file_count == 1 ? "" : "s");
    if (runs->killed_count) {
        quantity_count(count, runs->killed_count);
        fprintf(to, "%-14s%s did not end: killed, or still running then\n", "", count);
    }
    time_text(text, runs->start_real_ns);
    fprintf(to, "%-14s%s\n", "started", runs->start_real_ns ? text : "unknown");
    time_text(text, runs->end_real_ns);
    fprintf(to, "%-14s%s\n", "ended", runs->end_real_ns ? text : "unknown");
    fprintf(to, "%-14s%s%s\n", "holds", p->calls ? "times and calls" : "one value a path",
            p->memory ? ", memory" : "");
    quantity_count(count, p->node_count - 1);
    fprintf(to, "%-14s%s\n\n", "call paths", count);
    if (!put_loss_counts(to, runs->losses, TRACE_LOSS_KINDS) && !runs->damages) {
        fputs("nothing was lost\n", to);
    }
    if (runs->damages) {
        quantity_count(count, runs->damages);
        fprintf(to, "%s damaged place%s of the input, skipped\n", count,
                runs->damages == 1 ? "" : "s");
    }
    return finish(to, THAG_OK, why);
}

/* ---- JSON ---- */

static void json_run(json *j, const trace *t)
{
    const trace_file *h = trace_head(t);
    const trace_census *c = trace_statistics(t);

    json_text(j, "program", h->program);
    json_uint(j, "pid", h->pid);
    json_uint(j, "parent_pid", h->parent_pid);
    json_bool(j, "parent_traced", h->parent_traced != 0);
    json_uint(j, "started_unix_ns", h->start_real_ns);
    json_uint(j, "duration_ns", duration_ns(t));
    json_bool(j, "ended", trace_ended(t));
    json_bool(j, "time", (h->mode & TRACE_TIME) != 0);
    json_bool(j, "memory", (h->mode & TRACE_MEMORY) != 0);
    json_text(j, "clock", clock_name(h->clock_kind));
    json_real(j, "clock_hz", trace_clock_hz(t));
    json_uint(j, "sample_period", h->sample_period);
    sampling_put_facts_json(j, &trace_memory_of(t)->sampling);
    json_real(j, "probe_inside_ns", probe_ns(t, h->probe_inside_q8));
    json_real(j, "probe_outside_ns", probe_ns(t, h->probe_outside_q8));
    json_uint(j, "profiler_ns", trace_ns(t, h->profiler_ticks));
    json_uint(j, "file_bytes", c->file_bytes);
    json_uint(j, "timeline_spans", c->timeline_spans);
    json_uint(j, "timeline_bytes", c->timeline_bytes);
    json_uint(j, "timeline_limit_bytes", h->timeline_limit_bytes);
    json_int(j, "write_errno", h->write_errno);
}

static thag_err json_threads(json *j, const trace *t)
{
    size_t count;
    const trace_thread_info *threads = trace_threads(t, &count);
    thread_time *times = profile_thread_times(t);

    if (!times) return THAG_ERR_MEMORY;
    json_begin_array(j, "threads", 1);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(j, NULL, 0);
        json_uint(j, "tid", threads[i].tid);
        json_text(j, "name", threads[i].name);
        json_uint(j, "thread_count", threads[i].thread_count);
        json_uint(j, "level", threads[i].level);
        json_bool(j, "alive", threads[i].alive);
        json_uint(j, "wall_ns", times[i].wall_ns);
        json_uint(j, "inside_ns", times[i].inside_ns);
        json_uint(j, "outside_ns", times[i].outside_ns);
        json_uint(j, "calls", times[i].calls);
        json_uint(j, "unfinished", times[i].open);
        json_uint(j, "timeline_spans", threads[i].spans);
        json_end(j);
    }
    json_end(j);
    free(times);
    return THAG_OK;
}

static void json_modules(json *j, const trace *t)
{
    uint32_t count = trace_module_count(t);

    if (!count) return;
    json_begin_array(j, "modules", 1);
    for (uint32_t id = 0; id < count; id++) {
        trace_module_info m = trace_module_get(t, id);

        json_begin_object(j, NULL, 0);
        json_text(j, "path", m.path);
        json_text(j, "build_id", m.build_id);
        json_uint(j, "bias", m.bias);
        json_uint(j, "low", m.lo);
        json_uint(j, "high", m.hi);
        json_end(j);
    }
    json_end(j);
}

static void json_losses(json *j, const uint64_t *losses)
{
    json_begin_object(j, "losses", 0);
    for (unsigned loss = 0; loss < TRACE_LOSS_KINDS; loss++) {
        if (losses[loss]) json_uint(j, stats_loss_key(loss), losses[loss]);
    }
    json_end(j);
}

static void json_problems(json *j, const trace *t)
{
    size_t listed;
    uint64_t total;
    const trace_damage *damages = trace_damages(t, &listed, &total);
    size_t note_count;
    const trace_note_info *notes = trace_notes(t, &note_count);

    json_losses(j, trace_head(t)->losses);
    json_begin_array(j, "notes", 0);
    for (size_t i = 0; i < note_count; i++) json_text(j, NULL, notes[i].text);
    json_end(j);
    json_uint(j, "damages", total);
    json_begin_array(j, "damaged", 1);
    for (size_t i = 0; i < listed; i++) {
        json_begin_object(j, NULL, 0);
        json_uint(j, "offset", damages[i].offset);
        json_text(j, "what", damages[i].what);
        json_end(j);
    }
    json_end(j);
}

thag_err info_write_json(FILE *to, trace *t, fault *why)
{
    thag_err err = check_timelines(t);
    json j;

    if (err) return finish(to, err, why);
    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    json_run(&j, t);
    err = json_threads(&j, t);
    origins_write_json(&j, t);
    json_modules(&j, t);
    json_problems(&j, t);
    json_end(&j);
    json_finish(&j);
    return finish(to, err, why);
}

thag_err info_write_saved_json(FILE *to, const profile *p, const run_facts *runs, fault *why)
{
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    json_text(&j, "program", p->title);
    json_bool(&j, "saved", 1);
    json_uint(&j, "files", runs->file_count);
    json_uint(&j, "killed", runs->killed_count);
    json_uint(&j, "started_unix_ns", runs->start_real_ns);
    json_uint(&j, "ended_unix_ns", runs->end_real_ns);
    json_bool(&j, "calls", p->calls != NULL);
    json_bool(&j, "memory", p->memory != NULL);
    json_uint(&j, "paths", p->node_count - 1);
    json_losses(&j, runs->losses);
    json_uint(&j, "damages", runs->damages);
    json_end(&j);
    json_finish(&j);
    return finish(to, THAG_OK, why);
}

#include "output/table/origins_writer.h"

#include <inttypes.h>
#include <string.h>

#include "output/quantity.h"
#include "output/utf8.h"

#define PATH_MAX_SPANS 256 /* of a path in JSON: the innermost */

static uint64_t since_start_ns(const trace *t, uint64_t ticks)
{
    uint64_t start = trace_head(t)->start_ticks;

    return ticks > start ? trace_ns(t, ticks - start) : 0;
}

/* 0: the node is no span. */
static int span_of(const trace *t, uint32_t node, trace_site_info *site)
{
    uint32_t count;
    const trace_node *nodes = trace_nodes(t, &count);

    return node && node < count && !trace_node_is_code(&nodes[node]) &&
           trace_site_get(t, nodes[node].site, site);
}

/* ---- text ---- */

static void put_place(FILE *to, const trace *t, const trace_origin_info *o)
{
    trace_site_info site;

    fprintf(to, "thread %" PRIu32, o->spawner_tid);
    if (o->spawner) fprintf(to, ", task #%" PRIu64, o->spawner);
    if (span_of(t, o->node, &site)) {
        fputs(site.flags & TRACE_SITE_ASYNC ? ", in async::" : ", in ", to);
        utf8_put_plain(to, site.name, site.name_len, 60);
    }
}

/* The micro sign is two bytes wide and one column. */
static void put_time(FILE *to, uint64_t ns)
{
    char text[QUANTITY_ROOM];

    quantity_time(text, ns);
    fprintf(to, "  %*s", 9 + (strchr(text, '\xC2') != NULL), text);
}

void origins_write_text(FILE *to, const trace *t, size_t limit)
{
    size_t count;
    const trace_origin_info *origins = trace_origins(t, &count);

    if (!count) return;
    fprintf(to, "\n%10s  %-16s  %9s  %9s  begun by\n", "thread", "name", "begun at", "lived");
    for (size_t i = 0; i < count && i < limit; i++) {
        const trace_origin_info *o = &origins[i];
        size_t n;

        fprintf(to, "%10" PRIu32 "  ", o->tid);
        for (n = utf8_put_plain(to, o->name, strlen(o->name), 16); n < 16; n++) fputc(' ', to);
        put_time(to, since_start_ns(t, o->asked_ticks));
        put_time(to, trace_ns(t, o->end_ticks - o->start_ticks));
        fputs("  ", to);
        put_place(to, t, o);
        fputc('\n', to);
    }
    if (count > limit) fprintf(to, "%10s  and %zu more\n", "", count - limit);
}

/* ---- JSON ---- */

static void put_path(json *j, const trace *t, uint32_t node)
{
    uint32_t count, path[PATH_MAX_SPANS];
    const trace_node *nodes = trace_nodes(t, &count);
    size_t n = 0;

    for (; node && node < count && n < PATH_MAX_SPANS; node = nodes[node].parent) path[n++] = node;
    json_begin_array(j, "path", 0);
    while (n) {
        trace_site_info site;
        char name[TRACE_NAME_MAX + sizeof "async::"];

        if (!span_of(t, path[--n], &site)) continue;
        snprintf(name, sizeof name, "%s%s", site.flags & TRACE_SITE_ASYNC ? "async::" : "",
                 site.name);
        json_text(j, NULL, name);
    }
    json_end(j);
}

void origins_write_json(json *j, const trace *t)
{
    size_t count;
    const trace_origin_info *origins = trace_origins(t, &count);

    if (!count) return;
    json_begin_array(j, "begins", 1);
    for (size_t i = 0; i < count; i++) {
        const trace_origin_info *o = &origins[i];

        json_begin_object(j, NULL, 0);
        json_uint(j, "tid", o->tid);
        json_text(j, "name", o->name);
        json_uint(j, "asked_ns", since_start_ns(t, o->asked_ticks));
        json_uint(j, "start_ns", since_start_ns(t, o->start_ticks));
        json_uint(j, "end_ns", since_start_ns(t, o->end_ticks));
        json_uint(j, "spawner_tid", o->spawner_tid);
        if (o->spawner)
            json_uint(j, "spawner_task", o->spawner);
        else
            json_null(j, "spawner_task");
        put_path(j, t, o->node);
        json_end(j);
    }
    json_end(j);
}

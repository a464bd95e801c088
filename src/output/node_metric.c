#include "output/node_metric.h"

#include <stdlib.h>
#include <string.h>

#include "profile/memory_columns.h"

static int64_t whole(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int64_t self_value(const profile *p, uint32_t node)
{
    return p->self[node];
}

static int64_t calls_value(const profile *p, uint32_t node)
{
    return whole(p->calls[node].calls);
}

#define MEMORY_VALUE(column, key, is_bytes, title, is_live) \
    static int64_t column##_value(const profile *p, uint32_t node) \
    { \
        return whole(p->memory[node].column); \
    }
MEMORY_COLUMNS(MEMORY_VALUE)

static node_metric main_metric(const profile *p)
{
    switch (p->unit) {
    case PROFILE_NS: return (node_metric){"self_ns", "time", NODE_NS, self_value};
    case PROFILE_BYTES: return (node_metric){"self_bytes", "space", NODE_BYTES, self_value};
    default: return (node_metric){"self_samples", "samples", NODE_COUNT, self_value};
    }
}

size_t node_metrics(const profile *p, node_metric found[NODE_METRIC_MAX])
{
    static const struct {
        node_metric metric;
        int is_live;
    } memory[] = {
#define MEMORY_ROW(column, key, is_bytes, title, is_live) \
    {{key, title, is_bytes ? NODE_BYTES : NODE_COUNT, column##_value}, is_live},
        MEMORY_COLUMNS(MEMORY_ROW)
#undef MEMORY_ROW
    };
    size_t count = 0;

    found[count++] = main_metric(p);
    if (p->calls) found[count++] = (node_metric){"calls", "calls", NODE_COUNT, calls_value};
    /* Of a profile that was reduced to one column of memory, that column is the main one. */
    if (!p->memory || p->unit != PROFILE_NS) return count;
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) {
        if (memory[i].is_live && p->memory_mode != PROFILE_LIVE) continue;
        found[count++] = memory[i].metric;
    }
    return count;
}

int node_has_value(const profile *p, uint32_t node)
{
    static const profile_memory nothing;

    if (p->self[node] || (p->calls && p->calls[node].calls)) return 1;
    return p->memory && memcmp(&p->memory[node], &nothing, sizeof nothing) != 0;
}

int64_t node_metric_add(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

int64_t node_metric_total(const profile *p, const node_metric *m)
{
    int64_t total = 0;

    for (uint32_t n = 0; n < p->node_count; n++) total = node_metric_add(total, m->value(p, n));
    return total;
}

int64_t *node_metric_inclusive(const profile *p, const node_metric *m)
{
    int64_t *sum = malloc(p->node_count * sizeof *sum);

    if (!sum) return NULL;
    for (uint32_t n = 0; n < p->node_count; n++) sum[n] = m->value(p, n);
    for (uint32_t n = p->node_count; n-- > 1;) {
        sum[p->parent[n]] = node_metric_add(sum[p->parent[n]], sum[n]);
    }
    return sum;
}

const char *node_unit_text(node_unit unit)
{
    switch (unit) {
    case NODE_NS: return "nanoseconds";
    case NODE_BYTES: return "bytes";
    default: return "count";
    }
}

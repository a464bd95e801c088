#include "output/node_metric.h"

static int64_t self_value(const profile *p, uint32_t node)
{
    return p->self[node];
}

static int64_t calls_value(const profile *p, uint32_t node)
{
    uint64_t calls = p->calls[node].calls;

    return calls > INT64_MAX ? INT64_MAX : (int64_t)calls;
}

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
    size_t count = 0;

    found[count++] = main_metric(p);
    if (p->calls) found[count++] = (node_metric){"calls", "calls", NODE_COUNT, calls_value};
    return count;
}

const char *node_unit_text(node_unit unit)
{
    switch (unit) {
    case NODE_NS: return "nanoseconds";
    case NODE_BYTES: return "bytes";
    default: return "count";
    }
}

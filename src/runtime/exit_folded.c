/*
 * exit_folded.c - at a normal end, the call tree as collapsed stacks: "main;f;g MICROSECONDS".
 * Of memory the same with the bytes that each path itself allocated, in -memory.folded.
 *
 * Values are self times, summed in ticks over all threads, and rounded once a line; a path that was
 * called keeps its line even if it rounds to 0. Open spans count with their time so far. Frames below
 * FOLDED_DEPTH are summed into one "[deeper]", for a recursion of n levels has n lines of up to n
 * frames; below fewer where the file would grow too large, as for a recursion that branches. The .thag trace has
 * it all; this file is for tools that want text.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/memory.h"
#include "runtime/task.h"

#define FOLDED_DEPTH 1000

typedef struct node_sum {
    uint64_t inclusive; /* ticks; for memory: bytes of its own */
    uint64_t children;  /* ticks of its children, inclusive */
    uint64_t deeper;    /* self ticks of all that is below the last depth that has lines */
    uint32_t depth;
    uint32_t path_bytes; /* of its line, less the value */
    uint32_t seen;       /* was called, or is open */
} node_sum;

typedef struct folded_out {
    int fd, failed;
    size_t len;
    char buf[65536 - 16];
} folded_out;

static void out_flush(folded_out *out)
{
    if (out->len && !out->failed)
        out->failed = thagi_plat_file_append(out->fd, out->buf, out->len) != 0;
    out->len = 0;
}

/* A frame may hold anything but what separates frames and lines. */
static void out_name(folded_out *out, const char *text, size_t len)
{
    if (out->len + len > sizeof out->buf) out_flush(out);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        out->buf[out->len++] = c == ';' ? ':' : c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
}

static void out_text(folded_out *out, const char *text)
{
    size_t len = strlen(text);
    if (out->len + len > sizeof out->buf) out_flush(out);
    memcpy(out->buf + out->len, text, len);
    out->len += len;
}

/* Threads may still run, and record: what they write is read as it is, each word whole. */
#define READS_RUNNING_THREADS __attribute__((__no_sanitize__("thread")))

static READS_RUNNING_THREADS void sum_cells(const thagi_session *session, node_sum *sums)
{
    for (const thagi_thread *thread = session->all; thread; thread = thread->next_all)
        for (uint32_t i = 0; i < thread->cells.room; i++) {
            const thagi_cell *cell = thread->cells.entries[i].cell;
            if (!cell || cell->node >= session->nodes.count || cell->calls == 0) continue;
            sums[cell->node].inclusive += cell->ticks;
            sums[cell->node].seen = 1;
        }
}

/* It runs on its own, and what is open below it stands still meanwhile. */
static int is_async(const thagi_session *session, uint32_t node)
{
    const trace_node *nodes = session->nodes.items;
    trace_site **sites = session->sites.items;
    uint32_t site = nodes[node].site;
    return site != TRACE_NONE && !(site & TRACE_NODE_CODE) &&
           TRACE_SITE_IS_ASYNC(sites[site]->kind);
}

static READS_RUNNING_THREADS void sum_frames(const thagi_session *session, const thagi_task *task,
                                             node_sum *sums, uint64_t now)
{
    if (task->turn->since_ticks) now = task->turn->since_ticks;
    for (const trace_frame *frame = task->top; frame && frame > task->base; frame--) {
        /* Another thread may be at work on it. 0: not begun yet, or just ended. */
        uint64_t start = __atomic_load_n(&frame->start_ticks, __ATOMIC_RELAXED);
        if (start == 0 || start & TRACE_UNTIMED_BIT) continue; /* closed ones, too */
        uint64_t ticks = now - start - task->shift;
        if ((int64_t)ticks > 0) sums[frame->node].inclusive += ticks;
        sums[frame->node].seen = 1;
        if (is_async(session, frame->node)) now = start + task->shift;
    }
}

static READS_RUNNING_THREADS void sum_open(const thagi_session *session, node_sum *sums,
                                           uint64_t now)
{
    for (const thagi_thread *thread = session->all; thread; thread = thread->next_all)
        sum_frames(session, &thread->base_task, sums, now);
    for (const thagi_task_block *block = session->task_blocks; block; block = block->next)
        for (uint32_t i = 0; i < block->used; i++) {
            const thag_task *t = &block->task[i];
            const trace_task *record = thagi_task_record(t);
            if (!record->id || record->node >= session->nodes.count) continue;
            uint64_t end = record->turn.since_ticks ? record->turn.since_ticks : now;
            uint64_t ticks = end - record->begin_ticks - record->turn.shift_ticks;
            if ((int64_t)ticks > 0) sums[record->node].inclusive += ticks;
            sums[record->node].seen = 1;
            sum_frames(session, &t->task, sums, now);
        }
}

static int is_code(trace_node node)
{
    return node.site != TRACE_NONE && (node.site & TRACE_NODE_CODE);
}

static uint64_t self_of(const node_sum *sum)
{
    return sum->inclusive > sum->children ? sum->inclusive - sum->children : 0;
}

/* What the calls of a span allocated is its own: they have nodes below it, all of them after it. */
static void sum_memory(const thagi_session *session, node_sum *sums)
{
    const trace_node *nodes = session->nodes.items;
    for (const thagi_thread *thread = session->all; thread; thread = thread->next_all)
        for (uint32_t i = 0; i < thread->memory.row_room && i < session->nodes.count; i++) {
            trace_mem_other sum = thagi_memory_sum(&thread->memory, i);
            if (!sum.blocks) continue;
            sums[i].inclusive += sum.bytes;
            sums[i].seen = 1;
        }
    for (uint32_t i = session->nodes.count; i-- > 1;) {
        if (!sums[i].seen || !is_code(nodes[i])) continue;
        sums[nodes[i].parent].inclusive += sums[i].inclusive;
        sums[nodes[i].parent].seen = 1;
        sums[i] = (node_sum){0};
    }
}

/* Parents come before children: one pass down for depths, one up for what is too deep. */
static void sum_children(const thagi_session *session, node_sum *sums)
{
    const trace_node *nodes = session->nodes.items;
    for (uint32_t i = 1; i < session->nodes.count; i++)
        if (!is_async(session, i)) /* else it is no part of its parent */
            sums[nodes[i].parent].children += sums[i].inclusive;
}

/* How deep lines may go for the file to stay within room; but one level. */
static uint32_t depth_limit(const node_sum *sums, uint32_t count, uint64_t room)
{
    uint64_t bytes[FOLDED_DEPTH + 1] = {0}, total = 0;
    uint32_t depth;
    for (uint32_t i = 1; i < count; i++)
        if (sums[i].seen && sums[i].depth <= FOLDED_DEPTH)
            bytes[sums[i].depth] += sums[i].path_bytes + 16u; /* with its value */
    for (depth = 0; depth < FOLDED_DEPTH; depth++) {
        total += bytes[depth + 1];
        if (total + bytes[depth + 1] > room && depth > 0) break; /* the last have [deeper], too */
    }
    return depth;
}

static uint32_t name_bytes(const thagi_session *session, uint32_t node)
{
    const trace_node *nodes = session->nodes.items;
    trace_site **sites = session->sites.items;
    return is_code(nodes[node]) ? 0 : sites[nodes[node].site]->name_len + 1u;
}

/* Returns the depth of the last lines. */
static uint32_t sum_depths(const thagi_session *session, node_sum *sums, uint64_t room)
{
    const trace_node *nodes = session->nodes.items;
    uint32_t count = session->nodes.count, limit;
    for (uint32_t i = 1; i < count; i++) {
        const node_sum *parent = &sums[nodes[i].parent];
        sums[i].depth = parent->depth + 1;
        sums[i].path_bytes = parent->path_bytes + name_bytes(session, i);
    }
    limit = depth_limit(sums, count, room);
    for (uint32_t i = count - 1; i > 0; i--)
        if (sums[i].depth > limit)
            sums[nodes[i].parent].deeper += self_of(&sums[i]) + sums[i].deeper;
    return limit;
}

/* By site: 1 if another place of another file has the same name. */
static unsigned char *ambiguous_names(const thagi_session *session)
{
    uint32_t count = session->sites.count, room = 64;
    while (room < count * 2) room *= 2;
    unsigned char *ambiguous = thagi_plat_map(count + 1);
    uint32_t *table = thagi_plat_map(room * sizeof *table);
    trace_site **sites = session->sites.items;
    for (uint32_t i = 0; ambiguous && table && i < count; i++) {
        const char *name = (const char *)(sites[i] + 1),
                   *file = name + sites[i]->name_len + sites[i]->func_len;
        uint64_t h = 0;
        for (uint32_t c = 0; c < sites[i]->name_len; c++) h = h * 31 + (unsigned char)name[c];
        uint32_t at = (uint32_t)thagi_hash_mix(h) & (room - 1);
        for (; table[at]; at = (at + 1) & (room - 1)) {
            const trace_site *other = sites[table[at] - 1];
            const char *text = (const char *)(other + 1);
            if (other->name_len != sites[i]->name_len || memcmp(text, name, other->name_len))
                continue;
            if (other->file_len != sites[i]->file_len ||
                memcmp(text + other->name_len + other->func_len, file, other->file_len))
                ambiguous[i] = ambiguous[table[at] - 1] = 1;
            break;
        }
        if (!table[at]) table[at] = i + 1;
    }
    thagi_plat_unmap(table, room * sizeof *table);
    return ambiguous;
}

static void out_site(folded_out *out, const trace_site *site, int ambiguous)
{
    const char *text = (const char *)(site + 1);
    if (site->flags & TRACE_SITE_ASYNC) out_text(out, "async::");
    out_name(out, text, site->name_len);
    if (!ambiguous || !site->file_len) return;
    const char *file = text + site->name_len + site->func_len;
    size_t len = site->file_len, from = len;
    while (from && file[from - 1] != '/') from--;
    out_text(out, " (");
    out_name(out, file + from, len - from);
    out_text(out, ")");
}

static void out_line(folded_out *out, const thagi_session *session, uint32_t node,
                     const unsigned char *ambiguous, const char *tail, uint64_t us_or_bytes)
{
    const trace_node *nodes = session->nodes.items;
    trace_site **sites = session->sites.items;
    uint32_t path[FOLDED_DEPTH], depth = 0;
    for (uint32_t at = node; at != 0 && depth < FOLDED_DEPTH; at = nodes[at].parent)
        path[depth++] = nodes[at].site;
    char value[32];
    while (depth--) {
        out_site(out, sites[path[depth]], ambiguous && ambiguous[path[depth]]);
        if (depth) out_text(out, ";");
    }
    snprintf(value, sizeof value, " %llu\n", (unsigned long long)us_or_bytes);
    out_text(out, tail);
    out_text(out, value);
}

static double us_per_tick(const trace_file *file)
{
    const trace_snapshot *from = &file->clock_first, *to = &file->clock_last[file->clock_last_idx];
    if (to->ticks <= from->ticks || to->ns <= from->ns) return 1e-3;
    return (double)(to->ns - from->ns) / (double)(to->ticks - from->ticks) / 1000.0;
}

static void out_lines(folded_out *out, const thagi_session *session, const node_sum *sums,
                      const unsigned char *ambiguous, uint32_t limit, double scale)
{
    for (uint32_t i = 1; i < session->nodes.count; i++) {
        if (!sums[i].seen && !sums[i].deeper) continue;
        if (sums[i].depth > limit) continue;
        if (sums[i].seen)
            out_line(out, session, i, ambiguous, "",
                     (uint64_t)((double)self_of(&sums[i]) * scale + 0.5));
        if (sums[i].deeper)
            out_line(out, session, i, ambiguous, ";[deeper]",
                     (uint64_t)((double)sums[i].deeper * scale + 0.5));
    }
}

/* is_memory: bytes; else microseconds. */
static void write_folded(thagi_session *session, const char *path, int is_memory)
{
    uint32_t count = session->nodes.count;
    uint64_t room;
    node_sum *sums = thagi_plat_map(count * sizeof *sums);
    folded_out *out = thagi_plat_map(sizeof *out);
    unsigned char *ambiguous = ambiguous_names(session);
    if (!sums || !out) goto done;
    out->fd = thagi_plat_file_create(path);
    if (out->fd < 0) {
        thagi_log("%s: %s", path, thagi_plat_error_text(-out->fd));
        goto done;
    }
    if (is_memory) {
        sum_memory(session, sums);
        /* Node 0 is no span: memory that was allocated outside of all. */
        if (sums[0].seen) out_line(out, session, 0, ambiguous, "[outside]", sums[0].inclusive);
    } else {
        sum_cells(session, sums);
        sum_open(session, sums, session->trace.file->end_ticks);
        sum_children(session, sums);
    }
    /* A guest does not fill the disk. */
    room = thagi_plat_file_free_bytes(out->fd) / 8;
    if (room > session->folded_limit) room = session->folded_limit;
    out_lines(out, session, sums, ambiguous, sum_depths(session, sums, room),
              is_memory ? 1 : us_per_tick(session->trace.file));
    out_flush(out);
    if (out->failed) thagi_log("%s: cannot be written", path);
    thagi_plat_file_close(out->fd);
done:
    thagi_plat_unmap(ambiguous, session->sites.count + 1);
    thagi_plat_unmap(out, sizeof *out);
    thagi_plat_unmap(sums, count * sizeof *sums);
}

void thagi_exit_folded(thagi_session *session, const char *path)
{
    /* Else no span was recorded. */
    if (session->nodes.count > 1 && session->folded_limit) write_folded(session, path, 0);
}

void thagi_exit_memory_folded(thagi_session *session, const char *path)
{
    if (session->folded_limit) write_folded(session, path, 1);
}

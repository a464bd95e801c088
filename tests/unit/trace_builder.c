#include "trace_builder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS(chunk) (0x7f0000000000u + (uint64_t)(chunk)*TRACE_CHUNK_BYTES)

trace_chunk *builder_chunk_at(trace_builder *b, uint32_t index)
{
    return (trace_chunk *)(void *)(b->bytes + (size_t)index * TRACE_CHUNK_BYTES);
}

trace_chunk *builder_chunk(trace_builder *b, uint32_t kind, uint32_t slot, uint32_t *index)
{
    trace_chunk *chunk;

    assert(b->chunk_count < BUILDER_CHUNKS);
    *index = b->chunk_count++;
    chunk = builder_chunk_at(b, *index);
    memcpy(chunk->magic, kind == TRACE_FILE ? TRACE_FILE_MAGIC : TRACE_CHUNK_MAGIC, 8);
    chunk->kind = (uint16_t)kind;
    chunk->slot = slot;
    chunk->used = sizeof *chunk;
    if (b->file) b->file->chunk_count = b->chunk_count;
    return chunk;
}

void builder_init(trace_builder *b)
{
    trace_chunk *first;
    uint32_t index;

    memset(b, 0, sizeof *b);
    b->bytes = calloc(BUILDER_CHUNKS, TRACE_CHUNK_BYTES);
    assert(b->bytes);
    first = builder_chunk(b, TRACE_FILE, TRACE_NONE, &index);
    first->used = sizeof *first + sizeof(trace_file);
    b->file = (trace_file *)(void *)(first + 1);
    *b->file = (trace_file){.version = TRACE_VERSION,
                            .bytes = sizeof(trace_file),
                            .endian = TRACE_ENDIAN,
                            .chunk_bytes = TRACE_CHUNK_BYTES,
                            .mode = TRACE_TIME,
                            .pid = 4711,
                            .parent_pid = 4710,
                            .clock_kind = TRACE_CLOCK_MONOTONIC,
                            .start_real_ns = 1700000000000000000u,
                            .start_ticks = BUILDER_START,
                            .clock_first = {BUILDER_START, BUILDER_START},
                            .clock_last = {{BUILDER_START, BUILDER_START}},
                            .sample_period = 1,
                            .timeline_limit_bytes = UINT64_C(1) << 30,
                            .chunk_count = 1,
                            .program = "sample"};
    builder_node(b, TRACE_NONE, TRACE_NONE);
}

void builder_free(trace_builder *b)
{
    free(b->bytes);
    memset(b, 0, sizeof *b);
}

size_t builder_size(const trace_builder *b)
{
    return (size_t)b->chunk_count * TRACE_CHUNK_BYTES;
}

void builder_end(trace_builder *b, uint64_t ticks)
{
    b->file->state = TRACE_ENDED;
    b->file->end_ticks = ticks;
}

uint32_t builder_site_of(trace_builder *b, const char *name, const char *file, uint32_t line,
                         uint16_t flags, uint16_t kind)
{
    size_t name_len = strlen(name), file_len = strlen(file);
    uint32_t bytes = (uint32_t)((sizeof(trace_site) + name_len + file_len + 7) & ~(size_t)7);
    trace_chunk *chunk;
    trace_site *site;

    if (!b->site_chunk) {
        chunk = builder_chunk(b, TRACE_SITES, TRACE_NONE, &b->site_chunk);
        chunk->base = b->site_count;
    }
    chunk = builder_chunk_at(b, b->site_chunk);
    site = (trace_site *)(void *)((uint8_t *)chunk + chunk->used);
    *site = (trace_site){.bytes = bytes,
                         .id = b->site_count,
                         .line = line,
                         .kind = kind,
                         .flags = flags,
                         .name_len = (uint16_t)name_len,
                         .file_len = (uint16_t)file_len};
    memcpy(site + 1, name, name_len);
    memcpy((uint8_t *)(site + 1) + name_len, file, file_len);
    chunk->used += bytes;
    return b->site_count++;
}

uint32_t builder_site(trace_builder *b, const char *name, const char *file, uint32_t line,
                      uint16_t flags)
{
    return builder_site_of(b, name, file, line, flags, 0);
}

uint32_t builder_node(trace_builder *b, uint32_t parent, uint32_t site)
{
    trace_node node = {parent, site};
    trace_chunk *chunk;

    if (!b->tree_chunk) {
        chunk = builder_chunk(b, TRACE_TREE, TRACE_NONE, &b->tree_chunk);
        chunk->base = b->node_count;
    }
    chunk = builder_chunk_at(b, b->tree_chunk);
    memcpy((uint8_t *)chunk + chunk->used, &node, sizeof node);
    chunk->used += sizeof node;
    return b->node_count++;
}

trace_thread *builder_thread(trace_builder *b, uint32_t slot, uint32_t tid, const char *name)
{
    uint32_t index;
    trace_chunk *chunk = builder_chunk(b, TRACE_THREAD, slot, &index);
    trace_thread *thread = (trace_thread *)(void *)(chunk + 1);

    b->thread_chunk[slot] = index;
    chunk->base = ADDRESS(index);
    chunk->used = TRACE_THREAD_BLOCKS_POS;
    *thread = (trace_thread){.tid = tid,
                             .thread_count = 1,
                             .frame_count = TRACE_THREAD_FRAMES,
                             .frames_chunk = TRACE_NONE,
                             .tail_chunk = TRACE_NONE,
                             .start_ticks = BUILDER_START};
    strncpy(thread->name, name, sizeof thread->name - 1);
    return thread;
}

static trace_thread *thread_of(trace_builder *b, uint32_t slot)
{
    return (trace_thread *)(void *)(builder_chunk_at(b, b->thread_chunk[slot]) + 1);
}

trace_frame *builder_frames(trace_builder *b, uint32_t slot)
{
    return (trace_frame *)(void *)((uint8_t *)builder_chunk_at(b, b->thread_chunk[slot]) +
                                   TRACE_THREAD_FRAMES_POS);
}

trace_turn *builder_turn(trace_builder *b, uint32_t slot)
{
    return &((trace_thread *)(void *)(builder_chunk_at(b, b->thread_chunk[slot]) + 1))->turn;
}

trace_task *builder_task(trace_builder *b, uint64_t id, uint32_t node, uint32_t slot)
{
    trace_chunk *chunk;
    trace_task *task;

    if (!b->task_chunk)
        builder_chunk(b, TRACE_TASKS, TRACE_NONE, &b->task_chunk)->used = TRACE_TASKS_POS;
    chunk = builder_chunk_at(b, b->task_chunk);
    task = (trace_task *)(void *)((uint8_t *)chunk + chunk->used);
    assert(chunk->used + sizeof *task <= TRACE_CHUNK_BYTES);
    chunk->used += (uint32_t)sizeof *task;
    *task = (trace_task){.id = id,
                         .begin_ticks = BUILDER_START,
                         .node = node,
                         .slot = slot,
                         .resumes = 1,
                         .frames_chunk = TRACE_NONE};
    return task;
}

void *builder_block(trace_builder *b, uint32_t index, size_t bytes)
{
    trace_chunk *chunk = builder_chunk_at(b, index);
    void *block;

    if (chunk->kind == TRACE_ARENA && chunk->used < 64) chunk->used = 64;
    block = (uint8_t *)chunk + chunk->used;
    assert(chunk->used + bytes <= TRACE_CHUNK_BYTES);
    chunk->used += (uint32_t)bytes;
    return block;
}

trace_cell *builder_empty_cell(trace_builder *b, uint32_t slot, uint32_t node)
{
    trace_cell *cell = builder_block(b, b->thread_chunk[slot], sizeof *cell);

    *cell = (trace_cell){.kind = TRACE_CELL, .node = node, .min_ticks = UINT64_MAX};
    return cell;
}

static trace_hist *find_hist(trace_builder *b, uint32_t slot, uint32_t node, uint16_t octave)
{
    uint32_t index = b->thread_chunk[slot];
    trace_chunk *chunk = builder_chunk_at(b, index);
    trace_hist *hist;

    for (uint32_t pos = TRACE_THREAD_BLOCKS_POS; pos < chunk->used;) {
        hist = (trace_hist *)(void *)((uint8_t *)chunk + pos);
        if (hist->kind == TRACE_HIST && hist->node == node && hist->octave == octave) return hist;
        pos += hist->kind == TRACE_HIST ? sizeof(trace_hist) : sizeof(trace_cell);
    }
    hist = builder_block(b, index, sizeof *hist);
    *hist = (trace_hist){.kind = TRACE_HIST, .node = node, .octave = octave};
    return hist;
}

void builder_count(trace_builder *b, uint32_t slot, uint32_t node, uint64_t duration)
{
    uint64_t d = duration ? duration : 1;
    unsigned octave = 63u - (unsigned)__builtin_clzll(d);
    unsigned bucket =
        octave >= 5 ? (unsigned)(d >> (octave - 5)) & 31 : (unsigned)(d << (5 - octave)) & 31;

    find_hist(b, slot, node, (uint16_t)octave)->count[bucket]++;
}

trace_cell *builder_cell(trace_builder *b, uint32_t slot, uint32_t node, const uint64_t *durations,
                         size_t count)
{
    trace_cell *cell = builder_empty_cell(b, slot, node);

    for (size_t i = 0; i < count; i++) {
        cell->calls++;
        cell->ticks += durations[i];
        if (durations[i] < cell->min_ticks) cell->min_ticks = durations[i];
        if (durations[i] > cell->max_ticks) cell->max_ticks = durations[i];
        if (count >= 3) builder_count(b, slot, node, durations[i]);
    }
    return cell;
}

void builder_last(trace_builder *b, uint32_t slot, const trace_cell *cell, uint64_t ticks,
                  uint64_t calls, uint64_t end)
{
    trace_thread *thread = thread_of(b, slot);
    size_t pos = (size_t)((const uint8_t *)cell - b->bytes);

    thread->last_cell = ADDRESS(pos / TRACE_CHUNK_BYTES) + pos % TRACE_CHUNK_BYTES;
    thread->last_ticks = ticks;
    thread->last_calls = calls;
    thread->last_end = end;
}

uint32_t builder_timeline(trace_builder *b, uint32_t slot, uint32_t seq, uint64_t base)
{
    uint32_t index;
    trace_chunk *chunk = builder_chunk(b, TRACE_TIMELINE, slot, &index);
    trace_timeline *head = (trace_timeline *)(void *)(chunk + 1);

    chunk->seq = seq;
    chunk->base = base;
    chunk->used += sizeof *head;
    head->tid = thread_of(b, slot)->tid;
    return index;
}

static void put_record(trace_builder *b, uint32_t index, const void *bytes, size_t len,
                       uint32_t spans)
{
    trace_chunk *chunk = builder_chunk_at(b, index);

    memcpy((uint8_t *)chunk + chunk->used, bytes, len);
    chunk->used += (uint32_t)len;
    ((trace_timeline *)(void *)(chunk + 1))->span_count += spans;
}

void builder_tiny(trace_builder *b, uint32_t chunk, uint16_t node, uint8_t delta, uint8_t duration)
{
    uint16_t record[2] = {(uint16_t)(node | TRACE_TINY), (uint16_t)(delta | duration << 8)};

    put_record(b, chunk, record, sizeof record, 1);
}

void builder_short(trace_builder *b, uint32_t chunk, uint16_t node, uint16_t delta,
                   uint16_t duration)
{
    uint16_t record[3] = {node, delta, duration};

    put_record(b, chunk, record, sizeof record, 1);
}

void builder_span32(trace_builder *b, uint32_t chunk, uint32_t node, uint32_t delta,
                    uint32_t duration)
{
    uint32_t record[4] = {TRACE_TAG_SPAN32, node, delta, duration};

    put_record(b, chunk, record, sizeof record, 1);
}

void builder_span64(trace_builder *b, uint32_t chunk, uint32_t node, uint64_t delta,
                    uint64_t duration)
{
    uint64_t record[3] = {TRACE_TAG_SPAN64 | (uint64_t)node << 32, delta, duration};

    put_record(b, chunk, record, sizeof record, 1);
}

void builder_owner(trace_builder *b, uint32_t chunk, uint32_t tid, uint64_t delta, const char *name)
{
    struct {
        uint32_t tag, tid;
        uint64_t delta;
        char name[16];
    } record = {TRACE_TAG_THREAD, tid, delta, {0}};

    strncpy(record.name, name, sizeof record.name - 1);
    put_record(b, chunk, &record, sizeof record, 0);
}

void builder_switch(trace_builder *b, uint32_t chunk, uint16_t delta, uint32_t task)
{
    uint16_t record[4] = {TRACE_TAG_SWITCH, delta, (uint16_t)task, (uint16_t)(task >> 16)};

    put_record(b, chunk, record, sizeof record, 0);
}

void builder_task_end(trace_builder *b, uint32_t chunk, uint64_t delta, const trace_task_end *end)
{
    uint8_t record[12 + sizeof *end] = {TRACE_TAG_TASK & 0xff, TRACE_TAG_TASK >> 8};

    memcpy(record + 4, &delta, sizeof delta);
    memcpy(record + 12, end, sizeof *end);
    put_record(b, chunk, record, sizeof record, 0);
}

void builder_sample(trace_builder *b)
{
    static const uint64_t work[] = {100, 120, 90, 110, 400}, whole[] = {2000}, section[] = {40, 50};
    uint32_t main_site, work_site, section_site, main_node, work_node, section_node, tail;
    trace_thread *thread;

    builder_init(b);
    main_site = builder_site(b, "main", "src/main.c", 10, 0);
    work_site = builder_site(b, "work", "src/work.c", 20, 0);
    section_site = builder_site(b, "a section; \"<b>\"", "src/work.c", 25, 0);
    main_node = builder_node(b, 0, main_site);
    work_node = builder_node(b, main_node, work_site);
    section_node = builder_node(b, work_node, section_site);
    thread = builder_thread(b, 0, 4711, "sample");
    builder_empty_cell(b, 0, 0);
    builder_cell(b, 0, main_node, whole, 1);
    builder_cell(b, 0, work_node, work, 5);
    builder_cell(b, 0, section_node, section, 2);
    tail = builder_timeline(b, 0, 0, BUILDER_START);
    thread->tail_chunk = tail;
    thread->end_ticks = BUILDER_START + 2100;
    builder_owner(b, tail, 4711, 0, "sample");
    for (int i = 0; i < 2; i++) {
        builder_short(b, tail, (uint16_t)section_node, 60, (uint16_t)section[i]);
        builder_short(b, tail, (uint16_t)work_node, 60, (uint16_t)work[i]);
    }
    for (int i = 2; i < 5; i++) builder_short(b, tail, (uint16_t)work_node, 500, (uint16_t)work[i]);
    builder_span32(b, tail, main_node, 300, 2000);
    builder_end(b, BUILDER_START + 2100);
}

trace *builder_open(const trace_builder *b)
{
    trace_source source;
    fault f = {0};
    trace *t;

    if (trace_source_bytes(&source, b->bytes, builder_size(b)) ||
        trace_open_source(&t, &source, &f)) {
        fprintf(stderr, "builder_open: %s\n", f.what);
        abort();
    }
    return t;
}

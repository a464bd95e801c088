/*
 * make_trace_corpus.c - writes the seeds of the trace fuzzer, in the form of sparse.h.
 * usage: make_trace_corpus DIRECTORY
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sparse.h"
#include "trace_builder.h"

static void save(const trace_builder *b, const char *folder, const char *name)
{
    char path[4096];
    FILE *to;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    to = fopen(path, "wb");
    assert(to);
    sparse_put(to, b->bytes, builder_size(b));
    fclose(to);
}

/* Killed: open, closed and untimed frames, a last span, a full copy of the tail, counters in an arena. */
static void make_killed(trace_builder *b)
{
    static const uint64_t d[] = {100, 120, 90};
    trace_thread *thread;
    trace_cell *cell;
    trace_frame *frames;
    uint32_t f, tail, arena;

    builder_init(b);
    b->file->clock_kind = TRACE_CLOCK_TSC;
    b->file->clock_last[1] = (trace_snapshot){BUILDER_START + 3000000, BUILDER_START + 1000000};
    b->file->clock_last_idx = 1;
    f = builder_site(b, "f", "f.c", 1, TRACE_SITE_ASYNC);
    for (uint32_t i = 0; i < 4; i++) builder_node(b, i, f);
    thread = builder_thread(b, 0, 7, "worker");
    cell = builder_cell(b, 0, 1, d, 3);
    cell->calls++;
    cell->ticks += 110;
    builder_last(b, 0, cell, 110, 4, BUILDER_START + 800);
    frames = builder_frames(b, 0);
    frames[1] = (trace_frame){.start_ticks = BUILDER_START + 100, .node = 1};
    frames[2] = (trace_frame){.start_ticks = TRACE_CLOSED, .node = 2};
    frames[3] = (trace_frame){.start_ticks = TRACE_UNTIMED_BIT | 5, .node = 3};
    builder_chunk(b, TRACE_ARENA, 0, &arena);
    cell = builder_block(b, arena, sizeof *cell);
    *cell = (trace_cell){
        .kind = TRACE_CELL, .node = 2, .calls = 1, .ticks = 9, .min_ticks = 9, .max_ticks = 9};
    builder_timeline(b, 0, 0, BUILDER_START);
    thread->tail_chunk = tail = builder_timeline(b, 0, 1, BUILDER_START);
    builder_owner(b, tail, 8, 5, "next");
    builder_span64(b, tail, 1, 0x100000000, 0x100000000);
    builder_chunk_at(b, tail)->used = TRACE_USED_OPEN;
    builder_short(b, builder_timeline(b, 0, 1, BUILDER_START), 1, 10, 5);
}

static void make_deep(trace_builder *b)
{
    trace_thread *thread;
    trace_chunk *run;
    trace_frame *frames;
    uint32_t index, f;

    builder_init(b);
    b->file->sample_period = 16;
    f = builder_site(b, "deep", "f.c", 1, 0);
    for (uint32_t i = 0; i < 600; i++) builder_node(b, i, f);
    thread = builder_thread(b, 0, 7, "deep");
    run = builder_chunk(b, TRACE_FRAMES, 0, &index);
    run->base = 1;
    thread->frames_chunk = index;
    thread->frame_count = 2047;
    frames = (trace_frame *)(void *)(run + 1);
    for (uint32_t i = 1; i <= 600; i++) {
        frames[i] = (trace_frame){.start_ticks = BUILDER_START + i, .node = i};
    }
}

/* A heap over time, by samples, whose process died while it joined slices. */
static void make_heap(trace_builder *b)
{
    uint32_t index;
    trace_chunk *chunk;
    trace_heap *heap;
    trace_heap_slice *slices;

    builder_sample(b);
    chunk = builder_chunk(b, TRACE_HEAP, TRACE_NONE, &index);
    chunk->used = TRACE_HEAP_SLICES_POS + TRACE_HEAP_SLICES * sizeof *slices;
    heap = (trace_heap *)(chunk + 1);
    *heap = (trace_heap){.mode = TRACE_HEAP_LIVE,
                         .sample_period = 4096,
                         .peak = 900,
                         .peak_ticks = BUILDER_START + 20,
                         .since_ticks = BUILDER_START,
                         .length_log2 = 4,
                         .joined = 2,
                         .step_max = 96};
    slices = (trace_heap_slice *)(void *)((char *)chunk + TRACE_HEAP_SLICES_POS);
    *(trace_samples *)builder_block(b, b->thread_chunk[0], sizeof(trace_samples)) =
        (trace_samples){.kind = TRACE_SAMPLES, .allocated = 5000, .samples = 2};
    *(trace_pair *)builder_block(b, b->thread_chunk[0], sizeof(trace_pair)) =
        (trace_pair){.kind = TRACE_PAIR, .node = 2, .releaser = 1, .blocks = 3, .bytes = 30};
    for (uint32_t i = 0; i < 8; i++)
        slices[i] = (trace_heap_slice){100 * i, 100 * i, 100 * i + 50, i % 3, i % 2};
}

/* A pool whose name is five bytes, what one path had of it, and of which sizes its blocks were. */
static void make_pools(trace_builder *b)
{
    uint32_t index;
    trace_chunk *chunk;
    trace_pool *pool;
    trace_pool_row *row;
    trace_pool_sizes *sizes;

    make_heap(b);
    chunk = builder_chunk(b, TRACE_POOLS, TRACE_NONE, &index);
    pool = (trace_pool *)(chunk + 1);
    *pool = (trace_pool){
        .bytes = sizeof *pool + 8, .kind = TRACE_POOL, .name_len = 5, .live = 40, .peak = 60};
    memcpy(pool + 1, "cells", 5);
    row = (trace_pool_row *)(void *)((char *)pool + pool->bytes);
    *row = (trace_pool_row){.bytes = sizeof *row,
                            .kind = TRACE_POOL_ROW,
                            .node = 2,
                            .blocks = 3,
                            .allocated = 60,
                            .freed_blocks = 1,
                            .freed = 20,
                            .peak_seen = 60,
                            .peak_blocks = 3,
                            .peak_bytes = 60};
    sizes = (trace_pool_sizes *)(row + 1);
    *sizes = (trace_pool_sizes){.bytes = sizeof *sizes, .kind = TRACE_POOL_SIZES};
    sizes->bucket[5] = (struct trace_size_bucket){3, 60};
    chunk->used = (uint32_t)((char *)(sizes + 1) - (char *)chunk);
}

/* Tasks: running, suspended in a span, ended; the process died while its thread went over to one. */
static void make_tasks(trace_builder *b)
{
    static const uint64_t d[] = {40};
    trace_task *task;
    trace_frame *frames;
    trace_chunk *chunk;
    uint32_t index;

    builder_init(b);
    builder_node(b, 0, builder_site(b, "main", "m.c", 1, 0));
    builder_node(b, 1, builder_site_of(b, "job", "m.c", 2, TRACE_SITE_ASYNC, TRACE_SITE_TASK));
    builder_node(b, 2, builder_site(b, "work", "m.c", 3, 0));
    for (uint32_t slot = 0; slot < 2; slot++) {
        trace_thread *thread = builder_thread(b, slot, slot + 7, "worker");
        thread->start_ticks = BUILDER_START;
        thread->turn =
            (trace_turn){.shift_ticks = 20, .since_ticks = BUILDER_START + 90, .task_ticks = 20};
        builder_frames(b, slot)[1] = (trace_frame){.start_ticks = BUILDER_START, .node = 1};
    }
    builder_last(b, 0, builder_cell(b, 0, 2, d, 1), 40, 1, BUILDER_START + 80);
    builder_task(b, 1, 2, 1);
    task = builder_task(b, 2, 2, 0);
    task->spawner = 1;
    task->turn = (trace_turn){.shift_ticks = 10, .since_ticks = BUILDER_START + 95};
    chunk = builder_chunk(b, TRACE_TASK_FRAMES, TRACE_NONE, &task->frames_chunk);
    chunk->used = TRACE_CHUNK_BYTES;
    task->frames_pos = 1;
    task->frame_count = 8;
    frames = (trace_frame *)(void *)((uint8_t *)chunk + 64);
    frames[1] = (trace_frame){.start_ticks = BUILDER_START + 30, .node = 3};
    index = builder_timeline(b, 0, 0, BUILDER_START);
    ((trace_thread *)(void *)(builder_chunk_at(b, b->thread_chunk[0]) + 1))->tail_chunk = index;
    builder_switch(b, index, 10, 3);
    builder_task_end(b, index, 70,
                     &(trace_task_end){.id = 3,
                                       .spawner = 3,
                                       .begin_ticks = BUILDER_START + 40,
                                       .end_ticks = BUILDER_START + 80,
                                       .node = 2,
                                       .resumes = 1});
    builder_chunk_at(b, index)->used = TRACE_USED_OPEN;
}

/* Threads, of which one began the other in a task. */
static void make_origins(trace_builder *b)
{
    uint32_t index;
    trace_chunk *chunk;
    trace_origin *record;

    make_tasks(b);
    chunk = builder_chunk(b, TRACE_ORIGINS, TRACE_NONE, &index);
    record = (trace_origin *)(void *)(chunk + 1);
    record[0] = (trace_origin){.slot = 1,
                               .number = 1,
                               .tid = 8,
                               .node = 2,
                               .spawner_tid = 7,
                               .spawner_number = 1,
                               .spawner = 2,
                               .asked_ticks = BUILDER_START + 35,
                               .start_ticks = BUILDER_START + 40,
                               .name = "worker"};
    record[1] = (trace_origin){.slot = 1,
                               .number = 2,
                               .tid = 9,
                               .spawner_tid = 8,
                               .spawner_slot = TRACE_NONE,
                               .asked_ticks = BUILDER_START + 50,
                               .start_ticks = BUILDER_START + 55,
                               .end_ticks = BUILDER_START + 60};
    chunk->used = sizeof *chunk + 2 * sizeof *record;
}

int main(int argc, char **argv)
{
    trace_builder b;

    if (argc != 2) return 2;
    builder_sample(&b);
    save(&b, argv[1], "sample");
    builder_free(&b);
    make_killed(&b);
    save(&b, argv[1], "killed");
    builder_free(&b);
    make_deep(&b);
    save(&b, argv[1], "deep");
    builder_free(&b);
    make_heap(&b);
    save(&b, argv[1], "heap");
    builder_free(&b);
    make_pools(&b);
    save(&b, argv[1], "pools");
    builder_free(&b);
    make_tasks(&b);
    save(&b, argv[1], "tasks");
    builder_free(&b);
    make_origins(&b);
    save(&b, argv[1], "origins");
    builder_free(&b);
    return 0;
}

#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "profile/load/profile_load.h"
#include "profile/memory_stats.h"
#include "trace_builder.h"

/* The sample's nodes: 1 main, 2 work, 3 a section. */

static trace_heap *add_heap(trace_builder *b, uint32_t mode, uint64_t peak)
{
    uint32_t index;
    trace_chunk *chunk = builder_chunk(b, TRACE_HEAP, TRACE_NONE, &index);
    trace_heap *heap = (trace_heap *)(chunk + 1);

    heap->mode = mode;
    heap->peak = peak;
    chunk->used = sizeof *chunk + sizeof *heap;
    return heap;
}

static trace_mem *add_mem(trace_builder *b, uint32_t slot, uint32_t node, uint64_t blocks,
                          uint64_t bytes)
{
    trace_mem *m = builder_block(b, b->thread_chunk[slot], sizeof *m);

    *m = (trace_mem){.kind = TRACE_MEM, .node = node, .other_blocks = blocks, .other_bytes = bytes};
    return m;
}

static profile *profile_of(const trace_builder *b, uint64_t damages)
{
    trace *t = builder_open(b);
    profile_trace_info info;
    fault f = {0};
    profile *p;

    assert_int_equal(profile_from_trace(&p, t, &info, &f), THAG_OK);
    assert_int_equal(info.damages, damages);
    trace_free(t);
    return p;
}

static const profile_memory *memory_of(const profile *p, const char *name)
{
    for (uint32_t n = 1; n < p->node_count; n++) {
        if (strcmp(p->frames[p->frame[n]].name, name) == 0) return &p->memory[n];
    }
    fail_msg("no %s", name);
    return NULL;
}

static void without_memory_there_is_none(void **state)
{
    trace_builder b;
    profile *p;
    memory_stats *s;
    fault f = {0};

    (void)state;
    builder_sample(&b);
    p = profile_of(&b, 0);
    assert_null(p->memory);
    assert_int_equal(profile_use_memory(p, PROFILE_BYTES_ALLOCATED), THAG_ERR_EMPTY);
    assert_int_equal(memory_stats_new(&s, p, &f), THAG_ERR_EMPTY);
    assert_null(s);
    profile_free(p);
    builder_free(&b);
}

/* One thread allocated, another freed: only the sum is meaningful. */
static void slots_add_up(void **state)
{
    trace_builder b;
    trace_mem *m;
    profile *p;

    (void)state;
    builder_sample(&b);
    builder_thread(&b, 1, 4712, "other")->end_ticks = BUILDER_START + 2000;
    add_heap(&b, TRACE_HEAP_LIVE, 900);
    m = add_mem(&b, 0, 2, 10, 1000);
    m->temporary = 3;
    m->reallocs = 2;
    m->realloc_bytes = 50;
    m->peak_seen = 900; /* changed after the peak, when it held 900 */
    m->peak_blocks = 9;
    m->peak_bytes = 900;
    m = add_mem(&b, 1, 2, 0, 0);
    m->freed_other_blocks = 7;
    m->freed_other_bytes = 700;
    m->peak_seen = 900;
    m = add_mem(&b, 1, 3, 1, 64); /* not changed since the peak: it is what it was */
    m->peak_seen = 500;
    add_mem(&b, 0, 0, 2, 32); /* outside */

    p = profile_of(&b, 0);
    assert_int_equal(p->memory_mode, PROFILE_LIVE);
    assert_int_equal(memory_of(p, "work")->blocks, 10);
    assert_int_equal(memory_of(p, "work")->bytes, 1000);
    assert_int_equal(memory_of(p, "work")->freed_bytes, 700);
    assert_int_equal(memory_of(p, "work")->live_blocks, 3);
    assert_int_equal(memory_of(p, "work")->live_bytes, 300);
    assert_int_equal(memory_of(p, "work")->temporary, 3);
    assert_int_equal(memory_of(p, "work")->peak_blocks, 9);
    assert_int_equal(memory_of(p, "work")->peak_bytes, 900);
    assert_int_equal(memory_of(p, "a section; \"<b>\"")->peak_bytes, 64);
    assert_int_equal(memory_of(p, "[outside]")->bytes, 32);
    assert_int_equal(p->memory[PROFILE_ROOT].bytes, 0);
    assert_int_equal(profile_use_memory(p, PROFILE_BYTES_LIVE), THAG_OK);
    assert_int_equal(p->unit, PROFILE_BYTES);
    assert_null(p->calls);
    profile_free(p);
    builder_free(&b);
}

/* A thread held back what would have been the peak. */
static void the_end_may_be_the_peak(void **state)
{
    trace_builder b;
    trace_mem *m;
    profile *p;

    (void)state;
    builder_sample(&b);
    add_heap(&b, TRACE_HEAP_LIVE, 900);
    m = add_mem(&b, 0, 2, 10, 1000);
    m->peak_seen = 900;
    m->peak_blocks = 9;
    m->peak_bytes = 900;
    p = profile_of(&b, 0);
    assert_int_equal(memory_of(p, "work")->peak_blocks, 10);
    assert_int_equal(memory_of(p, "work")->peak_bytes, 1000);
    profile_free(p);
    builder_free(&b);
}

static void a_summary_knows_no_frees(void **state)
{
    trace_builder b;
    profile *p;

    (void)state;
    builder_sample(&b);
    add_heap(&b, TRACE_HEAP_SUMMARY, 0);
    add_mem(&b, 0, 2, 10, 1000);
    p = profile_of(&b, 0);
    assert_int_equal(p->memory_mode, PROFILE_ALLOCATED);
    assert_int_equal(profile_use_memory(p, PROFILE_BYTES_LIVE), THAG_ERR_EMPTY);
    assert_int_equal(profile_use_memory(p, PROFILE_BYTES_ALLOCATED), THAG_OK);
    profile_free(p);
    builder_free(&b);
}

static void damage_is_named_and_skipped(void **state)
{
    trace_builder b;
    profile *p;

    (void)state;
    builder_sample(&b);
    add_heap(&b, 77, 0);
    add_mem(&b, 0, 2, 10, 1000);
    add_mem(&b, 0, 99, 10, 1000);
    add_mem(&b, 0, 3, UINT64_MAX, UINT64_MAX); /* too large to be: cut, and nothing overflows */
    p = profile_of(&b, 2);
    assert_int_equal(memory_of(p, "work")->bytes, 1000);
    assert_int_equal(profile_use_memory(p, PROFILE_BYTES_ALLOCATED), THAG_OK);
    for (uint32_t n = 0; n < p->node_count; n++) assert_true(p->self[n] >= 0);
    profile_free(p);
    builder_free(&b);
}

static void merging_adds_memory(void **state)
{
    trace_builder b;
    profile *p, *q;
    memory_stats *s;
    fault f = {0};

    (void)state;
    builder_sample(&b);
    add_heap(&b, TRACE_HEAP_LIVE, 0);
    add_mem(&b, 0, 1, 1, 5);
    add_mem(&b, 0, 2, 10, 1000);
    p = profile_of(&b, 0);
    q = profile_of(&b, 0);
    assert_int_equal(profile_merge(p, q), THAG_OK);
    profile_free(q);
    assert_int_equal(memory_stats_new(&s, p, &f), THAG_OK);
    assert_int_equal(s->total.bytes, 2010);
    assert_string_equal(s->rows[0].row.name, "work");
    assert_int_equal(s->rows[0].self.bytes, 2000);
    assert_int_equal(s->rows[0].row.value[STATS_CALLS], 10);
    assert_string_equal(s->rows[1].row.name, "main");
    assert_int_equal(s->rows[1].inclusive_bytes, 2010);
    memory_stats_free(s);
    profile_free(p);
    builder_free(&b);
}

/* A node's counters of today, in blocks of three kinds, with those of an older writer. */
static void parts_of_a_node_add_up(void **state)
{
    trace_builder b;
    trace_mem_usual *usual;
    trace_mem_other *other;
    trace_mem_resized *resized;
    const profile_memory *work;
    profile *p;

    (void)state;
    builder_sample(&b);
    add_heap(&b, TRACE_HEAP_LIVE, 900);
    usual = builder_block(&b, b.thread_chunk[0], sizeof *usual);
    *usual = (trace_mem_usual){.kind = TRACE_MEM_USUAL, .node = 2, .size = 40, .usual = 10};
    usual->freed_usual = 9;
    usual->temporary = 3;
    usual->peak_seen = 900;
    usual->peak_usual = 5;
    other = builder_block(&b, b.thread_chunk[0], sizeof *other);
    *other = (trace_mem_other){.kind = TRACE_MEM_OTHER, .node = 2, .blocks = 4, .bytes = 700};
    other->freed_blocks = 3;
    other->freed_bytes = 600;
    other->peak_seen = 900;
    other->peak_blocks = 2;
    other->peak_bytes = 650;
    resized = builder_block(&b, b.thread_chunk[0], sizeof *resized);
    *resized = (trace_mem_resized){TRACE_MEM_RESIZED, 2, 6, 80, {0}};
    add_mem(&b, 0, 2, 1, 8)->peak_seen = 500;
    resized = builder_block(&b, b.thread_chunk[0], sizeof *resized);
    *resized = (trace_mem_resized){TRACE_MEM_RESIZED, 99, 1, 1, {0}};

    p = profile_of(&b, 1);
    work = memory_of(p, "work");
    assert_int_equal(work->blocks, 15);
    assert_int_equal(work->bytes, 10 * 40 + 700 + 8);
    assert_int_equal(work->freed_bytes, 9 * 40 + 600);
    assert_int_equal(work->live_blocks, 3);
    assert_int_equal(work->live_bytes, 40 + 100 + 8);
    assert_int_equal(work->temporary, 3);
    assert_int_equal(work->reallocs, 6);
    assert_int_equal(work->realloc_bytes, 80);
    assert_int_equal(work->peak_blocks, 5 + 2 + 1);
    assert_int_equal(work->peak_bytes, 5 * 40 + 650 + 8);
    profile_free(p);
    builder_free(&b);
}

static void sizes_are_summed(void **state)
{
    trace_builder b;
    trace_sizes *sizes;
    trace *t;

    (void)state;
    builder_sample(&b);
    add_heap(&b, TRACE_HEAP_SUMMARY, 0)->threshold = 16;
    sizes = builder_block(&b, b.thread_chunk[0], sizeof *sizes);
    *sizes = (trace_sizes){.kind = TRACE_SIZES, .skipped_blocks = 4, .skipped_bytes = 60};
    sizes->bucket[7] = (struct trace_size_bucket){2, 200};
    t = builder_open(&b);
    assert_int_equal(trace_memory_of(t)->threshold, 16);
    assert_int_equal(trace_memory_of(t)->skipped_blocks, 4);
    assert_int_equal(trace_memory_of(t)->skipped_bytes, 60);
    assert_int_equal(trace_memory_of(t)->sizes[7].blocks, 2);
    assert_int_equal(trace_memory_of(t)->sizes[7].bytes, 200);
    trace_free(t);
    builder_free(&b);
}

/* ---- pools ---- */

static void *add_record(trace_chunk *chunk, const void *head, size_t head_len, const char *name)
{
    char *at = (char *)chunk + chunk->used;
    size_t len = (head_len + strlen(name) + 7) & ~(size_t)7;

    memcpy(at, head, head_len);
    memcpy(at + head_len, name, strlen(name));
    chunk->used += (uint32_t)len;
    return at;
}

static trace_pool *add_pool(trace_chunk *chunk, uint32_t id, const char *name, uint64_t peak)
{
    trace_pool pool = {.kind = TRACE_POOL, .id = id, .peak = peak, .resets = 3};

    pool.name_len = (uint16_t)strlen(name);
    pool.bytes = (uint32_t)((sizeof pool + strlen(name) + 7) & ~(size_t)7);
    return add_record(chunk, &pool, sizeof pool, name);
}

static trace_pool_row *add_pool_row(trace_chunk *chunk, uint32_t pool, uint32_t node,
                                    uint64_t blocks, uint64_t bytes)
{
    trace_pool_row row = {.bytes = sizeof row,
                          .kind = TRACE_POOL_ROW,
                          .pool = pool,
                          .node = node,
                          .blocks = blocks,
                          .allocated = bytes};

    return add_record(chunk, &row, sizeof row, "");
}

/* A trace with two pools: 2 blocks of 20 bytes in work, one of them free again, and 5 of 7 elsewhere. */
static trace_chunk *build_pools(trace_builder *b, trace_pool **first, trace_pool_row **row)
{
    uint32_t index;
    trace_chunk *chunk;

    builder_sample(b);
    add_heap(b, TRACE_HEAP_LIVE, 0);
    chunk = builder_chunk(b, TRACE_POOLS, TRACE_NONE, &index);
    chunk->used = sizeof *chunk;
    *first = add_pool(chunk, 0, "first", 40);
    add_pool(chunk, 1, "second one", 0);
    *row = add_pool_row(chunk, 0, 2, 2, 40);
    (*row)->freed_blocks = 1;
    (*row)->freed = 20;
    (*row)->peak_seen = 40;
    (*row)->peak_blocks = 2;
    (*row)->peak_bytes = 40;
    add_pool_row(chunk, 1, 0, 5, 7);
    return chunk;
}

static void pools_are_apart(void **state)
{
    trace_builder b;
    trace_pool *first;
    trace_pool_row *row;
    trace *t;
    size_t count;
    const trace_pool_path *paths;

    (void)state;
    build_pools(&b, &first, &row);
    t = builder_open(&b);
    assert_int_equal(trace_pool_count(t), 2);
    assert_string_equal(trace_pool_get(t, 0).name, "first");
    assert_int_equal(trace_pool_get(t, 0).peak, 40);
    assert_int_equal(trace_pool_get(t, 0).resets, 3);
    assert_string_equal(trace_pool_get(t, 1).name, "second one");
    assert_int_equal(trace_pool_get(t, 1).peak, 7); /* nothing was freed: it is the end */
    paths = trace_pool_paths(t, &count);
    assert_int_equal(count, 2);
    assert_int_equal(paths[0].memory.bytes, 40);
    assert_int_equal(paths[0].memory.freed_bytes, 20);
    assert_int_equal(paths[0].memory.peak_bytes, 40);
    assert_int_equal(paths[1].node, 0);
    assert_int_equal(paths[1].memory.peak_bytes, 7);
    trace_free(t);
    builder_free(&b);
}

/* Of a pool that is not there, and for a second time, none. */
static void pools_have_sizes(void **state)
{
    static const uint32_t pools[] = {1, 2, 1};
    trace_builder b;
    trace_pool *first;
    trace_pool_row *row;
    trace_chunk *chunk = build_pools(&b, &first, &row);
    trace *t;
    run_facts facts = {.pool_count = 2};
    size_t listed;
    uint64_t damages;

    (void)state;
    for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
        trace_pool_sizes *sizes = (trace_pool_sizes *)(void *)((char *)chunk + chunk->used);

        *sizes =
            (trace_pool_sizes){.bytes = sizeof *sizes, .kind = TRACE_POOL_SIZES, .pool = pools[i]};
        sizes->bucket[7] = (struct trace_size_bucket){5, 500 + i};
        chunk->used += (uint32_t)sizeof *sizes;
    }
    t = builder_open(&b);
    trace_damages(t, &listed, &damages);
    assert_int_equal(damages, 2);
    assert_null(trace_pool_get(t, 0).sizes);
    assert_int_equal(trace_pool_get(t, 1).sizes[7].bytes, 500);
    assert_int_equal(run_facts_use_pool(&facts, t, "second one"), 1);
    assert_int_equal(facts.memory.sizes[7].blocks, 5);
    assert_int_equal(facts.pool_count, 0);
    assert_int_equal(run_facts_use_pool(&facts, t, "first"), 0);
    assert_int_equal(facts.memory.sizes[7].blocks, 0);
    trace_free(t);
    builder_free(&b);
}

static void expect_pool_damage(const trace_builder *b, uint32_t pools, size_t rows)
{
    trace *t = builder_open(b);
    size_t listed, count;
    uint64_t total;

    trace_damages(t, &listed, &total);
    assert_int_equal(total, 1);
    assert_int_equal(trace_pool_count(t), pools);
    trace_pool_paths(t, &count);
    assert_int_equal(count, rows);
    trace_free(t);
}

static void damaged_pools_are_named_and_skipped(void **state)
{
    trace_builder b;
    trace_pool *first;
    trace_pool_row *row;
    trace_chunk *chunk = build_pools(&b, &first, &row);

    (void)state;
    row->node = 1000;
    expect_pool_damage(&b, 2, 1);
    row->node = 2;
    row->pool = 2;
    expect_pool_damage(&b, 2, 1);
    row->pool = 0;
    row->kind = 9;
    expect_pool_damage(&b, 2, 1);
    row->kind = TRACE_POOL_ROW;
    row->bytes = 8; /* the rest cannot be found */
    expect_pool_damage(&b, 2, 0);
    row->bytes = 65528;
    expect_pool_damage(&b, 2, 0);
    row->bytes = sizeof *row;
    first->name_len = 4097;
    {
        trace *t = builder_open(&b);

        assert_int_equal(trace_pool_count(t), 0);
        trace_free(t);
    }
    first->name_len = 5;
    chunk->used -= 8; /* cut within the last one */
    expect_pool_damage(&b, 2, 1);
    builder_free(&b);
}

/* A period that no writer has is noted, and that there were samples is not forgotten. */
static void samples_add_up(void **state)
{
    trace_builder b;
    trace_heap *heap;
    trace *t;
    const trace_sampling *s;
    profile *p;
    size_t listed;
    uint64_t damages;

    (void)state;
    builder_sample(&b);
    heap = add_heap(&b, TRACE_HEAP_LIVE, 0);
    heap->sample_period = 4096;
    for (int i = 0; i < 2; i++) {
        trace_samples *m = builder_block(&b, b.thread_chunk[0], sizeof *m);

        *m = (trace_samples){.kind = TRACE_SAMPLES,
                             .allocated = 10000,
                             .samples = 3,
                             .freed_samples = 2,
                             .blocks_variance = 50,
                             .bytes_variance = i ? UINT64_MAX : 1};
    }
    t = builder_open(&b);
    s = &trace_memory_of(t)->sampling;
    assert_int_equal(s->period, 4096);
    assert_int_equal(s->samples, 6);
    assert_int_equal(s->freed_samples, 4);
    assert_int_equal(s->allocated, 20000);
    assert_int_equal(s->blocks_variance, 100);
    assert_int_equal(s->bytes_variance, UINT64_MAX); /* as far as numbers go */
    trace_free(t);
    p = profile_of(&b, 0);
    assert_int_equal(p->heap_period, 4096);
    assert_int_equal(p->heap_samples, 6);
    profile_free(p);
    heap->sample_period = UINT64_MAX;
    t = builder_open(&b);
    trace_damages(t, &listed, &damages);
    assert_int_equal(damages, 1);
    assert_true(trace_memory_of(t)->sampling.period > 0);
    trace_free(t);
    builder_free(&b);
}

/* Each pair once; of nodes that are not there, none. */
static void pairs_add_up(void **state)
{
    static const trace_pair blocks[] = {
        {.kind = TRACE_PAIR, .node = 3, .releaser = 2, .blocks = 1, .bytes = 10},
        {.kind = TRACE_PAIR, .node = 2, .releaser = 3, .blocks = 2, .bytes = 20},
        {.kind = TRACE_PAIR, .node = 3, .releaser = 2, .blocks = 4, .bytes = 40},
        {.kind = TRACE_PAIR, .node = 3, .releaser = 99, .blocks = 8, .bytes = 80},
        {.kind = TRACE_PAIR, .node = TRACE_NONE, .releaser = 1, .blocks = 16, .bytes = 160}};
    trace_builder b;
    trace *t;
    const trace_pair_info *pairs;
    size_t count;
    uint64_t damages;

    (void)state;
    builder_sample(&b);
    add_heap(&b, TRACE_HEAP_LIVE, 0);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        *(trace_pair *)builder_block(&b, b.thread_chunk[0], sizeof *blocks) = blocks[i];
    t = builder_open(&b);
    pairs = trace_pairs(t, &count);
    assert_int_equal(count, 2);
    assert_int_equal(pairs[0].node, 2);
    assert_int_equal(pairs[0].bytes, 20);
    assert_int_equal(pairs[1].releaser, 2);
    assert_int_equal(pairs[1].blocks, 5);
    assert_int_equal(pairs[1].bytes, 50);
    trace_damages(t, &count, &damages);
    assert_int_equal(damages, 2);
    trace_free(t);
    builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_there_is_none),
        cmocka_unit_test(slots_add_up),
        cmocka_unit_test(the_end_may_be_the_peak),
        cmocka_unit_test(a_summary_knows_no_frees),
        cmocka_unit_test(damage_is_named_and_skipped),
        cmocka_unit_test(merging_adds_memory),
        cmocka_unit_test(parts_of_a_node_add_up),
        cmocka_unit_test(sizes_are_summed),
        cmocka_unit_test(pools_are_apart),
        cmocka_unit_test(pools_have_sizes),
        cmocka_unit_test(damaged_pools_are_named_and_skipped),
        cmocka_unit_test(samples_add_up),
        cmocka_unit_test(pairs_add_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

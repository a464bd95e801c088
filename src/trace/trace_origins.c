/*
 * trace_origins.c - which thread, task and span began the threads of a trace: ORIGINS chunks.
 */
#include <string.h>

#include "trace/trace_slot.h"

const trace_origin_info *trace_origins(const trace *t, size_t *count)
{
    *count = t->origin_count;
    return t->origins;
}

/* The slot, if the thread is the one that has it still: then that knows more. */
static const trace_thread_info *slot_of(const trace *t, const trace_origin *r)
{
    size_t low = 0, high = t->thread_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->threads[middle].slot < r->slot)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == t->thread_count || t->threads[low].slot != r->slot) return NULL;
    return t->threads[low].thread_count == r->number ? &t->threads[low] : NULL;
}

static int is_sound(const trace *t, const trace_origin *r)
{
    return r->number && r->spawner_tid && r->node < t->node_count &&
           slot_is_plausible(t, r->start_ticks) && slot_is_plausible(t, r->asked_ticks);
}

static void set_end(const trace *t, trace_origin_info *info, const trace_origin *r)
{
    const trace_thread_info *slot = slot_of(t, r);

    memcpy(info->name, slot ? slot->name : r->name, sizeof r->name);
    if (slot) info->end_ticks = slot->end_ticks;
    if (!info->end_ticks || info->end_ticks > t->end_ticks) info->end_ticks = t->end_ticks;
    /* The clocks of two processors. */
    if (info->start_ticks > info->end_ticks) info->start_ticks = info->end_ticks;
    if (info->asked_ticks > info->start_ticks) info->asked_ticks = info->start_ticks;
}

static thag_err keep(trace *t, uint64_t offset, const trace_origin *r)
{
    trace_origin_info *info;

    if (!is_sound(t, r)) {
        trace_note(t, offset, "the begin of thread %u makes no sense", r->tid);
        return THAG_OK;
    }
    if (!trace_grow((void **)&t->origins, &t->origin_cap, t->origin_count, sizeof *t->origins)) {
        return THAG_ERR_MEMORY;
    }
    info = &t->origins[t->origin_count++];
    *info = (trace_origin_info){.tid = r->tid,
                                .spawner_tid = r->spawner_tid,
                                .spawner = r->spawner,
                                .node = r->node,
                                .slot = r->slot,
                                .number = r->number,
                                .spawner_slot = r->spawner_slot,
                                .spawner_number = r->spawner_number,
                                .asked_ticks = r->asked_ticks,
                                .start_ticks = r->start_ticks,
                                .end_ticks = r->end_ticks};
    set_end(t, info, r);
    return THAG_OK;
}

thag_err trace_load_origins(trace *t, uint8_t *buffer)
{
    const chunk_list *list = &t->chunks[TRACE_ORIGINS];
    thag_err err = THAG_OK;

    for (size_t i = 0; i < list->count; i++) {
        const chunk_ref *ref = &list->items[i];
        uint32_t pos = sizeof(trace_chunk);

        trace_load_chunk(t, ref, buffer);
        for (; !err && pos + sizeof(trace_origin) <= ref->used; pos += sizeof(trace_origin)) {
            trace_origin record;

            memcpy(&record, buffer + pos, sizeof record);
            err = keep(t, CHUNK_OFFSET(ref->chunk) + pos, &record);
        }
    }
    return err;
}

/*
 * note.c - what is said about a kind of misuse or loss: how often, and the first one in words. The words
 * go to the debug log and into the trace, where `thag-analyze info` finds them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/runtime.h"

/* Under the lock. */
static void note_append(thagi_session *session, enum trace_loss what, const char *text, size_t len)
{
    uint32_t bytes = (uint32_t)((sizeof(trace_note_record) + len + 7) & ~(size_t)7), index;
    trace_chunk *chunk = session->notes;
    if (!chunk) {
        chunk = thagi_trace_chunk_new(&session->trace, TRACE_NONE, 1, &index);
        if (!chunk) return;
        thagi_chunk_publish(chunk, TRACE_NOTES);
        session->notes = chunk;
    }
    if (chunk->used + bytes > TRACE_CHUNK_BYTES) return; /* one a kind: never */
    trace_note_record *record = (trace_note_record *)((char *)chunk + chunk->used);
    *record =
        (trace_note_record){.bytes = bytes, .loss = (uint16_t)what, .text_len = (uint16_t)len};
    memcpy(record + 1, text, len);
    __atomic_signal_fence(__ATOMIC_RELEASE);
    chunk->used += bytes;
}

void thagi_note(enum trace_loss what, const char *format, ...)
{
    thagi_session *session = thagi_session_now;
    uint32_t bit = UINT32_C(1) << what;
    thagi_count(what, 1);
    if (!session || (__atomic_fetch_or(&session->noted, bit, __ATOMIC_RELAXED) & bit)) return;
    int saved_errno = errno;
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    thagi_plat_signals saved;
    /* A thread that ends has the lock, and may leave something open. */
    int is_locked =
        __atomic_load_n(&session->lock_owner, __ATOMIC_RELAXED) == (uintptr_t)&thagi_current;
    if (!is_locked) thagi_lock(session, &saved);
    note_append(session, what, text, len);
    if (!is_locked) thagi_unlock(session, &saved);
    thagi_log("%s; further ones are only counted", text);
    errno = saved_errno;
}

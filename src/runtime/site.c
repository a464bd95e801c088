/*
 * site.c - places in the source, interned by what they say, not by where they are.
 *
 * Header inlines give one site per source file, and a plugin that is unloaded and loaded again gives
 * its sites new addresses; both find their old id again by content. The strings are copied into the
 * trace at first use, so that nothing depends on the module later.
 */
#include <string.h>

#include "runtime/runtime.h"

/* Entries of the tables that lead to sites. id + 1, so that zeroed memory is empty. */
typedef struct ptr_entry {
    const thag_site *site;
    uint32_t id_plus_1;
} ptr_entry;

static uint64_t hash_bytes(uint64_t h, const char *s, size_t len)
{
    /* FNV-1a, 64 bits (Fowler, Noll, Vo). */
    for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
    return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

typedef struct site_text {
    const char *name, *func, *file;
    size_t name_len, func_len, file_len;
    uint64_t hash;
    int cut;
} site_text;

static size_t cut_len(const char *s, int *cut)
{
    size_t len = s ? strnlen(s, TRACE_NAME_MAX + 1) : 0;
    if (len > TRACE_NAME_MAX) {
        len = TRACE_NAME_MAX;
        *cut = 1;
    }
    return len;
}

static site_text site_text_of(const thag_site *site)
{
    site_text t = {.name = site->name, .func = site->func, .file = site->file};
    if (site->kind == TRACE_SITE_FUNCTION) t.func = NULL; /* is the name */
    t.name_len = cut_len(t.name, &t.cut);
    t.func_len = cut_len(t.func, &t.cut);
    t.file_len = cut_len(t.file, &t.cut);
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ site->line ^ (uint64_t)site->kind << 32;
    h = hash_bytes(h, t.name, t.name_len);
    h = hash_bytes(h, t.func, t.func_len);
    t.hash = thagi_hash_mix(hash_bytes(h, t.file, t.file_len));
    return t;
}

static int site_equals(const trace_site *record, const thag_site *site, const site_text *t)
{
    const char *text = (const char *)(record + 1);
    return record->line == site->line && record->kind == site->kind &&
           record->name_len == t->name_len && record->func_len == t->func_len &&
           record->file_len == t->file_len && memcmp(text, t->name, t->name_len) == 0 &&
           memcmp(text + t->name_len, t->func ? t->func : "", t->func_len) == 0 &&
           memcmp(text + t->name_len + t->func_len, t->file ? t->file : "", t->file_len) == 0;
}

/* Append the record to the trace. NULL: no space. */
static trace_site *site_append(thagi_session *session, const thag_site *site, const site_text *t)
{
    size_t text = t->name_len + t->func_len + t->file_len;
    uint32_t bytes = (uint32_t)((sizeof(trace_site) + text + 7) & ~(size_t)7);
    trace_site *record =
        thagi_chunk_append(session, &session->site_chunk, TRACE_SITES, session->sites.count, bytes);
    if (!record) return NULL;
    *record = (trace_site){.bytes = bytes,
                           .id = session->sites.count,
                           .line = site->line,
                           .kind = site->kind,
                           .flags = site->flags,
                           .name_len = (uint16_t)t->name_len,
                           .func_len = (uint16_t)t->func_len,
                           .file_len = (uint16_t)t->file_len};
    char *to = (char *)(record + 1);
    memcpy(to, t->name, t->name_len);
    if (t->func_len) memcpy(to + t->name_len, t->func, t->func_len);
    if (t->file_len) memcpy(to + t->name_len + t->func_len, t->file, t->file_len);
    __atomic_signal_fence(__ATOMIC_RELEASE);
    session->site_chunk->used += bytes;
    if (t->cut) thagi_count(TRACE_NAME_CUT, 1);
    return record;
}

static void text_table_put(thagi_array *table, uint32_t id, uint64_t hash)
{
    uint32_t *slots = table->items, mask = table->room - 1, i = (uint32_t)hash & mask;
    while (slots[i]) i = (i + 1) & mask;
    slots[i] = id + 1;
}

static uint64_t record_hash(const trace_site *record)
{
    const char *text = (const char *)(record + 1);
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ record->line ^ (uint64_t)record->kind << 32;
    h = hash_bytes(h, text, record->name_len);
    h = hash_bytes(h, text + record->name_len, record->func_len);
    return thagi_hash_mix(
        hash_bytes(h, text + record->name_len + record->func_len, record->file_len));
}

/* Room for one more at half load; rebuilt from the records. */
static int text_table_grow(thagi_session *session)
{
    thagi_array *table = &session->site_by_text, bigger = {0};
    if ((session->sites.count + 1) * 2 <= table->room) return 1;
    if (!thagi_array_reserve(&bigger, table->room ? table->room * 2 : 1024, sizeof(uint32_t)))
        return 0;
    trace_site **records = session->sites.items;
    for (uint32_t id = 0; id < session->sites.count; id++)
        text_table_put(&bigger, id, record_hash(records[id]));
    thagi_plat_unmap(table->items, table->room * sizeof(uint32_t));
    *table = bigger;
    return 1;
}

uint32_t thagi_site_by_text(thagi_session *session, const thag_site *site)
{
    site_text t = site_text_of(site);
    if (!text_table_grow(session)) return TRACE_NONE;
    trace_site **records = session->sites.items;
    const uint32_t *slots = session->site_by_text.items;
    uint32_t mask = session->site_by_text.room - 1;
    for (uint32_t i = (uint32_t)t.hash & mask; slots[i]; i = (i + 1) & mask)
        if (site_equals(records[slots[i] - 1], site, &t)) return slots[i] - 1;

    if (!thagi_array_reserve(&session->sites, session->sites.count + 1, sizeof(trace_site *)))
        return TRACE_NONE;
    if ((site->flags & THAG_FLAG_mem_detail) == THAG_FLAG_mem_detail) thagi_memory_want_stacks(0);
    trace_site *record = site_append(session, site, &t);
    if (!record) return TRACE_NONE;
    uint32_t id = session->sites.count++;
    ((trace_site **)session->sites.items)[id] = record;
    text_table_put(&session->site_by_text, id, t.hash);
    return id;
}

static ptr_entry *ptr_find(const thagi_array *table, const thag_site *site)
{
    ptr_entry *entries = table->items;
    uint32_t mask = table->room - 1, i = (uint32_t)thagi_hash_mix((uintptr_t)site) & mask;
    while (entries[i].id_plus_1 && entries[i].site != site) i = (i + 1) & mask;
    return &entries[i];
}

static int ptr_table_grow(thagi_array *table)
{
    thagi_array bigger = {0};
    if ((table->count + 1) * 2 <= table->room) return 1;
    if (!thagi_array_reserve(&bigger, table->room ? table->room * 2 : 1024, sizeof(ptr_entry)))
        return 0;
    const ptr_entry *old = table->items;
    for (uint32_t i = 0; i < table->room; i++) {
        if (!old[i].id_plus_1 || !old[i].site) continue; /* forgotten ones end here */
        *ptr_find(&bigger, old[i].site) = old[i];
        bigger.count++;
    }
    thagi_plat_unmap(table->items, table->room * sizeof(ptr_entry));
    *table = bigger;
    return 1;
}

uint32_t thagi_site_id(thagi_session *session, const thag_site *site)
{
    if (!ptr_table_grow(&session->site_by_ptr)) return TRACE_NONE;
    ptr_entry *entry = ptr_find(&session->site_by_ptr, site);
    if (entry->id_plus_1) return entry->id_plus_1 - 1;
    uint32_t id = site->kind == TRACE_SITE_ADDRESS ? thagi_function_site(session, site)
                                                   : thagi_site_by_text(session, site);
    if (id == TRACE_NONE) return id;
    *entry = (ptr_entry){site, id + 1};
    session->site_by_ptr.count++;
    return id;
}

const thag_site *thagi_site_of_id(const thagi_session *session, uint32_t id)
{
    const ptr_entry *entries = session->site_by_ptr.items;
    for (uint32_t i = 0; i < session->site_by_ptr.room; i++)
        if (entries[i].id_plus_1 == id + 1 && entries[i].site) return entries[i].site;
    return NULL;
}

/* --- names given at run time ------------------------------------------------------------------- */

/* One for each text and place: a copy that stays, with a thag_site in front. */
typedef struct named_site {
    thag_site site;
    const thag_site *origin; /* only compared */
    uint64_t hash;
    char name[];
} named_site;

/* Cut from pages of its own; never given back. Under the lock. */
static char *named_pos, *named_end;

void thagi_site_child(void)
{
    named_pos = named_end = NULL;
}

static void *named_alloc(size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if ((size_t)(named_end - named_pos) < bytes) {
        size_t page = bytes > 65536 ? bytes : 65536;
        named_pos = thagi_plat_map(page);
        named_end = named_pos ? named_pos + page : NULL;
        if (!named_pos) return NULL;
    }
    void *mem = named_pos;
    named_pos += bytes;
    return mem;
}

const thag_site *thagi_site_named(thagi_session *session, const thag_site *site, const char *name)
{
    int cut = 0;
    size_t len = cut_len(name, &cut);
    uint64_t hash = thagi_hash_mix(hash_bytes((uintptr_t)site, name, len));
    thagi_array *table = &session->named;
    if ((table->count + 1) * 2 > table->room) {
        thagi_array bigger = {0};
        if (!thagi_array_reserve(&bigger, table->room ? table->room * 2 : 256,
                                 sizeof(named_site *)))
            return NULL;
        named_site **to = bigger.items, **from = table->items;
        for (uint32_t i = 0; i < table->room; i++) {
            if (!from[i]) continue;
            uint32_t j = (uint32_t)from[i]->hash & (bigger.room - 1);
            while (to[j]) j = (j + 1) & (bigger.room - 1);
            to[j] = from[i];
        }
        bigger.count = table->count;
        thagi_plat_unmap(table->items, table->room * sizeof(named_site *));
        *table = bigger;
    }
    named_site **slots = table->items;
    uint32_t mask = table->room - 1, i = (uint32_t)hash & mask;
    for (; slots[i]; i = (i + 1) & mask)
        if (slots[i]->hash == hash && slots[i]->origin == site &&
            memcmp(slots[i]->name, name, len) == 0 && slots[i]->name[len] == 0)
            return &slots[i]->site;
    named_site *named = named_alloc(sizeof *named + len + 1);
    if (!named) return NULL;
    named->site = *site;
    named->origin = site;
    named->hash = hash;
    memcpy(named->name, name, len);
    named->name[len] = 0;
    named->site.name = named->name;
    slots[i] = named;
    table->count++;
    if (cut) thagi_count(TRACE_NAME_CUT, 1);
    return &named->site;
}

void thagi_site_forget(thagi_session *session, uintptr_t lo, uintptr_t hi)
{
    ptr_entry *entries = session->site_by_ptr.items;
    for (uint32_t i = 0; i < session->site_by_ptr.room; i++)
        if ((uintptr_t)entries[i].site - lo < hi - lo) entries[i].site = NULL; /* a tombstone */
    named_site **named = session->named.items;
    for (uint32_t i = 0; i < session->named.room; i++)
        if (named[i] && (uintptr_t)named[i]->origin - lo < hi - lo) {
            named[i]->origin = NULL;
            named[i]->site.func = named[i]->site.file = ""; /* were in that module, too */
        }
}

/* --- sections that are not recorded ------------------------------------------------------------ */

void thagi_site_mute(thagi_session *session, const thag_site *site)
{
    if (thagi_site_is_muted(session, site->name)) return;
    if (!thagi_array_reserve(&session->muted, session->muted.count + 1, sizeof(char *))) return;
    size_t len = strnlen(site->name, TRACE_NAME_MAX);
    char *copy = named_alloc(len + 1);
    if (!copy) return;
    memcpy(copy, site->name, len);
    copy[len] = 0;
    ((char **)session->muted.items)[session->muted.count++] = copy;
}

int thagi_site_is_muted(thagi_session *session, const char *name)
{
    char **names = session->muted.items;
    for (uint32_t i = 0; i < session->muted.count; i++)
        if (strcmp(names[i], name) == 0) return 1;
    return 0;
}

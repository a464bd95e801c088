/*
 * eh_frame.c - reads .eh_frame_hdr and .eh_frame: a search table of functions, and for each a little
 * program that makes, address by address, the row that tells where its frame is. (DWARF 5, 6.4; the
 * Linux Standard Base on pointer encodings.)
 *
 * What is read belongs to the host and is seldom wrong; but all reads are checked against the segment.
 */
#include "heap/eh_frame.h"

#include <string.h>

#if defined(__x86_64__)

enum { REG_BP = 6, REG_SP = 7, REG_RA = 16 };
enum { STATES_MAX = 8 };

/* Bytes that can be read. `at` NULL: something was read that is not there. */
typedef struct reader {
    const uint8_t *at, *end;
} reader;

/* --- numbers ----------------------------------------------------------------------------------- */

static uint64_t read_fixed(reader *r, unsigned bytes)
{
    uint64_t value = 0;
    if (!r->at || (size_t)(r->end - r->at) < bytes) {
        r->at = NULL;
        return 0;
    }
    memcpy(&value, r->at, bytes); /* little endian */
    r->at += bytes;
    return value;
}

static uint64_t read_leb(reader *r, int is_signed)
{
    uint64_t value = 0, byte;
    unsigned shift = 0;
    do {
        byte = read_fixed(r, 1);
        if (shift < 64) value |= (byte & 0x7f) << shift;
        shift += 7;
    } while (r->at && (byte & 0x80));
    if (is_signed && shift < 64 && (byte & 0x40)) value |= ~UINT64_C(0) << shift;
    return value;
}

static void skip(reader *r, uint64_t bytes)
{
    if (r->at && bytes <= (uint64_t)(r->end - r->at))
        r->at += bytes;
    else
        r->at = NULL;
}

enum { PE_OMIT = 0xff, PE_PCREL = 0x10, PE_DATAREL = 0x30 };

static uint64_t read_encoded(reader *r, uint8_t encoding, uintptr_t data_base)
{
    uintptr_t here = (uintptr_t)r->at;
    uint64_t value;
    switch (encoding & 0x0f) {
    case 0x00: /* the size of an address */
    case 0x04:
    case 0x0c: value = read_fixed(r, 8); break;
    case 0x01: value = read_leb(r, 0); break;
    case 0x09: value = read_leb(r, 1); break;
    case 0x02: value = read_fixed(r, 2); break;
    case 0x0a: value = (uint64_t)(int16_t)read_fixed(r, 2); break;
    case 0x03: value = read_fixed(r, 4); break;
    case 0x0b: value = (uint64_t)(int32_t)read_fixed(r, 4); break;
    default: r->at = NULL; return 0;
    }
    if ((encoding & 0x70) == PE_PCREL) value += here;
    if ((encoding & 0x70) == PE_DATAREL) value += data_base;
    return value;
}

/* --- the search table -------------------------------------------------------------------------- */

/* Where the description (FDE) of the function with `address` is. NULL: nowhere. */
static const uint8_t *find_description(const thagi_plat_object *object, uintptr_t address)
{
    enum {
        SORTED = 0x3b
    }; /* pairs of four bytes, relative to the table's head: as linkers write it */
    reader r = {object->unwind, object->unwind_hi};
    uintptr_t base = (uintptr_t)object->unwind;
    uint64_t head = read_fixed(&r, 4);
    uint8_t pointer_encoding = (uint8_t)(head >> 8), count_encoding = (uint8_t)(head >> 16);
    if ((head & 0xff) != 1 || head >> 24 != SORTED || count_encoding == PE_OMIT) return NULL;
    read_encoded(&r, pointer_encoding, base);
    uint64_t count = read_encoded(&r, count_encoding, base), low = 0;
    if (!r.at || !count || count > (uint64_t)(r.end - r.at) / 8) return NULL;
    const uint8_t *table = r.at;
    for (uint64_t high = count; high - low > 1;) {
        uint64_t middle = low + (high - low) / 2;
        int32_t start;
        memcpy(&start, table + middle * 8, 4);
        if (base + (uintptr_t)(intptr_t)start <= address)
            low = middle;
        else
            high = middle;
    }
    int32_t at;
    memcpy(&at, table + low * 8 + 4, 4);
    const uint8_t *found = (const uint8_t *)(base + (uintptr_t)(intptr_t)at);
    return found >= object->unwind_lo && found < object->unwind_hi ? found : NULL;
}

/* --- descriptions ------------------------------------------------------------------------------ */

/* What a CIE says for all its FDEs. */
typedef struct common {
    uint64_t code_align;
    int64_t data_align;
    uint8_t pointer_encoding;
    int is_signal, has_augmentation;
    reader program;
} common;

/* The contents of a record; .at NULL: it is none. */
static reader record_at(const thagi_plat_object *object, const uint8_t *at)
{
    reader r = {at, object->unwind_hi};
    if (at < object->unwind_lo || at >= object->unwind_hi) return (reader){NULL, NULL};
    uint64_t length = read_fixed(&r, 4);
    if (length == 0xffffffff) length = read_fixed(&r, 8);
    if (!r.at || !length || length > (uint64_t)(r.end - r.at)) return (reader){NULL, NULL};
    r.end = r.at + length;
    return r;
}

static int read_augmentation(common *c, reader *r, const char *letters, const uint8_t *letters_end)
{
    uint64_t length = read_leb(r, 0);
    const uint8_t *behind = r->at;
    c->has_augmentation = 1;
    for (const uint8_t *l = (const uint8_t *)letters + 1; l < letters_end && *l; l++) {
        if (*l == 'R') {
            c->pointer_encoding = (uint8_t)read_fixed(r, 1);
        } else if (*l == 'P') {
            uint8_t encoding = (uint8_t)read_fixed(r, 1);
            read_encoded(r, encoding & 0x0f, 0);
        } else if (*l == 'L') {
            read_fixed(r, 1);
        } else if (*l == 'S') {
            c->is_signal = 1;
        }
    }
    if (!behind || length > (uint64_t)(r->end - behind)) return 0;
    r->at = behind + length;
    return 1;
}

static int read_common(common *c, const thagi_plat_object *object, const uint8_t *at)
{
    reader r = record_at(object, at);
    if (read_fixed(&r, 4) != 0 || !r.at) return 0;
    uint64_t version = read_fixed(&r, 1);
    const uint8_t *letters = r.at;
    while (r.at && read_fixed(&r, 1)) {
    }
    *c = (common){.code_align = read_leb(&r, 0)};
    c->data_align = (int64_t)read_leb(&r, 1);
    uint64_t return_register = version == 1 ? read_fixed(&r, 1) : read_leb(&r, 0);
    if (!r.at || (version != 1 && version != 3) || return_register != REG_RA) return 0;
    if (letters[0] == 'z' && !read_augmentation(c, &r, (const char *)letters, r.at)) return 0;
    if (letters[0] && letters[0] != 'z') return 0;
    c->program = r;
    return r.at != NULL;
}

/* --- programs ---------------------------------------------------------------------------------- */

/* One row of the table that a program makes, as far as we follow it. */
typedef struct state {
    uint64_t cfa_register;
    int64_t cfa_offset;
    int is_deref;   /* the CFA stands at register + offset */
    int is_strange; /* the CFA, or the return address, is of a kind that we do not read */
    int ends;       /* the return address is undefined: the outermost frame */
    uint8_t bp_rule;
    int64_t bp;
} state;

typedef struct machine {
    state now, initial, saved[STATES_MAX];
    unsigned saved_count;
    uintptr_t location;
} machine;

static void set_offset(state *s, uint64_t reg, int64_t offset)
{
    if (reg == REG_BP) {
        s->bp_rule = THAGI_BP_AT_CFA;
        s->bp = offset;
    } else if (reg == REG_RA) {
        s->ends = 0;
        if (offset != -8) s->is_strange = 1;
    }
}

static void set_kept(state *s, uint64_t reg)
{
    if (reg == REG_BP) s->bp_rule = THAGI_BP_KEPT;
    if (reg == REG_RA) s->is_strange = 1;
}

static void restore(machine *m, uint64_t reg)
{
    if (reg == REG_BP) {
        m->now.bp_rule = m->initial.bp_rule;
        m->now.bp = m->initial.bp;
    } else if (reg == REG_RA) {
        m->now.ends = m->initial.ends;
    }
}

enum { OP_BREG_BP = 0x76, OP_DEREF = 0x06 };

/* A CFA that is computed: gcc's `main` with a realigned stack has it at frame pointer + n. */
static void cfa_by_expression(state *s, reader *r)
{
    uint64_t length = read_leb(r, 0);
    reader e = *r;
    skip(r, length);
    if (!r->at) return;
    e.end = r->at;
    s->is_strange = 1;
    if (read_fixed(&e, 1) != OP_BREG_BP) return;
    int64_t offset = (int64_t)read_leb(&e, 1);
    if (read_fixed(&e, 1) != OP_DEREF || e.at != e.end) return;
    s->cfa_register = REG_BP;
    s->cfa_offset = offset;
    s->is_deref = 1;
    s->is_strange = 0;
}

static void register_by_expression(state *s, reader *r, int is_value)
{
    uint64_t reg = read_leb(r, 0), length = read_leb(r, 0);
    reader e = *r;
    skip(r, length);
    if (!r->at || (reg != REG_BP && reg != REG_RA)) return;
    e.end = r->at;
    if (reg == REG_BP && !is_value && read_fixed(&e, 1) == OP_BREG_BP) {
        s->bp_rule = THAGI_BP_AT_BP;
        s->bp = (int64_t)read_leb(&e, 1);
        if (e.at == e.end) return;
    }
    s->is_strange = 1;
}

static void define_cfa(state *s, uint64_t reg, int64_t offset)
{
    s->cfa_register = reg;
    s->cfa_offset = offset;
    s->is_deref = s->is_strange = 0;
}

/* The instructions that have their operand in the low six bits. */
static void step_short(machine *m, const common *c, reader *r, uint8_t op)
{
    uint8_t low = op & 0x3f;
    if (op >> 6 == 1)
        m->location += low * c->code_align;
    else if (op >> 6 == 2)
        set_offset(&m->now, low, (int64_t)read_leb(r, 0) * c->data_align);
    else
        restore(m, low);
}

/* Of the others; 0: unknown. A switch over the table of the standard. */
static int step_long(machine *m, const common *c, reader *r, uint8_t op)
{
    state *s = &m->now;
    uint64_t reg;
    switch (op) {
    case 0x00: break;
    case 0x01: m->location = (uintptr_t)read_encoded(r, c->pointer_encoding, 0); break;
    case 0x02: m->location += read_fixed(r, 1) * c->code_align; break;
    case 0x03: m->location += read_fixed(r, 2) * c->code_align; break;
    case 0x04: m->location += read_fixed(r, 4) * c->code_align; break;
    case 0x05: /* offset_extended */
        reg = read_leb(r, 0);
        set_offset(s, reg, (int64_t)read_leb(r, 0) * c->data_align);
        break;
    case 0x06: restore(m, read_leb(r, 0)); break;
    case 0x07: /* undefined */
        reg = read_leb(r, 0);
        if (reg == REG_RA) s->ends = 1;
        break;
    case 0x08: set_kept(s, read_leb(r, 0)); break;
    case 0x09: /* register: kept in another one, which we do not follow */
        reg = read_leb(r, 0);
        read_leb(r, 0);
        if (reg == REG_RA || reg == REG_BP) s->is_strange = 1;
        break;
    case 0x0a:
        if (m->saved_count == STATES_MAX) return 0;
        m->saved[m->saved_count++] = *s;
        break;
    case 0x0b:
        if (!m->saved_count) return 0;
        *s = m->saved[--m->saved_count];
        break;
    case 0x0c:
        reg = read_leb(r, 0);
        define_cfa(s, reg, (int64_t)read_leb(r, 0));
        break;
    case 0x0d: s->cfa_register = read_leb(r, 0); break;
    case 0x0e: s->cfa_offset = (int64_t)read_leb(r, 0); break;
    case 0x0f: cfa_by_expression(s, r); break;
    case 0x10: register_by_expression(s, r, 0); break;
    case 0x16: register_by_expression(s, r, 1); break;
    case 0x11:
        reg = read_leb(r, 0);
        set_offset(s, reg, (int64_t)read_leb(r, 1) * c->data_align);
        break;
    case 0x12:
        reg = read_leb(r, 0);
        define_cfa(s, reg, (int64_t)read_leb(r, 1) * c->data_align);
        break;
    case 0x13: s->cfa_offset = (int64_t)read_leb(r, 1) * c->data_align; break;
    case 0x2e: read_leb(r, 0); break; /* size of the arguments */
    default: return 0;
    }
    return 1;
}

/* Run a program as far as its location does not pass `address`. */
static int run(machine *m, const common *c, reader r, uintptr_t address)
{
    while (r.at && r.at < r.end && m->location <= address) {
        uint8_t op = (uint8_t)read_fixed(&r, 1);
        if (op >> 6)
            step_short(m, c, &r, op);
        else if (!step_long(m, c, &r, op))
            return 0;
    }
    return r.at != NULL;
}

/* --- rows -------------------------------------------------------------------------------------- */

static const thagi_unwind_row unknown = {.rule = THAGI_UNWIND_UNKNOWN};

static thagi_unwind_row row_of(const state *s)
{
    thagi_unwind_row row = {.bp_rule = s->bp_rule, .offset = (int32_t)s->cfa_offset};
    if (s->ends) return (thagi_unwind_row){.rule = THAGI_UNWIND_END};
    if (s->is_strange || s->cfa_offset != row.offset || s->bp != (int32_t)s->bp) return unknown;
    row.bp = (int32_t)s->bp;
    if (s->cfa_register == REG_SP && !s->is_deref)
        row.rule = THAGI_UNWIND_SP;
    else if (s->cfa_register == REG_BP)
        row.rule = s->is_deref ? THAGI_UNWIND_BP_DEREF : THAGI_UNWIND_BP;
    else
        return unknown;
    return row;
}

thagi_unwind_row thagi_eh_frame_row(const thagi_plat_object *object, uintptr_t address)
{
    machine m = {.location = 0};
    common c;
    uintptr_t call = address - 1; /* a call may be the last instruction of its function */
    const uint8_t *at = object->unwind ? find_description(object, call) : NULL;
    reader r = at ? record_at(object, at) : (reader){NULL, NULL};
    const uint8_t *id_at = r.at;
    uint64_t back = read_fixed(&r, 4);
    if (!r.at || !back || !read_common(&c, object, id_at - back)) return unknown;
    uintptr_t start = (uintptr_t)read_encoded(&r, c.pointer_encoding, 0);
    uint64_t length = read_encoded(&r, c.pointer_encoding & 0x0f, 0);
    if (!r.at || call - start >= length) return unknown;
    if (c.has_augmentation) skip(&r, read_leb(&r, 0));
    m.location = start;
    if (!run(&m, &c, c.program, UINTPTR_MAX)) return unknown;
    m.initial = m.now;
    m.location = start;
    if (!run(&m, &c, r, call)) return unknown;
    return c.is_signal ? (thagi_unwind_row){.rule = THAGI_UNWIND_SIGNAL} : row_of(&m.now);
}

#else

thagi_unwind_row thagi_eh_frame_row(const thagi_plat_object *object, uintptr_t address)
{
    (void)object;
    (void)address;
    return (thagi_unwind_row){.rule = THAGI_UNWIND_UNKNOWN};
}

#endif

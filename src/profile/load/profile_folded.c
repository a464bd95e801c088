/*
 * How a million lines take a second. Names are hashed eight bytes at a time while looking for the
 * ';', and frames that a line shares with the one before are not looked at again. What remains is
 * the table of paths, far larger than the caches: lines are gathered into batches and walk down the
 * tree in step, so that the misses of a whole batch are under way at once.
 */
#include "profile/load/profile_folded.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile_tables.h"

#define READ_BYTES   (256u << 10)
#define PAD_BYTES    8u /* words may be loaded beyond the end */
#define BATCH_LINES  32u
#define BATCH_FRAMES (64u << 10)

/* A stack that waits for its batch. Its first `shared` frames are those of the line before it. */
typedef struct folded_line {
    uint32_t *frames; /* of depth `shared` and on; in loader.ids */
    uint32_t first;   /* index of frames[0] in loader.ids */
    uint32_t shared;
    uint32_t depth;
    uint32_t node; /* where it has got to */
    uint32_t hash; /* of the step at hand */
    int64_t count;
} folded_line;

typedef struct loader {
    profile *p;
    fault *why;
    folded_opts opts;
    int64_t total;

    char *buf; /* buf_room + PAD_BYTES */
    size_t buf_room;
    size_t start; /* of the first line that was not taken */
    size_t end;
    uint64_t offset;  /* in the file, of buf[0] */
    uint64_t line_no; /* of the line at hand, from 1 */
    int at_eof;
    int nul_seen; /* somewhere in the input; then every line is searched for it */

    const char *prev; /* stack of the line before, in buf; NULL if it is gone */
    size_t prev_len;
    uint32_t *path; /* its frames */
    size_t *ends;   /* where each of them ends, from the start of the line */
    uint32_t path_len;
    uint32_t path_room;

    folded_line batch[BATCH_LINES];
    uint32_t batch_len;
    uint32_t *ids;
    uint32_t ids_len;
    uint32_t ids_room;
} loader;

static thag_err fail_at(loader *l, thag_err err, const char *where, const char *what)
{
    fault_set(l->why, err, l->offset + (uint64_t)(where - l->buf), what);
    if (l->why) l->why->line = l->line_no;
    return err;
}

/* ---- walking down the tree in step ---- */

static inline int line_walks(const folded_line *line, uint32_t level)
{
    return level < line->depth && level >= line->shared;
}

static void batch_prefetch_slots(loader *l, uint32_t level)
{
    const struct profile_tables *t = l->p->tables;

    for (uint32_t k = 0; k < l->batch_len; k++) {
        folded_line *line = &l->batch[k];
        if (!line_walks(line, level)) continue;
        line->hash = profile_node_hash(t, line->node, line->frames[level - line->shared]);
        __builtin_prefetch(&t->node_slots[profile_node_slot(t, line->hash)]);
    }
}

static void batch_prefetch_nodes(loader *l, uint32_t level)
{
    const struct profile_tables *t = l->p->tables;

    for (uint32_t k = 0; k < l->batch_len; k++) {
        const folded_line *line = &l->batch[k];
        uint32_t slot, found;
        if (!line_walks(line, level)) continue;
        slot = profile_node_slot(t, line->hash);
        while ((found = profile_slot_node(t, slot, line->hash)) == PROFILE_NONE)
            slot = profile_next_slot(t, slot);
        __builtin_prefetch(&l->p->parent[found]);
        __builtin_prefetch(&l->p->frame[found]);
    }
}

static thag_err batch_step(loader *l, uint32_t level)
{
    thag_err err = THAG_OK;

    for (uint32_t k = 0; k < l->batch_len && !err; k++) {
        folded_line *line = &l->batch[k];
        if (level >= line->depth) continue;
        if (level < line->shared)
            line->node = line[-1].node;
        else
            err = profile_child_hashed(l->p, line->hash, line->node,
                                       line->frames[level - line->shared], &line->node);
    }
    return err;
}

static thag_err batch_flush(loader *l)
{
    uint32_t deepest = 0;

    for (uint32_t k = 0; k < l->batch_len; k++) {
        folded_line *line = &l->batch[k];
        line->frames = l->ids + line->first;
        line->node = PROFILE_ROOT;
        if (line->depth > deepest) deepest = line->depth;
    }
    for (uint32_t level = 0; level < deepest; level++) {
        thag_err err;
        batch_prefetch_slots(l, level);
        batch_prefetch_nodes(l, level);
        err = batch_step(l, level);
        if (err) return fault_set(l->why, err, UINT64_MAX, "no room for the call tree");
    }
    for (uint32_t k = 0; k < l->batch_len; k++) l->p->self[l->batch[k].node] += l->batch[k].count;
    l->batch_len = 0;
    l->ids_len = 0;
    return THAG_OK;
}

/* ---- one line ---- */

static int grow_u32(uint32_t **array, uint32_t *room, uint32_t need)
{
    uint32_t wanted = *room ? *room : 1024;
    uint32_t *grown;

    while (wanted < need) wanted *= 2; /* a line has at most FOLDED_LINE_MAX frames: no overflow */
    if (wanted == *room) return 1;
    grown = realloc(*array, (size_t)wanted * sizeof *grown);
    if (!grown) return 0;
    *array = grown;
    *room = wanted;
    return 1;
}

static int path_reserve(loader *l, uint32_t need)
{
    size_t *ends;

    if (need <= l->path_room) return 1;
    if (!grow_u32(&l->path, &l->path_room, need)) return 0;
    ends = realloc(l->ends, l->path_room * sizeof *ends);
    if (!ends) return 0;
    l->ends = ends;
    return 1;
}

static size_t common_bytes(const char *a, const char *b, size_t len)
{
    size_t at = 0;

    for (; at + 8 <= len; at += 8) {
        uint64_t differ = profile_word(a + at) ^ profile_word(b + at);
        if (differ) return at + (size_t)(__builtin_ctzll(differ) >> 3);
    }
    while (at < len && a[at] == b[at]) at++;
    return at;
}

/* How many whole frames the stack has in common with the one before. */
static uint32_t shared_frames(const loader *l, const char *stack, size_t len)
{
    size_t shorter = len < l->prev_len ? len : l->prev_len;
    uint32_t shared = 0;
    size_t same;

    if (!l->prev) return 0;
    same = common_bytes(l->prev, stack, shorter);
    while (shared < l->path_len && l->ends[shared] < same) shared++;
    /* The frame that ends where the comparison did is whole if it ends in both of them. */
    if (shared < l->path_len && l->ends[shared] == same && (same == len || stack[same] == ';'))
        shared++;
    return shared;
}

/* Intern the frame at `from`, which ends at a ';' or at `end`; the end of it goes to *stop. */
static inline thag_err take_frame(loader *l, const char *from, const char *end, const char **stop,
                                  uint32_t *frame)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t hash = l->p->tables->seed;
    const char *at = from;

    for (;;) {
        uint64_t word = profile_word(at);
        uint64_t differ = word ^ ones * ';';
        uint64_t found = (differ - ones) & ~differ & ones << 7;
        size_t left = (size_t)(end - at);
        size_t len = found ? (size_t)__builtin_ctzll(found) >> 3 : 8;
        if (len > left) len = left;
        if (len == 8) {
            hash = profile_hash_step(hash, word);
            at += 8;
            continue;
        }
        if (len) hash = profile_hash_step(hash, word & (((uint64_t)1 << len * 8) - 1));
        *stop = at + len;
        break;
    }
    hash = profile_hash_end(hash, (size_t)(*stop - from));
    return profile_intern_hashed(l->p, from, (size_t)(*stop - from), hash, frame);
}

/* Bring path and ends up to date with this stack. */
static thag_err take_stack(loader *l, const char *stack, size_t len, uint32_t shared)
{
    const char *at = shared ? stack + l->ends[shared - 1] + 1 : stack;
    const char *end = stack + len;
    thag_err err;

    l->path_len = shared;
    /* One past the end: the last shared frame was the last of all. */
    while (at <= end) {
        const char *stop;
        if (!path_reserve(l, l->path_len + 1)) return THAG_ERR_MEMORY;
        err = take_frame(l, at, end, &stop, &l->path[l->path_len]);
        if (err) return err;
        l->ends[l->path_len++] = (size_t)(stop - stack);
        at = stop + 1;
    }
    return THAG_OK;
}

static thag_err batch_add(loader *l, uint32_t shared, int64_t count)
{
    folded_line *line = &l->batch[l->batch_len];
    uint32_t new_frames;

    if (l->batch_len == 0) shared = 0; /* the line before has left with its batch */
    new_frames = l->path_len - shared;
    if (!grow_u32(&l->ids, &l->ids_room, l->ids_len + new_frames)) return THAG_ERR_MEMORY;
    memcpy(l->ids + l->ids_len, l->path + shared, new_frames * sizeof *l->ids);
    *line =
        (folded_line){.first = l->ids_len, .shared = shared, .depth = l->path_len, .count = count};
    l->ids_len += new_frames;
    l->batch_len++;
    return THAG_OK;
}

/* Digits into *value times scale; the fraction digits bring it down by ten each. Returns where it
   stopped; *fits turns 0 if the number needs more than 63 bits or does not come out whole. */
static const char *take_number(const char *at, const char *end, int64_t scale, int64_t *value,
                               int *fits)
{
    int64_t number = 0;
    int64_t unit = scale;

    *fits = 1;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(number, (int64_t)10, &number) ||
            __builtin_add_overflow(number, (int64_t)(*at - '0'), &number))
            *fits = 0;
    if (__builtin_mul_overflow(number, scale, &number)) *fits = 0;
    if (at + 1 < end && *at == '.') {
        for (at++; at < end && *at >= '0' && *at <= '9'; at++) {
            if (*at != '0' && (unit == 0 || unit % 10)) *fits = 0;
            unit /= 10;
            if (__builtin_add_overflow(number, unit * (*at - '0'), &number)) *fits = 0;
        }
    }
    *value = number;
    return at;
}

static thag_err take_count(loader *l, const char *text, const char *end, int64_t *count)
{
    const char *digits = text < end && *text == '+' ? text + 1 : text;
    const char *stop;
    int fits;

    if (text < end && *text == '-')
        return fail_at(l, THAG_ERR_FORMAT, text, "expected a count that is not negative");
    stop = take_number(digits, end, l->opts.scale, count, &fits);
    if (stop == digits || stop != end)
        return fail_at(l, THAG_ERR_FORMAT, text, "expected a decimal count after the last space");
    if (!fits)
        return fail_at(l, THAG_ERR_FORMAT, text, "expected a count that is whole and fits 63 bits");
    if (__builtin_add_overflow(l->total, *count, &l->total))
        return fail_at(l, THAG_ERR_TOO_LARGE, text, "the counts add up to more than 63 bits hold");
    return THAG_OK;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static thag_err take_entry(loader *l, const char *line, const char *space, const char *end)
{
    size_t len = (size_t)(space - line);
    uint32_t shared;
    int64_t count;
    thag_err err = take_count(l, space + 1, end, &count);

    if (err) return err;
    shared = shared_frames(l, line, len);
    err = take_stack(l, line, len, shared);
    if (!err) err = batch_add(l, shared, count);
    if (err) return fail_at(l, err, line, "no room for this stack");
    l->prev = line;
    l->prev_len = len;
    if (l->batch_len == BATCH_LINES || l->ids_len >= BATCH_FRAMES) return batch_flush(l);
    return THAG_OK;
}

static thag_err take_line(loader *l, const char *line, const char *end)
{
    const char *space;

    if (l->nul_seen) {
        const char *nul = memchr(line, '\0', (size_t)(end - line));
        if (nul) return fail_at(l, THAG_ERR_FORMAT, nul, "expected text, found a NUL byte");
    }
    while (end > line && is_blank(end[-1])) end--;
    if (end == line || *line == '#') return THAG_OK;
    for (space = end - 1; space > line && *space != ' ' && *space != '\t'; space--) {
    }
    if (space == line) return fail_at(l, THAG_ERR_FORMAT, line, "expected 'frame;frame count'");
    return take_entry(l, line, space, end);
}

/* ---- the input ---- */

static thag_err buf_reserve(loader *l)
{
    size_t room = l->buf_room ? l->buf_room * 2 : READ_BYTES;
    char *grown;

    if (l->end < l->buf_room) return THAG_OK;
    if (l->buf_room >= FOLDED_LINE_MAX) {
        l->line_no++; /* it never got as far as take_lines() */
        return fail_at(l, THAG_ERR_TOO_LARGE, l->buf, "expected lines of at most 16 MiB");
    }
    grown = realloc(l->buf, room + PAD_BYTES);
    if (!grown) return fault_set(l->why, THAG_ERR_MEMORY, l->offset, "no room for this line");
    l->buf = grown;
    l->buf_room = room;
    return THAG_OK;
}

static thag_err read_more(loader *l, folded_source *src)
{
    size_t room = l->buf_room - l->end;
    ssize_t got;

    got = byte_source_read(src, l->buf + l->end, room, l->why);
    if (got < 0) {
        if (l->why) l->why->offset = l->offset + l->end;
        return l->why ? l->why->err : THAG_ERR_READ;
    }
    if (memchr(l->buf + l->end, '\0', (size_t)got)) l->nul_seen = 1;
    l->at_eof = got == 0;
    l->end += (size_t)got;
    memset(l->buf + l->end, 0, PAD_BYTES);
    return THAG_OK;
}

/* Make room at the end, and read into it. The rest of a line moves to the front. */
static thag_err refill(loader *l, folded_source *src)
{
    thag_err err;

    if (l->start) {
        memmove(l->buf, l->buf + l->start, l->end - l->start);
        l->offset += l->start;
        l->end -= l->start;
        l->start = 0;
    }
    l->prev = NULL;
    err = buf_reserve(l);
    return err ? err : read_more(l, src);
}

static thag_err take_lines(loader *l)
{
    for (;;) {
        const char *line = l->buf + l->start;
        size_t left = l->end - l->start;
        const char *newline = left ? memchr(line, '\n', left) : NULL;
        thag_err err;
        if (!newline && !(l->at_eof && left)) return THAG_OK;
        l->line_no++;
        err = take_line(l, line, newline ? newline : l->buf + l->end);
        if (err) return err;
        l->start = newline ? (size_t)(newline + 1 - l->buf) : l->end;
    }
}

static void skip_mark(loader *l)
{
    if (l->offset == 0 && l->start == 0 && l->line_no == 0 && l->end >= 3 &&
        memcmp(l->buf, "\xEF\xBB\xBF", 3) == 0)
        l->start = 3;
}

static thag_err load_all(loader *l, folded_source src)
{
    thag_err err = THAG_OK;

    while (!err && !l->at_eof) {
        err = refill(l, &src);
        if (err) break;
        skip_mark(l);
        err = take_lines(l);
    }
    if (!err) err = batch_flush(l);
    if (!err && l->p->node_count == 1)
        err = fault_set(l->why, THAG_ERR_EMPTY, 0, "expected lines of 'frame;frame count'");
    return err;
}

/* ---- the name of the file ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int ends_with(const char *name, size_t len, const char *tail)
{
    size_t tail_len = strlen(tail);

    return len >= tail_len && memcmp(name + len - tail_len, tail, tail_len) == 0;
}

/* Match from the back: 'd' in the pattern is a digit, 'D' any number of digits but none. */
static int ends_like(const char *name, size_t len, const char *pattern)
{
    size_t left = strlen(pattern);

    while (left > 0) {
        char want = pattern[--left];
        int is_digit = len > 0 && name[len - 1] >= '0' && name[len - 1] <= '9';
        if (len == 0) return 0;
        if (want == 'd' || want == 'D' ? !is_digit : name[len - 1] != want) return 0;
        len--;
        while (want == 'D' && len > 0 && name[len - 1] >= '0' && name[len - 1] <= '9') len--;
    }
    return 1;
}

folded_opts folded_opts_for(const char *path)
{
    static const char *const bytes[] = {"-memory", "-memory_detail", "-memory_detail_dealloc"};
    static const char *const times[] = {"-dddddddd-dddddd", "-dddddddd-dddddd-D",
                                        "-dddddddd-dddddd-D-D"};
    const char *name = path ? base_name(path) : "";
    size_t len = strlen(name);

    if (!ends_with(name, len, ".folded")) return (folded_opts){PROFILE_SAMPLES, 1};
    len -= strlen(".folded");
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
        if (ends_with(name, len, bytes[i])) return (folded_opts){PROFILE_BYTES, 1};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (ends_like(name, len, times[i])) return (folded_opts){PROFILE_NS, 1000};
    return (folded_opts){PROFILE_SAMPLES, 1};
}

static thag_err set_title(profile *p, const char *path)
{
    p->title = strdup(path ? base_name(path) : "");
    return p->title ? THAG_OK : THAG_ERR_MEMORY;
}

thag_err folded_load(profile **out, const folded_source *src, const folded_opts *opts, fault *why)
{
    loader l = {.why = why, .opts = opts ? *opts : folded_opts_for(src->path)};
    thag_err err;

    err = profile_new(&l.p, l.opts.unit, 0);
    if (!err) err = set_title(l.p, src->path);
    if (err) {
        fault_set(why, err, UINT64_MAX, "no room for a profile");
        goto done;
    }
    err = load_all(&l, *src);
    if (err) goto done;

    profile_pack(l.p);
    *out = l.p;
    l.p = NULL;
done:
    if (err) fault_set_path(why, src->path);
    profile_free(l.p);
    free(l.buf);
    free(l.path);
    free(l.ends);
    free(l.ids);
    return err;
}

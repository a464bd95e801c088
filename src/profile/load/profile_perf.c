#include "profile/load/profile_perf.h"

#include <stdlib.h>
#include <string.h>

#include "profile/load/line_reader.h"

#define FRAMES_MAX (64u << 10) /* of one sample */

/* A part of a line. */
typedef struct piece {
    const char *at, *end;
} piece;

typedef struct loader {
    line_reader lines;
    fault *why;
    profile *p;
    char *first_event; /* malloc'ed; NULL before the first sample */
    uint32_t *stack;   /* of the sample at hand, the innermost first */
    size_t depth, room;
    uint32_t comm, event; /* frames; event PROFILE_NONE for the first event */
    int in_sample;
} loader;

/* What the line of a sample says. */
typedef struct sample_line {
    piece comm, event;
    piece rest; /* behind the event: a single frame, where there are no call chains */
} sample_line;

/* ---- pieces ---- */

static int is_space(char c)
{
    return c == ' ' || c == '\t';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static piece trimmed(piece p)
{
    while (p.at < p.end && is_space(*p.at)) p.at++;
    while (p.at < p.end && is_space(p.end[-1])) p.end--;
    return p;
}

/* The last word is taken off *p. */
static piece last_word(piece *p)
{
    piece word;

    *p = trimmed(*p);
    word = (piece){p->end, p->end};
    while (word.at > p->at && !is_space(word.at[-1])) word.at--;
    p->end = word.at;
    return word;
}

static piece first_word(piece *p)
{
    piece word;

    *p = trimmed(*p);
    word = (piece){p->at, p->at};
    while (word.end < p->end && !is_space(*word.end)) word.end++;
    p->at = word.end;
    return word;
}

static int all(piece p, int (*is)(char))
{
    if (p.at == p.end) return 0;
    for (; p.at < p.end; p.at++) {
        if (!is(*p.at)) return 0;
    }
    return 1;
}

/* "123" or "123/124". */
static int is_pid(piece word)
{
    const char *slash = memchr(word.at, '/', (size_t)(word.end - word.at));

    if (!slash) return all(word, is_digit);
    return all((piece){word.at, slash}, is_digit) && all((piece){slash + 1, word.end}, is_digit);
}

/* Where `5000.123456` begins that ends at `end`; NULL if there is no such word. */
static const char *time_before(const char *begin, const char *end)
{
    const char *at = end, *point;

    while (at > begin && is_digit(at[-1])) at--;
    if (at == end || at == begin || at[-1] != '.') return NULL;
    point = --at;
    while (at > begin && is_digit(at[-1])) at--;
    return at == point || (at > begin && !is_space(at[-1])) ? NULL : at;
}

/* ---- the line of a sample ---- */

/* `comm pid/tid [cpu] flags`: the words between pid and time vary. */
static int take_comm(piece before, sample_line *s)
{
    piece words = before;

    for (int i = 0; i < 4; i++) {
        piece word = last_word(&words);

        if (word.at == word.end) return 0;
        if (!is_pid(word)) continue;
        s->comm = trimmed(words);
        return s->comm.at < s->comm.end;
    }
    return 0;
}

/* `period event: rest`. The event is a word that ends in ':'; there may be none. */
static void take_event(piece after, sample_line *s)
{
    piece rest = after, word = first_word(&rest);

    if (all(word, is_digit)) word = first_word(&rest);
    if (word.at < word.end && word.end[-1] == ':') {
        s->event = (piece){word.at, word.end - 1};
        s->rest = trimmed(rest);
    } else {
        s->event = (piece){after.at, after.at};
        s->rest = trimmed(after);
    }
}

static int take_sample_line(piece line, sample_line *s)
{
    const char *colon;

    line = trimmed(line);
    colon = line.at;
    while ((colon = memchr(colon, ':', (size_t)(line.end - colon))) != NULL) {
        const char *time = time_before(line.at, colon++);

        if (!time || !take_comm((piece){line.at, time}, s)) continue;
        take_event((piece){colon, line.end}, s);
        return 1;
    }
    return 0;
}

/* ---- frames ---- */

/* `symbol+0x1f`: the function alone. */
static piece without_offset(piece symbol)
{
    for (const char *at = symbol.end; at-- > symbol.at;) {
        if (is_hex(*at)) continue;
        if (*at == 'x' && at - symbol.at > 2 && at[-1] == '0' && at[-2] == '+' &&
            at + 1 < symbol.end) {
            symbol.end = at - 2;
        }
        break;
    }
    return symbol;
}

/* Take ` (binary)` off the end of *p. A path may have parentheses too, and perf adds ` (deleted)`. */
static piece take_binary(piece *p)
{
    static const char deleted[] = " (deleted)";
    const size_t deleted_len = sizeof deleted - 1;
    piece inside = {p->end, p->end};
    const char *open = p->end;
    int depth = 0;

    if (p->at == p->end || p->end[-1] != ')') return inside;
    do {
        if (open == p->at) return inside;
        open--;
        depth += (*open == ')') - (*open == '(');
    } while (depth);
    if (open > p->at && !is_space(open[-1])) return inside; /* the end of a C++ name */
    inside = (piece){open + 1, p->end - 1};
    if ((size_t)(inside.end - inside.at) > deleted_len &&
        memcmp(inside.end - deleted_len, deleted, deleted_len) == 0) {
        inside.end -= deleted_len;
    }
    p->end = open;
    *p = trimmed(*p);
    return inside;
}

static piece base_name(piece path)
{
    for (const char *at = path.end; at-- > path.at;) {
        if (*at == '/') return (piece){at + 1, path.end};
    }
    return path;
}

static int equals(piece p, const char *text)
{
    return (size_t)(p.end - p.at) == strlen(text) && memcmp(p.at, text, strlen(text)) == 0;
}

static thag_err intern(loader *l, const char *before, piece name, const char *after,
                       uint32_t *frame)
{
    size_t first = strlen(before), len = (size_t)(name.end - name.at), last = strlen(after);
    char *text = malloc(first + len + last + 1);
    thag_err err;

    if (!text) return THAG_ERR_MEMORY;
    memcpy(text, before, first);
    memcpy(text + first, name.at, len);
    memcpy(text + first + len, after, last);
    err = profile_intern(l->p, text, first + len + last, NULL, 0, frame);
    free(text);
    return err;
}

/* `55d0c0 parse+0x1f (/usr/bin/app)` */
static thag_err intern_frame(loader *l, piece line, uint32_t *frame)
{
    piece rest = trimmed(line), address = first_word(&rest), binary;

    if (!all(address, is_hex)) rest = line;
    rest = trimmed(rest);
    binary = take_binary(&rest);
    rest = without_offset(rest);
    if (rest.at < rest.end && !equals(rest, "[unknown]")) return intern(l, "", rest, "", frame);
    binary = base_name(binary);
    if (binary.at == binary.end || equals(binary, "[unknown]")) {
        return intern(l, "[unknown]", (piece){binary.at, binary.at}, "", frame);
    }
    if (*binary.at == '[') return intern(l, "", binary, "", frame);
    return intern(l, "[", binary, "]", frame);
}

static thag_err push_frame(loader *l, piece line)
{
    if (l->depth == FRAMES_MAX) {
        return line_reader_fail(&l->lines, THAG_ERR_TOO_LARGE, line.at,
                                "expected at most 65536 frames in a sample", l->why);
    }
    if (l->depth == l->room) {
        size_t room = l->room ? l->room * 2 : 128;
        uint32_t *grown = realloc(l->stack, room * sizeof *grown);

        if (!grown) return THAG_ERR_MEMORY;
        l->stack = grown;
        l->room = room;
    }
    return intern_frame(l, line, &l->stack[l->depth++]);
}

/* ---- samples ---- */

static thag_err end_sample(loader *l)
{
    uint32_t node = PROFILE_ROOT;
    thag_err err = THAG_OK;

    if (!l->in_sample) return THAG_OK;
    l->in_sample = 0;
    if (l->event != PROFILE_NONE) err = profile_child(l->p, node, l->event, &node);
    if (!err) err = profile_child(l->p, node, l->comm, &node);
    while (!err && l->depth) err = profile_child(l->p, node, l->stack[--l->depth], &node);
    if (!err) l->p->self[node]++;
    return err;
}

static thag_err set_event(loader *l, piece event)
{
    l->event = PROFILE_NONE;
    if (!l->first_event) {
        l->first_event = strndup(event.at, (size_t)(event.end - event.at));
        return l->first_event ? THAG_OK : THAG_ERR_MEMORY;
    }
    if (equals(event, l->first_event)) return THAG_OK;
    return intern(l, "[event ", event, "]", &l->event);
}

static thag_err begin_sample(loader *l, const sample_line *s)
{
    piece rest = s->rest, address = first_word(&rest);
    thag_err err = end_sample(l);

    if (!err) err = set_event(l, s->event);
    if (!err) err = intern(l, "", s->comm, "", &l->comm);
    if (err) return err;
    l->in_sample = 1;
    l->depth = 0;
    /* A frame on the line itself begins with its address; other text is a tracepoint's. */
    return all(address, is_hex) && rest.at < rest.end ? push_frame(l, s->rest) : THAG_OK;
}

static thag_err take_line(loader *l, piece line)
{
    sample_line s;

    if (line.at == line.end) return end_sample(l);
    if (*line.at == '#') return THAG_OK;
    if (trimmed(line).at == line.end) return end_sample(l);
    /* Frames are indented; so are samples of threads with short names, which perf right-aligns. */
    if (l->in_sample && is_space(*line.at) && !take_sample_line(line, &s))
        return push_frame(l, line);
    if (take_sample_line(line, &s)) return begin_sample(l, &s);
    return line_reader_fail(&l->lines, THAG_ERR_FORMAT, line.at,
                            "expected a sample or a frame of perf script", l->why);
}

static thag_err take_lines(loader *l)
{
    char *text;
    size_t len;
    thag_err err = THAG_OK;
    int found = 1;

    while (!err && (found = line_reader_next(&l->lines, &text, &len, l->why)) == 1) {
        err = take_line(l, (piece){text, text + len});
    }
    if (found < 0) return l->why->err;
    if (!err) err = end_sample(l);
    if (!err && l->p->node_count == 1) {
        err = fault_set(l->why, THAG_ERR_EMPTY, 0, "expected samples of perf script");
    }
    return err;
}

thag_err perf_load(profile **out, byte_source *src, fault *why)
{
    fault own = {0};
    loader l = {.why = why ? why : &own};
    const char *slash = src->path ? strrchr(src->path, '/') : NULL;
    thag_err err = profile_new(&l.p, PROFILE_SAMPLES, 0);

    line_reader_init(&l.lines, src);
    if (!err) {
        l.p->title = strdup(slash ? slash + 1 : src->path ? src->path : "");
        if (!l.p->title) err = THAG_ERR_MEMORY;
    }
    if (!err) err = take_lines(&l);
    if (err == THAG_ERR_MEMORY && l.why->err != err) {
        fault_set(l.why, err, UINT64_MAX, "no room for this profile");
    }
    if (!err) {
        *out = l.p;
        l.p = NULL;
    }
    if (err) fault_set_path(l.why, src->path);
    profile_free(l.p);
    line_reader_release(&l.lines);
    free(l.first_event);
    free(l.stack);
    return err;
}

/* The first line that is neither empty nor a comment is that of a sample, and no folded stack, which
   ends in a count. */
int perf_looks_like(const char *head, size_t len)
{
    const char *end = head + len;

    while (head < end) {
        const char *newline = memchr(head, '\n', (size_t)(end - head));
        piece line = {head, newline ? newline : end}, rest;
        sample_line s;

        if (line.at < line.end && line.end[-1] == '\r') line.end--;
        rest = line;
        head = newline ? newline + 1 : end;
        if (trimmed(line).at == line.end || *line.at == '#') continue;
        return !all(last_word(&rest), is_digit) && take_sample_line(line, &s);
    }
    return 0;
}

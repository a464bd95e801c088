/* Putting the macros in, and taking them out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/source.h"
#include "source/source_lex.h"
#include "source/source_mark.h"

#define DEFAULT_HEADER "\"thag_profiler.h\""

/* ---- knowing it again ---- */

static int begins_with(const char *text, size_t len, size_t at, const char *what)
{
    size_t what_len = strlen(what);

    return len - at >= what_len && memcmp(text + at, what, what_len) == 0;
}

static int is_argument_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ',' || c == ' ';
}

size_t mark_put_len(const char *text, size_t len, size_t at)
{
    size_t end = at, limit;

    if (begins_with(text, len, at, MARK_FUNCTION))
        end += sizeof MARK_FUNCTION - 1;
    else if (begins_with(text, len, at, MARK_MAIN))
        end += sizeof MARK_MAIN - 1;
    else
        return 0;
    limit = len - end > MARK_ARGUMENTS ? end + MARK_ARGUMENTS : len;
    while (end < limit && is_argument_char(text[end])) end++;
    if (!begins_with(text, len, end, ");" SOURCE_MARK)) return 0;
    return end + 2 + SOURCE_MARK_LEN - at;
}

static size_t line_end_len(const char *text, size_t len, size_t at)
{
    if (begins_with(text, len, at, "\r\n")) return 2;
    return begins_with(text, len, at, "\n") ? 1 : 0;
}

/* `#line N` behind the include and its line end; 0 if it is not there. */
static size_t line_directive_len(const char *text, size_t len, size_t at)
{
    size_t end = at + line_end_len(text, len, at), last;

    if (end == at || !begins_with(text, len, end, MARK_LINE)) return 0;
    end += sizeof MARK_LINE - 1;
    while (end < len && text[end] >= '0' && text[end] <= '9') end++;
    if (!begins_with(text, len, end, SOURCE_MARK)) return 0;
    end += SOURCE_MARK_LEN;
    last = line_end_len(text, len, end);
    return last ? end + last - at : 0;
}

size_t mark_include_len(const char *text, size_t len, size_t at)
{
    size_t end = at + sizeof MARK_INCLUDE - 1;
    char close;

    if (!begins_with(text, len, at, MARK_INCLUDE) || end >= len) return 0;
    close = text[end] == '<' ? '>' : '"';
    if (text[end] != '<' && text[end] != '"') return 0;
    for (end++; end < len && text[end] != close && text[end] != '\n'; end++) continue;
    if (end >= len || text[end] != close) return 0;
    end++;
    if (!begins_with(text, len, end, SOURCE_MARK)) return 0;
    end += SOURCE_MARK_LEN;
    return end + line_directive_len(text, len, end) - at;
}

/* ---- putting in ---- */

static size_t put_text(char *to, size_t room, const source_function *f, const source_opts *o)
{
    const char *mode = o->mode ? o->mode : "yes";
    int is_main = f->kind == SOURCE_MAIN && *mode;

    return (size_t)snprintf(to, room, "%s%s);%s", is_main ? MARK_MAIN : MARK_FUNCTION,
                            is_main    ? mode
                            : o->flags ? o->flags
                                       : "",
                            SOURCE_MARK);
}

/* As the text ends its lines. */
static const char *line_end_of(const char *text, size_t len)
{
    const char *newline = memchr(text, '\n', len);

    return newline && newline > text && newline[-1] == '\r' ? "\r\n" : "\n";
}

static size_t include_text(char *to, size_t room, const source_scan *s, const source_opts *o,
                           const char *line_end)
{
    const char *header = o->header ? o->header : DEFAULT_HEADER;

    switch (s->include) {
    case SOURCE_INCLUDE_BLANK:
        return (size_t)snprintf(to, room, MARK_INCLUDE "%s" SOURCE_MARK, header);
    case SOURCE_INCLUDE_LINE:
        return (size_t)snprintf(to, room,
                                MARK_INCLUDE "%s" SOURCE_MARK "%s" MARK_LINE "%u" SOURCE_MARK "%s",
                                header, line_end, (unsigned)s->include_line, line_end);
    default: return 0;
    }
}

static void add(source_buffer *b, const char *text, size_t len)
{
    if (len) memcpy(b->text + b->len, text, len);
    b->len += len;
}

/* Only what mark_put_len() knows again, and what cannot end a raw string. */
static int are_arguments(const char *text)
{
    size_t len = text ? strlen(text) : 0;

    for (size_t i = 0; i < len; i++) {
        if (!is_argument_char(text[i])) return 0;
    }
    return len < MARK_ARGUMENTS;
}

static int is_header(const char *text)
{
    size_t len = text ? strlen(text) : 0;

    if (len == 0) return 1;
    if (len < 3 || len > 4000 || strpbrk(text, "()\\\n\r") || strstr(text, "/*") ||
        strstr(text, "//"))
        return 0;
    if (text[0] == '<') return strchr(text, '>') == text + len - 1;
    return text[0] == '"' && strchr(text + 1, '"') == text + len - 1;
}

int source_opts_are_valid(const source_opts *o)
{
    return are_arguments(o->mode) && are_arguments(o->flags) && is_header(o->header);
}

thag_err source_put(source_buffer *out, const char *text, size_t len, const source_scan *s,
                    const source_opts *opts)
{
    static const source_opts none;
    const source_opts *o = opts ? opts : &none;
    char piece[4300];
    size_t from = 0, most, piece_len;

    memset(out, 0, sizeof *out);
    if (!source_opts_are_valid(o)) return THAG_ERR_PATTERN;
    for (size_t i = 0; i < s->count; i++)
        out->changes += s->functions[i].reason == SOURCE_REASON_NONE;
    most = sizeof MARK_MAIN + MARK_ARGUMENTS + SOURCE_MARK_LEN + 2;
    if (out->changes > (SIZE_MAX - len - sizeof piece) / most) return THAG_ERR_MEMORY;
    out->text = malloc(len + out->changes * most + sizeof piece);
    if (!out->text) return THAG_ERR_MEMORY;
    if (s->include != SOURCE_INCLUDE_NONE) {
        add(out, text, s->include_at);
        add(out, piece, include_text(piece, sizeof piece, s, o, line_end_of(text, len)));
        from = s->include_at;
    }
    for (size_t i = 0; i < s->count; i++) {
        const source_function *f = &s->functions[i];

        if (f->reason != SOURCE_REASON_NONE) continue;
        add(out, text + from, f->body - from);
        piece_len = put_text(piece, sizeof piece, f, o);
        add(out, piece, piece_len);
        from = f->body;
    }
    add(out, text + from, len - from);
    return THAG_OK;
}

thag_err source_instrument(source_buffer *out, const char *text, size_t len,
                           const source_opts *opts, size_t *left_alone)
{
    source_scan *s = NULL;
    thag_err err;

    memset(out, 0, sizeof *out);
    err = source_scan_new(&s, text, len, opts);
    if (err) return err;
    err = source_put(out, text, len, s, opts);
    if (left_alone) *left_alone = s->count - out->changes;
    source_scan_free(s);
    return err;
}

/* ---- taking out ---- */

static size_t count_marks(const char *text, size_t len)
{
    size_t count = 0;
    const char *end = text + len;

    while (text && (text = memmem(text, (size_t)(end - text), SOURCE_MARK, SOURCE_MARK_LEN))) {
        text += SOURCE_MARK_LEN;
        count++;
    }
    return count;
}

/* What stands at a token and was put in: where it begins, and its length; 0 if nothing does. */
static size_t put_at(lexer *l, token t, size_t *at)
{
    if (token_is_punct(t, '{')) {
        *at = t.end;
        return mark_put_len(l->text, l->len, t.end);
    }
    if (t.kind != TOKEN_HASH || t.start != l->line_start) return 0;
    *at = t.start;
    return mark_include_len(l->text, l->len, t.start);
}

thag_err source_remove(source_buffer *out, const char *text, size_t len, const source_opts *opts,
                       size_t *strays)
{
    lexer l;
    token t;
    size_t from = 0, at, put_len;

    memset(out, 0, sizeof *out);
    if (len >= UINT32_MAX) return THAG_ERR_TOO_LARGE;
    out->text = malloc(len ? len : 1);
    if (!out->text) return THAG_ERR_MEMORY;
    lexer_init(&l, text, (uint32_t)len, opts && opts->has_trigraphs);
    if (count_marks(text, len) > 0) {
        while ((t = lexer_next(&l)).kind != TOKEN_END) {
            put_len = put_at(&l, t, &at);
            if (put_len) {
                add(out, text + from, at - from);
                from = at + put_len;
                out->changes += t.kind == TOKEN_PUNCT;
            }
            if (t.kind != TOKEN_HASH) continue;
            l.is_directive = 1;
            lexer_end_directive(&l);
        }
    }
    add(out, text + from, len - from);
    if (strays) *strays = count_marks(out->text, out->len);
    return THAG_OK;
}

void source_buffer_release(source_buffer *b)
{
    free(b->text);
    memset(b, 0, sizeof *b);
}

/*
 * fuzz_source.c - C or C++ from anywhere: find, put in, take out.
 *
 * Besides not crashing, the laws of source.h must hold: what was put in comes out, byte for byte; putting
 * in twice is putting in once; lines stay where they are; and functions lie within the text, in order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "fuzz_source: %s\n", what);
    abort();
}

static int is_same(const source_buffer *a, const source_buffer *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static size_t count_lines(const char *text, size_t len)
{
    size_t lines = 0;

    for (size_t i = 0; i < len; i++) lines += text[i] == '\n';
    return lines;
}

static void check_functions(const source_scan *s, size_t len)
{
    for (size_t i = 0; i < s->count; i++) {
        const source_function *f = &s->functions[i];

        require(f->head <= f->brace && f->brace < f->body && f->body <= len,
                "a function without a place");
        require(f->end >= f->body && f->end <= len, "a function without an end");
        require(i == 0 || f[-1].body <= f->brace, "not in order");
        require(f->line >= 1 && f->line <= s->line_count, "a line that is not there");
        require(f->name[0] != 0, "a function without a name");
    }
    require(s->include_at <= len, "an include outside the text");
}

static void check_text(const char *text, size_t len, const source_opts *opts)
{
    source_scan *s = NULL;
    source_buffer made, twice, back, bare;
    size_t extra;

    require(source_scan_new(&s, text, len, opts) == THAG_OK, "out of memory");
    check_functions(s, len);
    extra = s->include == SOURCE_INCLUDE_LINE ? 2 : 0;
    require(source_put(&made, text, len, s, opts) == THAG_OK, "cannot put");
    source_scan_free(s);
    require(source_instrument(&twice, made.text, made.len, opts, NULL) == THAG_OK, "out of memory");
    require(source_remove(&back, made.text, made.len, opts, NULL) == THAG_OK, "out of memory");
    require(source_remove(&bare, text, len, opts, NULL) == THAG_OK, "out of memory");
    require(is_same(&twice, &made), "twice is not once");
    require(is_same(&back, &bare), "what was put in does not come out");
    require(count_lines(made.text, made.len) == count_lines(text, len) + extra, "lines moved");
    source_buffer_release(&made);
    source_buffer_release(&twice);
    source_buffer_release(&back);
    source_buffer_release(&bare);
}

/* The first byte chooses language and trigraphs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    source_opts opts = {0};
    source_language language;
    char *text;

    if (size == 0) return 0;
    opts.language = data[0] & 1 ? SOURCE_CXX : SOURCE_C;
    opts.has_trigraphs = (data[0] & 2) != 0;
    size--;
    text =
        malloc(size ? size : 1); /* of just the size, so that a sanitizer sees one byte too many */
    require(text != NULL, "out of memory");
    memcpy(text, data + 1, size);
    source_language_of(&language, "x.h", text, size);
    check_text(text, size, &opts);
    free(text);
    return 0;
}

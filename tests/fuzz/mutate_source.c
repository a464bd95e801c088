/*
 * mutate_source.c - files, and files made from them by damage, through what fuzz_source.c checks.
 *
 * usage: mutate_source COUNT FILE...
 * Each file as it is, then COUNT damaged ones of each: bytes and lines deleted, doubled, swapped,
 * inserted, the end cut off. Always the same ones. With fuzz_source.c it is one program.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state = 88172645463325252u;

static size_t below(size_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return limit ? (size_t)(state % limit) : 0;
}

typedef struct text {
    uint8_t *bytes; /* the first is fuzz_source.c's choice of a language */
    size_t len, room;
} text;

static void cut(text *t, size_t from, size_t len)
{
    if (len > t->len - from) len = t->len - from;
    memmove(t->bytes + from, t->bytes + from + len, t->len - from - len);
    t->len -= len;
}

static void insert(text *t, size_t at, const void *bytes, size_t len)
{
    if (t->len + len > t->room) return;
    memmove(t->bytes + at + len, t->bytes + at, t->len - at);
    memcpy(t->bytes + at, bytes, len);
    t->len += len;
}

/* From `at` to behind the next line end. */
static size_t line_len(const text *t, size_t at)
{
    const uint8_t *newline = memchr(t->bytes + at, '\n', t->len - at);

    return newline ? (size_t)(newline - t->bytes) + 1 - at : t->len - at;
}

static void damage(text *t)
{
    static const char *const pieces[] = {"{",
                                         "}",
                                         "(",
                                         ")",
                                         ";",
                                         "\"",
                                         "'",
                                         "/*",
                                         "*/",
                                         "//",
                                         "\\\n",
                                         "#if A\n",
                                         "#else\n",
                                         "#endif\n",
                                         "#if 0\n",
                                         "\n\n",
                                         "=",
                                         "R\"(",
                                         "<%",
                                         "\r",
                                         "?\?/\n",
                                         "int f(void) {",
                                         "struct s {",
                                         "[](int a) {",
                                         "template <",
                                         "#define X {",
                                         " THAG_PROFILED(); /*thag*/",
                                         "#include \"thag_profiler.h\" /*thag*/\n"};
    size_t at = 1 + below(t->len), len;
    uint8_t line[200];

    if (at >= t->len) at = t->len - 1;
    if (at == 0) return;
    len = line_len(t, at);
    switch (below(6)) {
    case 0: cut(t, at, 1 + below(20)); break;
    case 1: cut(t, at, len); break;
    case 2: t->len = at; break;
    case 3:
        if (len > sizeof line) break;
        memcpy(line, t->bytes + at, len);
        insert(t, at, line, len);
        break;
    case 4: t->bytes[at] = (uint8_t)below(256); break;
    default: {
        const char *piece = pieces[below(sizeof pieces / sizeof *pieces)];
        insert(t, at, piece, strlen(piece));
    }
    }
}

static int read_file(text *t, const char *path)
{
    FILE *from = fopen(path, "rb");
    size_t more = 64 * 1024;

    if (!from) return 0;
    fseek(from, 0, SEEK_END);
    t->room = (size_t)ftell(from) + 1 + more;
    rewind(from);
    t->bytes = malloc(t->room);
    if (t->bytes) {
        const char *dot = strrchr(path, '.');
        t->bytes[0] = dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0) ? '0' : '1';
        t->len = 1 + fread(t->bytes + 1, 1, t->room - 1 - more, from);
    }
    fclose(from);
    return t->bytes != NULL;
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, checked = 0;

    for (int i = 2; i < argc; i++) {
        text whole, t;

        if (!read_file(&whole, argv[i])) continue;
        t = whole;
        t.bytes = malloc(t.room);
        if (!t.bytes) return 4;
        LLVMFuzzerTestOneInput(whole.bytes, whole.len);
        for (unsigned long k = 0; k < count; k++, checked++) {
            memcpy(t.bytes, whole.bytes, whole.len);
            t.len = whole.len;
            for (size_t n = 1 + below(4); n > 0; n--) damage(&t);
            LLVMFuzzerTestOneInput(t.bytes, t.len);
        }
        checked++;
        free(t.bytes);
        free(whole.bytes);
    }
    printf("%lu texts came out as they went in\n", checked);
    return checked ? 0 : 1;
}

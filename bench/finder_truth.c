/*
 * finder_truth.c - where clang sees functions: what the finder of functions is checked against.
 *
 * usage: finder_truth ROOT < COMMANDS
 * COMMANDS are records that end with an empty string: working directory, source file, arguments of the
 * compiler; each string ends with NUL. For every function definition and lambda in a file below ROOT
 * whose body is a compound statement it prints
 *
 *     D path offset own|macro name
 *
 * where offset is that of the body's brace, and `own` means that a brace stands there in the file; and
 * for every file below ROOT that a command reads, with the byte ranges that its conditionals skipped,
 *
 *     F path from-to from-to ...
 *
 * Not part of the build: scripts/check-finder compiles it, with libclang.
 */
#include <clang-c/Index.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[PATH_MAX];
static size_t root_len;

/* The path of a file below ROOT, to be freed; NULL if it is elsewhere. */
static char *own_path(CXFile file)
{
    CXString name = clang_getFileName(file);
    const char *text = clang_getCString(name);
    char *path = text ? realpath(text, NULL) : NULL;

    clang_disposeString(name);
    if (path && strncmp(path, root, root_len) == 0 && path[root_len] == '/') return path;
    free(path);
    return NULL;
}

/* ---- definitions ---- */

/* clang counts a line splice before a token as a part of it. */
static unsigned behind_splices(const char *text, size_t size, unsigned offset)
{
    while (offset + 1 < size && text[offset] == '\\' && text[offset + 1] == '\n') offset += 2;
    return offset;
}

/* Whether a brace stands there; *offset is moved to it. */
static int has_brace(CXTranslationUnit unit, CXFile file, unsigned *offset)
{
    size_t size;
    const char *text = clang_getFileContents(unit, file, &size);

    if (!text || *offset >= size) return 0;
    *offset = behind_splices(text, size, *offset);
    return (*offset < size && text[*offset] == '{') ||
           (*offset + 1 < size && memcmp(text + *offset, "<%", 2) == 0) ||
           (*offset + 2 < size && memcmp(text + *offset,
                                         "?"
                                         "?<",
                                         3) == 0);
}

static void print_definition(CXCursor function, CXCursor body)
{
    CXSourceLocation start = clang_getRangeStart(clang_getCursorExtent(body));
    CXString name = clang_getCursorSpelling(function);
    unsigned offset, expanded;
    CXFile file, outer;
    char *path;

    clang_getSpellingLocation(start, &file, NULL, NULL, &offset);
    clang_getExpansionLocation(start, &outer, NULL, NULL, &expanded);
    path = file ? own_path(file) : NULL;
    if (path) {
        CXTranslationUnit unit = clang_Cursor_getTranslationUnit(function);
        /* The brace of a macro is spelled in a file, too, but in its #define, not where it is used. */
        int is_own = expanded == offset && has_brace(unit, file, &offset);

        printf("D %s %u %s %s\n", path, offset, is_own ? "own" : "macro", clang_getCString(name));
    }
    free(path);
    clang_disposeString(name);
}

static enum CXChildVisitResult find_body(CXCursor cursor, CXCursor parent, CXClientData data)
{
    CXCursor *body = data;

    (void)parent;
    if (clang_getCursorKind(cursor) == CXCursor_CompoundStmt) *body = cursor; /* the last */
    return CXChildVisit_Continue;
}

static enum CXChildVisitResult visit(CXCursor cursor, CXCursor parent, CXClientData data)
{
    CXCursor body = clang_getNullCursor();

    (void)parent;
    (void)data;
    switch (clang_getCursorKind(cursor)) {
    case CXCursor_FunctionDecl:
    case CXCursor_CXXMethod:
    case CXCursor_Constructor:
    case CXCursor_Destructor:
    case CXCursor_ConversionFunction:
    case CXCursor_FunctionTemplate:
        if (!clang_isCursorDefinition(cursor)) break;
        clang_visitChildren(cursor, find_body, &body);
        break;
    case CXCursor_LambdaExpr: clang_visitChildren(cursor, find_body, &body); break;
    default: break;
    }
    if (!clang_Cursor_isNull(body)) print_definition(cursor, body);
    return CXChildVisit_Recurse;
}

/* ---- files ---- */

static void print_file(CXFile file, CXSourceLocation *stack, unsigned depth, CXClientData data)
{
    CXTranslationUnit unit = data;
    char *path = own_path(file);
    CXSourceRangeList *skipped;

    (void)stack;
    (void)depth;
    if (!path) return;
    printf("F %s", path);
    skipped = clang_getSkippedRanges(unit, file);
    for (unsigned i = 0; skipped && i < skipped->count; i++) {
        unsigned from, to;
        clang_getFileLocation(clang_getRangeStart(skipped->ranges[i]), NULL, NULL, NULL, &from);
        clang_getFileLocation(clang_getRangeEnd(skipped->ranges[i]), NULL, NULL, NULL, &to);
        printf(" %u-%u", from, to);
    }
    putchar('\n');
    if (skipped) clang_disposeSourceRangeList(skipped);
    free(path);
}

/* ---- commands ---- */

static int read_command(char ***words, size_t *room)
{
    size_t count = 0, text_room;
    char *text = NULL;

    for (;;) {
        text_room = 0;
        text = NULL;
        if (getdelim(&text, &text_room, 0, stdin) <= 0) break;
        if (!*text) break;
        if (count + 1 >= *room) {
            *room = *room ? 2 * *room : 64;
            *words = realloc(*words, *room * sizeof **words);
            if (!*words) exit(4);
        }
        (*words)[count++] = text;
        text = NULL;
    }
    free(text);
    return (int)count;
}

static void parse(CXIndex index, char **words, int count)
{
    CXTranslationUnit unit = NULL;
    unsigned flags = CXTranslationUnit_DetailedPreprocessingRecord | CXTranslationUnit_KeepGoing;

    if (chdir(words[0]) != 0) return;
    clang_parseTranslationUnit2(index, words[1], (const char *const *)words + 2, count - 2, NULL, 0,
                                flags, &unit);
    if (!unit) {
        fprintf(stderr, "finder_truth: cannot parse %s\n", words[1]);
        return;
    }
    clang_visitChildren(clang_getTranslationUnitCursor(unit), visit, NULL);
    clang_getInclusions(unit, print_file, unit);
    fprintf(stderr, "E %u %s\n", clang_getNumDiagnostics(unit), words[1]);
    clang_disposeTranslationUnit(unit);
}

int main(int argc, char **argv)
{
    CXIndex index = clang_createIndex(0, 0);
    char **words = NULL;
    size_t room = 0;
    int count;

    if (argc != 2 || !realpath(argv[1], root)) return 2;
    root_len = strlen(root);
    while ((count = read_command(&words, &room)) >= 2) {
        parse(index, words, count);
        for (int i = 0; i < count; i++) free(words[i]);
    }
    free(words);
    clang_disposeIndex(index);
    return 0;
}

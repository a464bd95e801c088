#include "thag-analyze/menu/filter_menu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thag-analyze/command/analyze.h"

/* ---- functions ---- */

typedef struct names {
    const char **items; /* sorted, each once */
    unsigned char *chosen;
    size_t count;
} names;

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int names_init(names *n, const profile *p)
{
    n->items = malloc((p->frame_count + 1) * sizeof *n->items);
    n->chosen = calloc((size_t)p->frame_count + 1, 1);
    n->count = 0;
    if (!n->items || !n->chosen) {
        complain(EXIT_SYSTEM, NULL, "out of memory");
        return 0;
    }
    for (uint32_t i = 0; i < p->frame_count; i++) n->items[i] = p->frames[i].name;
    if (p->frame_count) qsort(n->items, p->frame_count, sizeof *n->items, by_text);
    for (uint32_t i = 0; i < p->frame_count; i++) {
        if (!i || strcmp(n->items[i], n->items[n->count - 1]) != 0)
            n->items[n->count++] = n->items[i];
    }
    return 1;
}

/* \Q quotes up to \E, which a name may have in it. */
static void put_quoted(FILE *to, const char *name)
{
    fputs("\\Q", to);
    for (const char *end; (end = strstr(name, "\\E")) != NULL; name = end + 2) {
        fwrite(name, 1, (size_t)(end - name), to);
        fputs("\\E\\\\E\\Q", to);
    }
    fprintf(to, "%s\\E", name);
}

/* A pattern that matches the chosen names and nothing else. malloc'ed; NULL if there is none. */
static char *pattern_of(const names *n)
{
    char *text = NULL;
    size_t size, count = 0;
    FILE *to = open_memstream(&text, &size);

    if (!to) return NULL;
    fputs("\\A(?:", to);
    for (size_t i = 0; i < n->count; i++) {
        if (!n->chosen[i]) continue;
        if (count++) fputc('|', to);
        put_quoted(to, n->items[i]);
    }
    fputs(")\\z", to);
    if (fclose(to) || !count) {
        free(text);
        return NULL;
    }
    return text;
}

static prompt_end ask_mode(int *is_exact)
{
    static const char *const modes[] = {
        "Recursive (filter out function and ALL its children)",
        "Exact Match (filter out function only when it has NO children)"};
    size_t mode = 0;
    prompt_end end;

    printf("\nThere are two filtering modes available:\n"
           "  1. Recursive: removes functions and all that they call.\n"
           "     Filtering out 'main' removes main and everything called by main.\n"
           "  2. Exact Match: removes what functions do themselves, not what they call.\n"
           "     Filtering out 'process_data' removes its own entries, but keeps\n"
           "     'process_data;parse_json' and 'process_data;validate'.\n\n");
    end = prompt_select("Select filtering mode:", modes, 2, &mode);
    *is_exact = mode == 1;
    if (end == PROMPT_DONE) {
        printf("Using %s filtering mode\n", *is_exact ? "Exact Match" : "Recursive");
    }
    return end;
}

static prompt_end ask_functions(const profile *p, show_options *options)
{
    names n;
    int is_exact;
    prompt_end end = ask_mode(&is_exact);
    char *regex = NULL;

    if (end != PROMPT_DONE) return end;
    if (names_init(&n, p)) {
        end = prompt_several("Select functions to filter out:", n.items, n.count, n.chosen);
        if (end == PROMPT_DONE) regex = pattern_of(&n);
        if (regex) show_options_add(options, is_exact ? "ignore-self" : "ignore", regex);
        if (end == PROMPT_DONE && !regex) printf("No functions selected for filtering.\n");
    } else {
        end = PROMPT_BACK;
    }
    free(regex);
    free(n.items);
    free(n.chosen);
    return end;
}

/* ---- kinds of allocation ---- */

static prompt_end ask_memory(show_options *options)
{
    static const char *const items[] = {"Large allocations (>1MB)", "Temporary allocations",
                                        "Leaked memory", "Frequent allocations",
                                        "Custom pattern..."};
    static const char *const operations[] = {"ignore-large", "ignore-temporary", "ignore-leaked",
                                             "ignore-frequent"};
    unsigned char chosen[5] = {0};
    char custom[300] = "";
    prompt_end end = prompt_several("Select memory patterns to filter out:", items, 5, chosen);

    for (int i = 0; i < 4 && end == PROMPT_DONE; i++) {
        if (chosen[i] && !show_options_add(options, operations[i], NULL)) end = PROMPT_BACK;
    }
    if (end != PROMPT_DONE || !chosen[4]) return end;
    end = prompt_text("Enter custom pattern to filter (e.g., 'vec' or 'string'):", custom,
                      sizeof custom);
    if (end == PROMPT_DONE && *custom && !show_options_add(options, "ignore", custom)) {
        end = PROMPT_BACK;
    }
    return end;
}

prompt_end filter_ask(const char *path, enum profile_kind kind, show_options *options)
{
    char *paths[] = {strdup(path)};
    input in;
    prompt_end end = PROMPT_DONE;

    if (!paths[0]) return PROMPT_BACK;
    if (input_open(&in, paths, 1) == EXIT_FINE) {
        if (kind == PROFILE_OF_MEMORY) end = ask_memory(options);
        if (end == PROMPT_DONE) end = ask_functions(in.profile, options);
        input_close(&in);
    } else {
        end = PROMPT_BACK;
    }
    free(paths[0]);
    return end;
}

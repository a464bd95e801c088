#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/utf8.h"
#include "thag-analyze/menu/prompt.h"

/* A line without its end. Freed with the next. */
static prompt_end read_line(char **line)
{
    static char *kept;
    static size_t room;
    ssize_t len;

    fflush(stdout);
    len = getline(&kept, &room, stdin);
    if (len < 0) {
        putchar('\n');
        return PROMPT_CLOSED;
    }
    while (len > 0 && (kept[len - 1] == '\n' || kept[len - 1] == '\r')) kept[--len] = 0;
    *line = kept;
    return PROMPT_DONE;
}

static void show_items(const char *question, const char *const *items, size_t count)
{
    printf("\n%s\n", question);
    for (size_t i = 0; i < count; i++) {
        printf("%3zu. ", i + 1);
        utf8_put_plain(stdout, items[i], strlen(items[i]), SIZE_MAX);
        putchar('\n');
    }
}

/* The number at the start of *text, which moves on; 0 if there is none from 1 to count. */
static size_t next_number(char **text, size_t count)
{
    char *end;
    unsigned long number = strtoul(*text, &end, 10);

    if (end == *text || number > count) return 0;
    *text = end + strspn(end, " ,");
    return number;
}

prompt_end lines_select(const char *question, const char *const *items, size_t count,
                        size_t *chosen)
{
    char *line;

    show_items(question, items, count);
    for (;;) {
        prompt_end end;
        size_t number;

        printf("number, nothing to go back: ");
        end = read_line(&line);
        if (end != PROMPT_DONE) return end;
        if (!*line) return PROMPT_BACK;
        number = next_number(&line, count);
        if (number && !*line) {
            *chosen = number - 1;
            return PROMPT_DONE;
        }
        printf("a number from 1 to %zu, please\n", count);
    }
}

prompt_end lines_several(const char *question, const char *const *items, size_t count,
                         unsigned char *chosen)
{
    char *line;

    show_items(question, items, count);
    for (;;) {
        prompt_end end;

        printf("numbers with spaces between, \"all\", nothing to go back: ");
        end = read_line(&line);
        if (end != PROMPT_DONE) return end;
        if (!*line) return PROMPT_BACK;
        memset(chosen, strcmp(line, "all") == 0, count);
        if (strcmp(line, "all") == 0) return PROMPT_DONE;
        for (size_t number; *line && (number = next_number(&line, count)) != 0;) {
            chosen[number - 1] = 1;
        }
        if (!*line) return PROMPT_DONE;
        printf("numbers from 1 to %zu, please\n", count);
    }
}

prompt_end lines_text(const char *question, char *text, size_t room)
{
    char *line;
    prompt_end end;

    printf("\n%s ", question);
    end = read_line(&line);
    if (end != PROMPT_DONE) return end;
    snprintf(text, room, "%s", line);
    return PROMPT_DONE;
}

prompt_end lines_confirm(const char *question, int *yes)
{
    char *line;

    for (;;) {
        prompt_end end;

        printf("\n%s (%s) ", question, *yes ? "Y/n" : "y/N");
        end = read_line(&line);
        if (end != PROMPT_DONE) return end;
        if (!*line) return PROMPT_DONE;
        if (strchr("yYnN", *line)) {
            *yes = *line == 'y' || *line == 'Y';
            return PROMPT_DONE;
        }
    }
}

#include "thag-analyze/menu/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/utf8.h"
#include "thag-analyze/menu/fuzzy.h"
#include "thag-analyze/menu/terminal.h"

#define TYPED_ROOM 256
#define ROWS_MAX   20 /* of a list at a time */

/* ---- drawing ---- */

/* Some lines below each other that are drawn over when they change. */
typedef struct block {
    FILE *to; /* into text, which goes out in one write */
    char *text;
    size_t size;
    size_t columns;
    size_t widths[ROWS_MAX + 4]; /* of the lines on the screen */
    size_t lines;
} block;

/* Rows that the lines take now: after a window became narrower, more than lines. */
static size_t rows_taken(const block *b)
{
    size_t rows = 0;

    for (size_t i = 0; i < b->lines; i++) {
        rows += b->widths[i] ? (b->widths[i] + b->columns - 1) / b->columns : 1;
    }
    return rows;
}

static void block_begin(block *b)
{
    size_t rows, taken;

    terminal_size(&b->columns, &rows);
    taken = rows_taken(b);
    b->to = open_memstream(&b->text, &b->size);
    if (!b->to) return;
    if (taken > 1) fprintf(b->to, "\033[%zuA", taken - 1);
    fputs("\r\033[J", b->to);
    b->lines = 0;
}

/* A line, cut to the window: prefix in its style, text plain. */
static void block_line(block *b, const char *style, const char *prefix, const char *text)
{
    size_t room = b->columns > 1 ? b->columns - 1 : 1;
    int colours = terminal_has_colours() && *style;
    size_t width = 0;

    if (!b->to || b->lines == sizeof b->widths / sizeof *b->widths) return;
    if (b->lines) fputs("\r\n", b->to);
    if (colours) fprintf(b->to, "\033[%sm", style);
    width = utf8_put_plain(b->to, prefix, strlen(prefix), room);
    if (width < room) width += utf8_put_plain(b->to, text, strlen(text), room - width);
    if (colours) fputs("\033[0m", b->to);
    b->widths[b->lines++] = width;
}

static void block_end(block *b)
{
    if (!b->to) return;
    fclose(b->to);
    b->to = NULL;
    fwrite(b->text, 1, b->size, stdout);
    fflush(stdout);
    free(b->text);
    b->text = NULL;
}

/* The question with its answer is what stays. */
static void block_answer(block *b, const char *question, const char *answer)
{
    char line[1024];

    snprintf(line, sizeof line, "%s %s", question, answer);
    block_begin(b);
    block_line(b, "32", "> ", line);
    if (b->to) fputs("\r\n", b->to);
    block_end(b);
}

/* ---- typing ---- */

static void type_character(char *text, size_t room, uint32_t code)
{
    char bytes[8] = "";
    FILE *to = fmemopen(bytes, sizeof bytes, "w");

    if (!to) return;
    utf8_put(to, code);
    fclose(to);
    if (strlen(text) + strlen(bytes) < room) strcat(text, bytes);
}

static void delete_character(char *text)
{
    size_t len = strlen(text);

    while (len && ((unsigned char)text[len - 1] & 0xC0) == 0x80) len--;
    text[len ? len - 1 : 0] = 0;
}

/* 1 if the key changed the text. */
static int edit(char *text, size_t room, uint32_t key)
{
    if (key == KEY_BACKSPACE && *text)
        delete_character(text);
    else if (key == KEY_CLEAR_LINE)
        text[0] = 0;
    else if (key < KEY_FIRST)
        type_character(text, room, key);
    else
        return 0;
    return 1;
}

/* 1 if the key ends any question: *end is how. */
static int ends(uint32_t key, prompt_end *end)
{
    *end = key == KEY_ESC ? PROMPT_BACK : key == KEY_STOP ? PROMPT_STOP : PROMPT_CLOSED;
    return key == KEY_ESC || key == KEY_STOP || key == KEY_CLOSED;
}

static const char *const end_texts[] = {"", "<back>", "<stopped>", "<closed>"};

/* ---- lists ---- */

typedef struct list {
    const char *question;
    const char *const *items;
    size_t count;
    size_t *fitting; /* of the items, those that fit what was typed */
    size_t fitting_count;
    size_t at, top;        /* into fitting: the cursor, the first line shown */
    unsigned char *chosen; /* NULL: one only */
    char typed[TYPED_ROOM];
    block block;
} list;

static size_t page(void)
{
    size_t columns, rows;

    terminal_size(&columns, &rows);
    if (rows < 6) return 1;
    return rows - 4 < ROWS_MAX ? rows - 4 : ROWS_MAX;
}

static void draw_list(list *l)
{
    size_t height = page(), end;
    char head[1024], prefix[16];

    if (l->at < l->top) l->top = l->at;
    if (l->at >= l->top + height) l->top = l->at - height + 1;
    end = l->top + height < l->fitting_count ? l->top + height : l->fitting_count;
    snprintf(head, sizeof head, "%s %s", l->question, l->typed);
    block_begin(&l->block);
    block_line(&l->block, "1", "? ", head);
    for (size_t i = l->top; i < end; i++) {
        size_t item = l->fitting[i];
        int more = (i == l->top && i > 0) || (i + 1 == end && end < l->fitting_count);

        snprintf(prefix, sizeof prefix, "%s%s",
                 i == l->at ? "> "
                 : more     ? ". "
                            : "  ",
                 !l->chosen        ? ""
                 : l->chosen[item] ? "[x] "
                                   : "[ ] ");
        block_line(&l->block, i == l->at ? "36" : "", prefix, l->items[item]);
    }
    if (!l->fitting_count) block_line(&l->block, "", "  ", "(nothing fits)");
    block_line(&l->block, "2", "",
               l->chosen ? "[up/down move, space takes one, right all, left none, type to filter]"
                         : "[up/down move, enter takes it, type to filter, esc goes back]");
    block_end(&l->block);
}

static void move(list *l, uint32_t key)
{
    size_t last = l->fitting_count ? l->fitting_count - 1 : 0, by = page();

    switch (key) {
    case KEY_UP: l->at = l->at ? l->at - 1 : last; break;
    case KEY_DOWN: l->at = l->at < last ? l->at + 1 : 0; break;
    case KEY_PAGE_UP: l->at = l->at > by ? l->at - by : 0; break;
    case KEY_PAGE_DOWN: l->at = l->at + by < last ? l->at + by : last; break;
    case KEY_HOME: l->at = 0; break;
    case KEY_END: l->at = last; break;
    default: break;
    }
}

/* Space, right and left, where several can be chosen: 1 if it was one of these. All are those shown. */
static int choose(list *l, uint32_t key)
{
    if (!l->chosen) return 0;
    if (key == ' ' && l->fitting_count) {
        l->chosen[l->fitting[l->at]] ^= 1;
        return 1;
    }
    if (key != KEY_LEFT && key != KEY_RIGHT) return key == ' ';
    for (size_t i = 0; i < l->fitting_count; i++) l->chosen[l->fitting[i]] = key == KEY_RIGHT;
    return 1;
}

static prompt_end run_list(list *l)
{
    prompt_end end;

    for (;;) {
        uint32_t key;

        draw_list(l);
        key = terminal_key();
        if (ends(key, &end)) return end;
        if (key == KEY_ENTER && (l->fitting_count || l->chosen)) return PROMPT_DONE;
        if (choose(l, key)) continue;
        if (edit(l->typed, sizeof l->typed, key)) {
            l->fitting_count = fuzzy_filter(l->fitting, l->items, l->count, l->typed);
            l->at = l->top = 0;
        }
        move(l, key);
    }
}

static void answer_several(list *l)
{
    size_t count = 0, first = 0;
    char text[300];

    for (size_t i = l->count; i-- > 0;) {
        if (!l->chosen[i]) continue;
        first = i;
        count++;
    }
    if (count == 0)
        snprintf(text, sizeof text, "none");
    else if (count == 1)
        snprintf(text, sizeof text, "%s", l->items[first]);
    else
        snprintf(text, sizeof text, "%.200s and %zu more", l->items[first], count - 1);
    block_answer(&l->block, l->question, text);
}

static prompt_end ask_list(list *l, size_t *chosen)
{
    prompt_end end;

    l->fitting = malloc((l->count + 1) * sizeof *l->fitting);
    if (!l->fitting || !terminal_begin()) {
        free(l->fitting);
        return PROMPT_CLOSED;
    }
    l->fitting_count = fuzzy_filter(l->fitting, l->items, l->count, "");
    if (chosen && *chosen < l->fitting_count) l->at = *chosen;
    end = run_list(l);
    terminal_end();
    if (end != PROMPT_DONE) {
        block_answer(&l->block, l->question, end_texts[end]);
    } else if (l->chosen) {
        answer_several(l);
    } else {
        *chosen = l->fitting[l->at];
        block_answer(&l->block, l->question, l->items[*chosen]);
    }
    free(l->fitting);
    return end;
}

prompt_end prompt_select(const char *question, const char *const *items, size_t count,
                         size_t *chosen)
{
    list l = {.question = question, .items = items, .count = count};

    if (!terminal_is_able()) return lines_select(question, items, count, chosen);
    return ask_list(&l, chosen);
}

prompt_end prompt_several(const char *question, const char *const *items, size_t count,
                          unsigned char *chosen)
{
    list l = {.question = question, .items = items, .count = count, .chosen = chosen};

    if (!terminal_is_able()) return lines_several(question, items, count, chosen);
    return ask_list(&l, NULL);
}

/* ---- text, yes and no ---- */

static prompt_end run_text(block *b, const char *question, char *text, size_t room, int is_confirm)
{
    char head[1024];
    prompt_end end;

    for (;;) {
        uint32_t key;

        snprintf(head, sizeof head, "%s %s", question, text);
        block_begin(b);
        block_line(b, "1", "? ", head);
        block_end(b);
        key = terminal_key();
        if (ends(key, &end)) return end;
        if (key == KEY_ENTER) return PROMPT_DONE;
        if (is_confirm && key < KEY_FIRST) text[0] = 0; /* the last letter counts */
        edit(text, room, key);
    }
}

prompt_end prompt_text(const char *question, char *text, size_t room)
{
    block b = {0};
    prompt_end end;

    if (!terminal_is_able()) return lines_text(question, text, room);
    if (!terminal_begin()) return PROMPT_CLOSED;
    end = run_text(&b, question, text, room, 0);
    terminal_end();
    block_answer(&b, question, end == PROMPT_DONE ? text : end_texts[end]);
    return end;
}

prompt_end prompt_pause(void)
{
    block b = {0};
    prompt_end end = PROMPT_DONE;
    uint32_t key;

    if (!terminal_is_able()) return PROMPT_DONE;
    if (!terminal_begin()) return PROMPT_CLOSED;
    block_begin(&b);
    block_line(&b, "2", "", "[enter goes back to the menu]");
    block_end(&b);
    do {
        key = terminal_key();
    } while (key != KEY_ENTER && !ends(key, &end));
    terminal_end();
    block_begin(&b);
    block_end(&b);
    return end == PROMPT_BACK ? PROMPT_DONE : end;
}

prompt_end prompt_confirm(const char *question, int *yes)
{
    block b = {0};
    char full[600], text[8] = "";
    prompt_end end;

    if (!terminal_is_able()) return lines_confirm(question, yes);
    if (!terminal_begin()) return PROMPT_CLOSED;
    snprintf(full, sizeof full, "%s (%s)", question, *yes ? "Y/n" : "y/N");
    do {
        end = run_text(&b, full, text, sizeof text, 1);
    } while (end == PROMPT_DONE && *text && !strchr("yYnN", *text));
    terminal_end();
    if (*text) *yes = *text == 'y' || *text == 'Y';
    block_answer(&b, question, end != PROMPT_DONE ? end_texts[end] : *yes ? "Yes" : "No");
    return end;
}

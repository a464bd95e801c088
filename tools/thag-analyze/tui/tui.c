#include "thag-analyze/tui/tui.h"

#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "output/name_fit.h"
#include "output/palette.h"
#include "output/quantity.h"
#include "output/utf8.h"
#include "profile/operation.h"
#include "thag-analyze/tui/flame_grid.h"

#define ROWS_MAX   4096u
#define HEAD_ROWS  1
#define FOOT_ROWS  2
#define HUES       6
#define QUERY_ROOM 200

enum { PAIR_HUE = 1, PAIR_HIT = PAIR_HUE + HUES, PAIR_GREW, PAIR_SHRANK, PAIR_SAME };

/* The profile from one side. */
typedef enum view_kind { VIEW_DOWN, VIEW_UP, VIEW_CALLERS, VIEW_CALLEES } view_kind;

typedef struct tui {
    const tui_input *in;
    view_kind kind;
    profile *made; /* of the view, if not the input's; owned */
    const profile *p;
    char about[300]; /* the function of VIEW_CALLERS and VIEW_CALLEES */
    flame_grid grid;
    uint32_t zoomed, selected;
    uint32_t top;        /* the first row shown */
    unsigned char *hits; /* by frame; NULL: no search */
    char query[QUERY_ROOM];
    char note[200]; /* instead of the help, once */
    int has_colours;
} tui;

/* ---- text ---- */

static const char *label_of(const tui *t, uint32_t node)
{
    return node == PROFILE_ROOT ? "all" : t->p->frames[t->p->frame[node]].label;
}

static const char *name_of(const tui *t, uint32_t node)
{
    return node == PROFILE_ROOT ? "all" : t->p->frames[t->p->frame[node]].name;
}

/* As much of a text as fits; at most 1000 columns. */
static void put_text(int row, int column, const char *text, int columns)
{
    char plain[4200] = "";
    FILE *to = fmemopen(plain, sizeof plain, "w");

    if (!to || columns <= 0) {
        if (to) fclose(to);
        return;
    }
    name_put(to, text, columns < 1000 ? (size_t)columns : 1000);
    fclose(to);
    mvaddstr(row, column, plain);
}

static int change_percent(const tui *t, uint32_t node, int *is_new)
{
    int64_t change = t->in->change[node], before = t->grid.inclusive[node] - change;

    *is_new = before <= 0;
    return before > 0 ? (int)(100 * change / before) : 0;
}

static int shows_change(const tui *t)
{
    return t->in->change && t->kind == VIEW_DOWN;
}

/* ---- drawing ---- */

static attr_t style_of(const tui *t, const grid_item *item)
{
    const char *name = name_of(t, item->node);
    int is_hit = t->hits && item->node != PROFILE_ROOT && t->hits[t->p->frame[item->node]];
    attr_t style = item->node == t->selected ? A_BOLD | A_UNDERLINE : A_NORMAL;

    if (!t->has_colours) return style | (is_hit ? A_STANDOUT : A_REVERSE);
    if (is_hit) return style | (attr_t)COLOR_PAIR(PAIR_HIT);
    if (shows_change(t)) {
        int64_t change = t->in->change[item->node];

        return style | (attr_t)COLOR_PAIR(change > 0   ? PAIR_GREW
                                          : change < 0 ? PAIR_SHRANK
                                                       : PAIR_SAME);
    }
    return style | (attr_t)COLOR_PAIR(
                       PAIR_HUE + (int)(palette_shade(palette_at(0), name, strlen(name)) % HUES));
}

static void draw_item(const tui *t, const grid_item *item)
{
    int row = HEAD_ROWS + (int)(item->row - t->top), width = item->to - item->from;
    char label[600];
    int is_new = 0, percent = shows_change(t) ? change_percent(t, item->node, &is_new) : 0;

    if (is_new)
        snprintf(label, sizeof label, "new %s", label_of(t, item->node));
    else if (percent)
        snprintf(label, sizeof label, "%+d%% %s", percent, label_of(t, item->node));
    else
        snprintf(label, sizeof label, "%s", label_of(t, item->node));
    attrset(style_of(t, item));
    mvhline(row, item->from, ' ', width);
    /* The first cell sets it off from its neighbour, also without colours. */
    if (width > 2) put_text(row, item->from + 1, label, width - 1);
    mvaddch(row, item->from, item->node == t->selected ? '>' : '|');
    attrset(A_NORMAL);
}

static void draw_head(const tui *t)
{
    static const char *const views[] = {"", "bottom up: ", "callers of ", "callees of "};
    char text[700], total[QUANTITY_ROOM];

    quantity_text(total, t->p->unit, t->grid.inclusive[PROFILE_ROOT], NULL);
    snprintf(text, sizeof text, "%s%s%s%s  %s", views[t->kind], t->about, *t->about ? " in " : "",
             t->in->title, total);
    attrset(A_BOLD);
    put_text(0, 0, text, COLS);
    attrset(A_NORMAL);
}

static void describe(const tui *t, char *text, size_t room)
{
    uint32_t n = t->selected;
    int64_t value = t->grid.inclusive[n];
    char amount[QUANTITY_ROOM], self[QUANTITY_ROOM], share[QUANTITY_ROOM], more[160] = "";

    quantity_text(amount, t->p->unit, value, NULL);
    quantity_text(self, t->p->unit, t->p->self[n], NULL);
    quantity_percent(share, value, t->grid.inclusive[PROFILE_ROOT]);
    if (t->p->calls && t->p->calls[n].calls) {
        snprintf(more, sizeof more, ", %llu calls", (unsigned long long)t->p->calls[n].calls);
    }
    if (shows_change(t)) {
        int64_t change = t->in->change[n];
        char amount_text[QUANTITY_ROOM];

        quantity_text(amount_text, t->p->unit, change < 0 ? -change : change, NULL);
        snprintf(more, sizeof more, ", %s%s", change < 0 ? "-" : "+", amount_text);
    }
    snprintf(text, room, "%s, %s, self %s%s: %s", amount, share, self, more, name_of(t, n));
}

static void draw_foot(tui *t)
{
    char text[1200];

    describe(t, text, sizeof text);
    attrset(A_REVERSE);
    mvhline(LINES - 2, 0, ' ', COLS);
    put_text(LINES - 2, 0, text, COLS);
    attrset(A_NORMAL);
    put_text(LINES - 1, 0,
             *t->note ? t->note
                      : "enter zoom, esc back, / n search, i invert, s callers, c callees, q quit",
             COLS);
    t->note[0] = 0;
}

static uint32_t rows_shown(void)
{
    return LINES > HEAD_ROWS + FOOT_ROWS ? (uint32_t)(LINES - HEAD_ROWS - FOOT_ROWS) : 1;
}

static int draw(tui *t)
{
    const grid_item *selected;

    if (flame_grid_fill(&t->grid, t->zoomed, COLS, ROWS_MAX)) return 0;
    selected = flame_grid_find(&t->grid, t->selected);
    if (!selected) {
        t->selected = t->zoomed;
        selected = flame_grid_find(&t->grid, t->selected);
    }
    if (selected && selected->row < t->top) t->top = selected->row;
    if (selected && selected->row >= t->top + rows_shown()) {
        t->top = selected->row - rows_shown() + 1;
    }
    erase();
    draw_head(t);
    for (size_t i = 0; i < t->grid.count; i++) {
        const grid_item *item = &t->grid.items[i];

        if (item->row >= t->top && item->row < t->top + rows_shown()) draw_item(t, item);
    }
    draw_foot(t);
    refresh();
    return 1;
}

/* ---- views ---- */

static void drop_search(tui *t)
{
    free(t->hits);
    t->hits = NULL;
}

/* Show a profile, which becomes the tui's if it was made. */
static int set_view(tui *t, view_kind kind, profile *made)
{
    flame_grid grid;

    if (flame_grid_init(&grid, made ? made : t->in->profile)) {
        flame_grid_release(&grid);
        profile_free(made);
        snprintf(t->note, sizeof t->note, "out of memory");
        return 0;
    }
    if (t->grid.p) flame_grid_release(&t->grid);
    profile_free(t->made);
    t->grid = grid;
    t->made = made;
    t->p = made ? made : t->in->profile;
    t->kind = kind;
    t->zoomed = t->selected = PROFILE_ROOT;
    t->top = 0;
    drop_search(t);
    return 1;
}

/* The whole profile upside down, or from the selected function; the same key leads back. */
static void change_view(tui *t, view_kind kind)
{
    static const operation_kind operations[] = {
        [VIEW_UP] = OPERATION_INVERT,
        [VIEW_CALLERS] = OPERATION_CALLERS,
        [VIEW_CALLEES] = OPERATION_CALLEES,
    };
    operation_list list = {0};
    const char *name = name_of(t, t->selected);
    profile *made = NULL;
    fault f = {0};
    thag_err err;

    if (kind == VIEW_DOWN || kind == t->kind || (kind != VIEW_UP && t->selected == PROFILE_ROOT)) {
        t->about[0] = 0;
        set_view(t, VIEW_DOWN, NULL);
        return;
    }
    snprintf(t->about, sizeof t->about, "%s", kind == VIEW_UP ? "" : name);
    err = kind == VIEW_UP ? operation_add(&list, operations[kind], NULL, &f)
                          : operation_add_names(&list, operations[kind], &name, 1, &f);
    if (!err) err = operation_result(&list, &made, t->in->profile, &f);
    operation_list_release(&list);
    if (err)
        snprintf(t->note, sizeof t->note, "%s", f.what);
    else
        set_view(t, kind, made);
}

/* ---- search ---- */

static void next_hit(tui *t, int step)
{
    const grid_item *at = flame_grid_find(&t->grid, t->selected);
    size_t i = at ? (size_t)(at - t->grid.items) : 0;

    for (size_t tried = 0; t->hits && tried < t->grid.count; tried++) {
        uint32_t node;

        i = (i + t->grid.count + (size_t)step) % t->grid.count;
        node = t->grid.items[i].node;
        if (node == PROFILE_ROOT || !t->hits[t->p->frame[node]]) continue;
        t->selected = node;
        return;
    }
    snprintf(t->note, sizeof t->note, t->hits ? "no match in sight" : "nothing is searched");
}

/* Time in functions that match, recursion once, for the note. */
static void tell_share(tui *t)
{
    unsigned char *within = calloc(t->p->node_count, 1);
    int64_t sum = 0;
    char share[QUANTITY_ROOM];

    for (uint32_t n = 1; within && n < t->p->node_count; n++) {
        int is_hit = t->hits[t->p->frame[n]];

        if (is_hit && !within[t->p->parent[n]]) sum += t->grid.inclusive[n];
        within[n] = is_hit || within[t->p->parent[n]];
    }
    free(within);
    quantity_percent(share, sum, t->grid.inclusive[PROFILE_ROOT]);
    snprintf(t->note, sizeof t->note, "/%.100s: %s; n and N walk, / and enter clear", t->query,
             share);
}

static void ask_query(tui *t)
{
    echo();
    curs_set(1);
    mvhline(LINES - 1, 0, ' ', COLS);
    mvaddch(LINES - 1, 0, '/');
    if (getnstr(t->query, sizeof t->query - 1) == ERR) t->query[0] = 0;
    noecho();
    curs_set(0);
}

static void search(tui *t)
{
    pattern *wanted;
    fault f = {0};

    ask_query(t);
    drop_search(t);
    if (!*t->query) return;
    if (pattern_new(&wanted, t->query, &f) == THAG_OK) {
        profile_mark(&t->hits, t->p, &wanted, 1, &f);
        pattern_free(wanted);
    }
    if (!t->hits) {
        snprintf(t->note, sizeof t->note, "bad pattern: %.150s", f.what);
        return;
    }
    next_hit(t, 1);
    tell_share(t);
}

/* ---- keys ---- */

static void walk(tui *t, int key)
{
    const grid_item *at = flame_grid_find(&t->grid, t->selected), *to = NULL;
    const grid_item *first = t->grid.items, *end = first + t->grid.count;

    if (!at) return;
    switch (key) {
    case KEY_UP:
    case 'k': to = at->node ? flame_grid_find(&t->grid, t->p->parent[at->node]) : NULL; break;
    case KEY_DOWN:
    case 'j': to = flame_grid_below(&t->grid, at); break;
    case KEY_LEFT:
    case 'h': to = at > first && at[-1].row == at->row ? at - 1 : NULL; break;
    default: to = at + 1 < end && at[1].row == at->row ? at + 1 : NULL; break;
    }
    if (to) t->selected = to->node;
}

static void zoom_out(tui *t)
{
    if (t->zoomed != PROFILE_ROOT)
        t->zoomed = t->p->parent[t->zoomed];
    else if (t->kind != VIEW_DOWN)
        change_view(t, VIEW_DOWN);
}

/* 0: enough. */
static int on_key(tui *t, int key)
{
    switch (key) {
    case 'q':
    case 3: return 0;
    case '\n':
    case '\r':
    case KEY_ENTER: t->zoomed = t->selected; break;
    case 27:
    case KEY_BACKSPACE:
    case 127: zoom_out(t); break;
    case '/': search(t); break;
    case 'n': next_hit(t, 1); break;
    case 'N': next_hit(t, -1); break;
    case 'i': change_view(t, VIEW_UP); break;
    case 's': change_view(t, VIEW_CALLERS); break;
    case 'c': change_view(t, VIEW_CALLEES); break;
    case 'r': t->zoomed = t->selected = PROFILE_ROOT; break;
    case KEY_RESIZE: break;
    default: walk(t, key);
    }
    return 1;
}

/* ---- the whole ---- */

static void set_colours(tui *t)
{
    /* Of the 256: soft ones that black is legible on. Of 8: what there is. */
    static const short hues[HUES] = {116, 152, 151, 158, 117, 159};
    static const short few[HUES] = {COLOR_CYAN, COLOR_GREEN, COLOR_YELLOW,
                                    COLOR_CYAN, COLOR_GREEN, COLOR_WHITE};
    const char *none = getenv("NO_COLOR");
    int many;

    t->has_colours = has_colors() && !(none && *none);
    if (!t->has_colours) return;
    start_color();
    many = COLORS >= 256;
    for (short i = 0; i < HUES; i++) {
        init_pair((short)(PAIR_HUE + i), COLOR_BLACK, many ? hues[i] : few[i]);
    }
    init_pair(PAIR_HIT, many ? 231 : COLOR_WHITE, many ? 126 : COLOR_MAGENTA);
    init_pair(PAIR_GREW, COLOR_BLACK, many ? 215 : COLOR_YELLOW);
    init_pair(PAIR_SHRANK, COLOR_BLACK, many ? 111 : COLOR_CYAN);
    init_pair(PAIR_SAME, COLOR_BLACK, many ? 252 : COLOR_WHITE);
}

int tui_run(const tui_input *in)
{
    tui t = {.in = in};
    SCREEN *screen;
    int key;

    setlocale(LC_CTYPE, "");
    screen = newterm(NULL, stdout, stdin);
    if (!screen) return complain(EXIT_SYSTEM, NULL, "this terminal (TERM) is not known");
    raw();
    noecho();
    keypad(stdscr, TRUE);
    set_escdelay(40);
    curs_set(0);
    set_colours(&t);
    if (set_view(&t, VIEW_DOWN, NULL)) {
        do {
            if (!draw(&t)) break;
            key = getch();
        } while (key != ERR && on_key(&t, key));
    }
    endwin();
    delscreen(screen);
    drop_search(&t);
    if (t.grid.p) flame_grid_release(&t.grid);
    profile_free(t.made);
    return EXIT_FINE;
}

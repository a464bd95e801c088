#include "thag-analyze/menu/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "output/utf8.h"

/* An escape sequence comes in one go; a key pressed alone is followed by nothing. */
#define ESC_WAIT_MS 40

static struct termios usual;
static volatile sig_atomic_t is_raw, was_resized;

static const int fatal[] = {SIGTERM, SIGHUP, SIGQUIT, SIGINT};
#define FATAL_COUNT (sizeof fatal / sizeof *fatal)
static struct sigaction before[FATAL_COUNT], before_resize;

int terminal_is_able(void)
{
    const char *term = getenv("TERM");

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return 0;
    return term && *term && strcmp(term, "dumb") != 0;
}

int terminal_has_colours(void)
{
    const char *none = getenv("NO_COLOR");

    return !none || !*none;
}

/* ---- raw mode ---- */

static void on_fatal(int number)
{
    if (is_raw) tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
    signal(number, SIG_DFL);
    raise(number);
}

static void on_resize(int number)
{
    (void)number;
    was_resized = 1;
}

int terminal_begin(void)
{
    struct sigaction on_end = {.sa_handler = on_fatal}, on_size = {.sa_handler = on_resize};
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &usual)) return 0;
    for (size_t i = 0; i < FATAL_COUNT; i++) sigaction(fatal[i], &on_end, &before[i]);
    sigaction(SIGWINCH, &on_size, &before_resize);
    raw = usual;
    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    is_raw = 1;
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void terminal_end(void)
{
    if (!is_raw) return;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &usual);
    is_raw = 0;
    for (size_t i = 0; i < FATAL_COUNT; i++) sigaction(fatal[i], &before[i], NULL);
    sigaction(SIGWINCH, &before_resize, NULL);
}

void terminal_size(size_t *columns, size_t *rows)
{
    struct winsize size;

    *columns = 80;
    *rows = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size)) return;
    if (size.ws_col > 0) *columns = size.ws_col;
    if (size.ws_row > 0) *rows = size.ws_row;
}

/* ---- keys ---- */

enum { BYTE_NONE = -1, BYTE_CLOSED = -2, BYTE_RESIZED = -3 };

/* The next byte; wait_ms -1: however long it takes. */
static int next_byte(int wait_ms)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    unsigned char byte;
    ssize_t n;

    for (;;) {
        int ready;

        if (was_resized) {
            was_resized = 0;
            return BYTE_RESIZED;
        }
        ready = poll(&in, 1, wait_ms);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) return BYTE_NONE;
        n = ready < 0 ? -1 : read(STDIN_FILENO, &byte, 1);
        if (n == 1) return byte;
        if (n < 0 && errno == EINTR) continue;
        return BYTE_CLOSED;
    }
}

/* What follows ESC [ or ESC O: parameters, then a letter or ~. */
static uint32_t sequence_key(void)
{
    int byte, number = 0;

    for (byte = next_byte(ESC_WAIT_MS); (byte >= '0' && byte <= '9') || byte == ';';
         byte = next_byte(ESC_WAIT_MS)) {
        if (byte != ';' && number < 100) number = number * 10 + byte - '0';
    }
    switch (byte) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return KEY_RIGHT;
    case 'D': return KEY_LEFT;
    case 'H': return KEY_HOME;
    case 'F': return KEY_END;
    case '~': break;
    default: return KEY_OTHER;
    }
    switch (number) {
    case 1:
    case 7: return KEY_HOME;
    case 4:
    case 8: return KEY_END;
    case 5: return KEY_PAGE_UP;
    case 6: return KEY_PAGE_DOWN;
    default: return KEY_OTHER;
    }
}

static uint32_t escape_key(void)
{
    int byte = next_byte(ESC_WAIT_MS);

    if (byte == BYTE_NONE) return KEY_ESC;
    if (byte == '[' || byte == 'O') return sequence_key();
    return byte == BYTE_CLOSED ? KEY_ESC : KEY_OTHER;
}

static uint32_t character_key(int first)
{
    char text[4] = {(char)first};
    size_t len = 1, used, want = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;

    while (len < want) {
        int byte = next_byte(ESC_WAIT_MS);

        if (byte < 0) break;
        text[len++] = (char)byte;
    }
    return utf8_next(text, len, &used);
}

uint32_t terminal_key(void)
{
    int byte = next_byte(-1);

    switch (byte) {
    case BYTE_CLOSED: return KEY_CLOSED;
    case BYTE_RESIZED: return KEY_RESIZED;
    case 3: return KEY_STOP;
    case 4: return KEY_CLOSED; /* Ctrl-D */
    case '\r':
    case '\n': return KEY_ENTER;
    case 27: return escape_key();
    case 8:
    case 127: return KEY_BACKSPACE;
    case 14: return KEY_DOWN; /* Ctrl-N */
    case 16: return KEY_UP;   /* Ctrl-P */
    case 21: return KEY_CLEAR_LINE;
    default: return byte < 32 ? KEY_OTHER : character_key(byte);
    }
}

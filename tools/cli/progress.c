#include "cli/progress.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/message.h"

#define NUMBER_ROOM 8

/* What the handler shows. Set while the timer is off. */
static struct {
    char line[600];
    size_t len;           /* 0: nothing is going on */
    uint64_t size_bytes;  /* of what is read; 0: unknown */
    uint64_t begin_bytes; /* read before it began */
    int rewrites;         /* the terminal can go back to the start of a line */
} progress;
static volatile sig_atomic_t is_shown;

/* Bytes that the process has read, by any call, 0 if unknown. Only what a signal handler may do. */
static uint64_t bytes_read(void)
{
    char text[64];
    uint64_t sum = 0;
    int fd = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0) close(fd);
    if (len < 7 || memcmp(text, "rchar: ", 7) != 0) return 0;
    for (ssize_t i = 7; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        sum = sum * 10 + (uint64_t)(text[i] - '0');
    }
    return sum;
}

/* " 45%" */
static size_t percent_text(char text[NUMBER_ROOM])
{
    uint64_t done = bytes_read() - progress.begin_bytes, percent;

    if (!progress.size_bytes || !progress.begin_bytes) return 0;
    /* A file may be read in parts, twice: nothing is done before its end. */
    percent = done < progress.size_bytes ? done * 100 / progress.size_bytes : 99;
    text[0] = ' ';
    text[1] = percent > 9 ? (char)('0' + percent / 10) : ' ';
    text[2] = (char)('0' + percent % 10);
    text[3] = '%';
    return 4;
}

static void on_alarm(int signal_number)
{
    char text[sizeof progress.line + NUMBER_ROOM + 2];
    size_t len = 0;

    (void)signal_number;
    if (!progress.len || (is_shown && !progress.rewrites)) return;
    if (progress.rewrites) text[len++] = '\r';
    memcpy(text + len, progress.line, progress.len);
    len += progress.len;
    len += percent_text(text + len);
    if (!progress.rewrites) text[len++] = '\n';
    is_shown = 1;
    /* Only for people to see: whether it could be written does not matter. */
    if (write(STDERR_FILENO, text, len) < 0) return;
}

static int can_rewrite(void)
{
    const char *term = getenv("TERM");

    return term && *term && strcmp(term, "dumb") != 0;
}

void progress_begin(const char *doing, const char *path)
{
    struct itimerval timer = {.it_value = {.tv_sec = 1}, .it_interval = {.tv_usec = 500000}};
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    const char *slash = strrchr(path, '/');
    struct stat st;
    int len;

    progress_end();
    if (!isatty(STDERR_FILENO)) return;
    len = snprintf(progress.line, sizeof progress.line, "%s: %s %.300s ...", message_program_name(),
                   doing, slash ? slash + 1 : path);
    for (int i = 0; i < len; i++) {
        if ((unsigned char)progress.line[i] < 0x20 || progress.line[i] == 0x7F) {
            progress.line[i] = '?';
        }
    }
    progress.size_bytes = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    progress.begin_bytes = bytes_read();
    progress.rewrites = can_rewrite();
    progress.len = (size_t)len;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

void progress_end(void)
{
    struct itimerval never = {0};

    if (!progress.len) return;
    setitimer(ITIMER_REAL, &never, NULL);
    if (is_shown && progress.rewrites) {
        fprintf(stderr, "\r%*s\r", (int)progress.len + NUMBER_ROOM, "");
    }
    is_shown = 0;
    progress.len = 0;
}

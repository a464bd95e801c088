/*
 * log.c - the debug log, and the rare line on stderr. One write a line, no stdio streams.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/runtime.h"

static int log_fd = -1;
static uint64_t log_dev, log_ino;

static void put_line(int fd, const char *prefix, const char *format, va_list args)
{
    char line[1024];
    int n = snprintf(line, sizeof line, "%s", prefix);
    int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    size_t len = (size_t)n + (m < 0 ? 0 : (size_t)m);
    if (len > sizeof line - 2) len = sizeof line - 2;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) line[i] = '?';
    line[len] = '\n';
    thagi_plat_file_append(fd, line, len + 1);
}

void thagi_log(const char *format, ...)
{
    int saved_errno = errno;
    /* The host may have closed the descriptor and opened something else under its number. */
    uint64_t dev, ino;
    if (log_fd < 0 || thagi_plat_file_identity(log_fd, &dev, &ino) != 0 || dev != log_dev ||
        ino != log_ino) {
        errno = saved_errno;
        return;
    }
    va_list args;
    va_start(args, format);
    put_line(log_fd, "", format, args);
    va_end(args);
    errno = saved_errno;
}

void thagi_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_line(2, "thag_profiler: ", format, args);
    va_end(args);
}

void thagi_log_open(int level, const char *program, const char *stamp, uint32_t pid)
{
    if (level == 0) return;
    char dir[THAGI_PATH_MAX / 2], path[THAGI_PATH_MAX];
    const char *tmp = thagi_plat_getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/thag_profiler", tmp && *tmp == '/' ? tmp : "/tmp");
    if (thagi_plat_dir_make(dir) != 0) return;
    snprintf(path, sizeof path, "%s/%s-%s-debug.log", dir, program, stamp);
    int fd = thagi_plat_file_create(path);
    if (fd < 0) {
        snprintf(path, sizeof path, "%s/%s-%s-%u-debug.log", dir, program, stamp, pid);
        fd = thagi_plat_file_append_open(path);
    }
    if (fd < 0) {
        thagi_complain("%s: cannot write the debug log", path);
        return;
    }
    log_fd = fd;
    thagi_plat_file_identity(fd, &log_dev, &log_ino);
    if (level == 2) thagi_complain("debug log: %s", path);
}

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/progress.h"
#include "cli/result_file.h"

#define CLOBBER "exists (use --force to overwrite it)"

static int cannot_write(const char *path)
{
    return complain(EXIT_SYSTEM, path, "cannot write (%s)", strerror(errno));
}

/* Devices and pipes are written as they are; a file is made under another name first. */
static int open_file(result_file *out, const char *path)
{
    struct stat st;
    int exists = stat(path, &st) == 0, fd;

    out->path = path;
    if (exists && !S_ISREG(st.st_mode)) {
        out->to = fopen(path, "we");
        return out->to ? EXIT_FINE : cannot_write(path);
    }
    if (exists && !out->force) return complain(EXIT_SYSTEM, path, CLOBBER);
    if (snprintf(out->temporary, sizeof out->temporary, "%s.%ld.part", path, (long)getpid()) >=
        (int)sizeof out->temporary) {
        errno = ENAMETOOLONG;
        return cannot_write(path);
    }
    fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) out->to = fdopen(fd, "w");
    if (out->to) return EXIT_FINE;
    if (fd >= 0) close(fd);
    out->temporary[0] = 0;
    return cannot_write(path);
}

int result_open(result_file *out, const char *path, int force)
{
    memset(out, 0, sizeof *out);
    out->force = force;
    if (path && strcmp(path, "-") != 0) return open_file(out, path);
    if (isatty(STDOUT_FILENO)) progress_end(); /* it would stand among the result */
    out->to = stdout;
    return EXIT_FINE;
}

/* Give the file its name, which meanwhile another may have taken. */
static int name_file(const result_file *out)
{
    if (out->force) return rename(out->temporary, out->path);
    if (link(out->temporary, out->path) == 0) return unlink(out->temporary);
    if (errno == EEXIST) return -1;
    return rename(out->temporary, out->path); /* a file system without links */
}

int result_close(result_file *out, int status)
{
    int failed;

    progress_end();
    if (!out->to) return status;
    failed = fflush(out->to) != 0 || ferror(out->to);
    if (out->to != stdout && fclose(out->to)) failed = 1;
    if (failed && status == EXIT_FINE) {
        status = cannot_write(out->path ? out->path : "standard output");
    }
    if (out->temporary[0] && status == EXIT_FINE && name_file(out)) {
        status =
            errno == EEXIST ? complain(EXIT_SYSTEM, out->path, CLOBBER) : cannot_write(out->path);
    }
    if (out->temporary[0] && status != EXIT_FINE) unlink(out->temporary);
    memset(out, 0, sizeof *out);
    return status;
}

int columns_of(int fd, size_t *columns)
{
    struct winsize size;

    *columns = 100;
    if (!isatty(fd)) return 0;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) *columns = size.ws_col;
    return 1;
}

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "thag-instrument/instrument.h"

#define FIRST_ROOM ((size_t)1 << 16)

static int cannot(const char *what, const char *path)
{
    return complain(EXIT_SYSTEM, path, "cannot %s (%s)", what, strerror(errno));
}

static int grow(file_text *f, size_t *room)
{
    size_t wanted = *room ? *room * 2 : FIRST_ROOM;
    char *grown;

    if (f->len < *room) return 1;
    if (S_ISREG(f->was.st_mode) && f->len == 0 && f->was.st_size > 0)
        wanted = (size_t)f->was.st_size + 1;
    grown = wanted > *room ? realloc(f->text, wanted) : NULL;
    if (!grown) return 0;
    f->text = grown;
    *room = wanted;
    return 1;
}

static int read_all(file_text *f, int fd, const char *path)
{
    size_t room = 0;

    for (;;) {
        ssize_t got;

        if (!grow(f, &room)) return complain(EXIT_SYSTEM, path, "out of memory");
        got = read(fd, f->text + f->len, room - f->len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannot("read", path ? path : "standard input");
        if (got == 0) return EXIT_FINE;
        f->len += (size_t)got;
    }
}

int file_read(file_text *f, const char *path)
{
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO, status;

    memset(f, 0, sizeof *f);
    if (fd < 0 || fstat(fd, &f->was) != 0) {
        status = cannot("open", path ? path : "standard input");
    } else if (S_ISDIR(f->was.st_mode)) {
        status = complain(EXIT_SYSTEM, path ? path : "standard input", "is a directory");
    } else {
        status = read_all(f, fd, path);
    }
    if (path && fd >= 0) close(fd);
    if (status != EXIT_FINE) file_release(f);
    return status;
}

void file_release(file_text *f)
{
    free(f->text);
    memset(f, 0, sizeof *f);
}

/* ---- replacing ---- */

static int write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, text, len);

        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return 0;
        text += done;
        len -= (size_t)done;
    }
    return 1;
}

/* Make a file with the permissions, and if we may the owner, of another. 0 and errno if not. */
static int write_new(const char *path, const struct stat *like, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), is_fine;

    if (fd < 0) return 0;
    is_fine = write_all(fd, text, len);
    if (fchown(fd, like->st_uid, like->st_gid) != 0) errno = 0; /* only root may give away */
    is_fine = is_fine && fchmod(fd, like->st_mode & 07777) == 0;
    is_fine = close(fd) == 0 && is_fine;
    if (!is_fine) {
        int why = errno;
        unlink(path);
        errno = why;
    }
    return is_fine;
}

static int is_unchanged(const char *path, const struct stat *was)
{
    struct stat now;

    return stat(path, &now) == 0 && now.st_ino == was->st_ino && now.st_dev == was->st_dev &&
           now.st_size == was->st_size && now.st_mtim.tv_sec == was->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

/* The older backup is the one from before the first change. */
static int make_backup(const char *path, const file_text *f, const char *suffix)
{
    char *backup;
    int status = EXIT_FINE;

    if (asprintf(&backup, "%s%s", path, suffix) < 0)
        return complain(EXIT_SYSTEM, path, "out of memory");
    if (!write_new(backup, &f->was, f->text, f->len) && errno != EEXIST)
        status = cannot("write", backup);
    free(backup);
    return status;
}

/* The file itself, so that a link to it stays one. */
static int replace_real(const char *path, const file_text *f, const char *text, size_t len)
{
    const char *slash = strrchr(path, '/');
    int folder_len = slash ? (int)(slash - path) + 1 : 0, status = EXIT_FINE;
    char *temporary;

    if (asprintf(&temporary, "%.*s.%s.%ld.part", folder_len, path, path + folder_len,
                 (long)getpid()) < 0) {
        return complain(EXIT_SYSTEM, path, "out of memory");
    }
    if (!write_new(temporary, &f->was, text, len)) {
        status = cannot("write", path);
    } else if (!is_unchanged(path, &f->was)) {
        status = complain(EXIT_SYSTEM, path, "changed while it was read; left as it is");
        unlink(temporary);
    } else if (rename(temporary, path) != 0) {
        status = cannot("write", path);
        unlink(temporary);
    }
    free(temporary);
    return status;
}

int file_replace(const char *path, const file_text *f, const char *text, size_t len,
                 const char *backup)
{
    char *real = realpath(path, NULL);
    int status;

    if (!real) return cannot("find", path);
    if (!S_ISREG(f->was.st_mode)) {
        status = complain(EXIT_SYSTEM, path, "is no regular file");
    } else if (!(f->was.st_mode & 0222) || access(real, W_OK) != 0) {
        status = complain(EXIT_SYSTEM, path, "is read-only");
    } else {
        status = backup && *backup ? make_backup(real, f, backup) : EXIT_FINE;
        if (status == EXIT_FINE) status = replace_real(real, f, text, len);
    }
    free(real);
    return status;
}

void file_drop_backup(const char *path, const char *suffix, const char *text, size_t len)
{
    char *real = realpath(path, NULL), *backup = NULL;
    file_text old = {0};

    if (real && asprintf(&backup, "%s%s", real, suffix) >= 0 && access(backup, F_OK) == 0 &&
        file_read(&old, backup) == EXIT_FINE && old.len == len &&
        memcmp(old.text, text, len) == 0) {
        unlink(backup);
    }
    file_release(&old);
    free(backup);
    free(real);
}

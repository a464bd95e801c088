#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile/profile_folded.h"
#include "profile/profile_load.h"
#include "profile/profile_trace.h"

/* Reads until len bytes or the end. -1: errno. */
static ssize_t read_all(int fd, char *buffer, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = read(fd, buffer + done, len - done);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int write_all(int fd, const char *buffer, size_t len)
{
    while (len) {
        ssize_t n = write(fd, buffer, len);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        buffer += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A trace is read here and there, which a pipe cannot: its bytes go to a file without a name. */
static thag_err spool(int *out, int fd, const char *head, size_t head_len, fault *f)
{
    char *buffer = malloc(TRACE_CHUNK_BYTES);
    FILE *file = tmpfile();
    thag_err err = THAG_OK;
    ssize_t n = (ssize_t)head_len;

    *out = -1;
    if (!buffer || !file) {
        err = fault_set(f, buffer ? THAG_ERR_WRITE : THAG_ERR_MEMORY, UINT64_MAX, "temporary file");
        goto done;
    }
    memcpy(buffer, head, head_len);
    while (n > 0) {
        if (write_all(fileno(file), buffer, (size_t)n)) {
            err = fault_set(f, THAG_ERR_WRITE, UINT64_MAX, "temporary file");
            goto done;
        }
        n = read_all(fd, buffer, TRACE_CHUNK_BYTES);
    }
    if (n < 0) {
        err = fault_set(f, THAG_ERR_READ, UINT64_MAX, "reading the trace");
        goto done;
    }
    *out = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
    if (*out < 0) err = fault_set(f, THAG_ERR_OPEN, UINT64_MAX, "temporary file");
done:
    if (file) fclose(file);
    free(buffer);
    return err;
}

static int can_seek(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static thag_err open_trace(trace **out, int fd, const char *head, size_t head_len, fault *f)
{
    trace_source source;
    int own = -1;
    thag_err err = THAG_OK;

    if (can_seek(fd)) {
        own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (own < 0) err = fault_set(f, THAG_ERR_OPEN, UINT64_MAX, "opening for reading");
    } else {
        err = spool(&own, fd, head, head_len, f);
    }
    if (!err) err = trace_source_fd(&source, own, f);
    return err ? err : trace_open_source(out, &source, f);
}

static int open_input(const char *path, fault *f)
{
    int fd;

    if (strcmp(path, "-") == 0) return STDIN_FILENO;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fault_set(f, THAG_ERR_OPEN, UINT64_MAX, "opening for reading");
    return fd;
}

static thag_err load_fd(loaded *l, int fd, const char *path, fault *f)
{
    char head[8];
    ssize_t n = read_all(fd, head, sizeof head);
    thag_err err;

    if (n < 0) return fault_set(f, THAG_ERR_READ, UINT64_MAX, "reading the first bytes");
    if (n < (ssize_t)sizeof head || memcmp(head, TRACE_FILE_MAGIC, sizeof head) != 0) {
        folded_source source = {.path = path, .head = head, .head_len = (size_t)n, .fd = fd};

        return folded_load(&l->profile, &source, NULL, f);
    }
    err = open_trace(&l->trace, fd, head, (size_t)n, f);
    if (err) return err;
    return profile_from_trace_nodes(&l->profile, l->trace, &l->info, &l->node_of, f);
}

thag_err loaded_open(loaded *l, const char *path, fault *f)
{
    thag_err err;
    int fd;

    memset(l, 0, sizeof *l);
    fd = open_input(path, f);
    if (fd < 0) {
        err = THAG_ERR_OPEN;
    } else {
        err = load_fd(l, fd, path, f);
        if (fd != STDIN_FILENO) close(fd);
    }
    if (!err) return THAG_OK;
    fault_set_path(f, path);
    loaded_close(l);
    return err;
}

void loaded_close(loaded *l)
{
    trace_free(l->trace);
    profile_free(l->profile);
    free(l->node_of);
    memset(l, 0, sizeof *l);
}

thag_err profile_load(profile **out, const char *path, fault *f)
{
    loaded l;
    thag_err err = loaded_open(&l, path, f);

    *out = l.profile;
    l.profile = NULL;
    loaded_close(&l);
    return err;
}

#include "trace/trace_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct byte_view {
    const uint8_t *bytes;
    size_t len;
} byte_view;

static int64_t file_read(void *context, uint64_t offset, void *buffer, size_t len)
{
    int fd = *(int *)context;
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, (char *)buffer + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        done += (size_t)n;
    }
    return (int64_t)done;
}

static void file_close(void *context)
{
    close(*(int *)context);
    free(context);
}

static thag_err fail_with_errno(fault *f, thag_err err, const char *what)
{
    int saved = errno;

    fault_set(f, err, UINT64_MAX, what);
    if (f) f->os_errno = saved;
    return err;
}

thag_err trace_source_fd(trace_source *out, int fd, fault *f)
{
    struct stat st;
    int *context = NULL;
    thag_err err = THAG_OK;

    memset(out, 0, sizeof *out);
    if (fstat(fd, &st)) {
        err = fail_with_errno(f, THAG_ERR_READ, "file status");
        goto done;
    }
    if (!S_ISREG(st.st_mode)) {
        err = fault_set(f, THAG_ERR_READ, UINT64_MAX, "a regular file was expected");
        goto done;
    }
    context = malloc(sizeof *context);
    if (!context) {
        err = fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "opening a file");
        goto done;
    }
    *context = fd;
    /* Heads of chunks are read all over the file: reading ahead would read all of it. */
    posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
    *out = (trace_source){.context = context,
                          .size_bytes = (uint64_t)st.st_size,
                          .read = file_read,
                          .close = file_close};
done:
    if (err) close(fd);
    return err;
}

thag_err trace_source_path(trace_source *out, const char *path, fault *f)
{
    /* O_NONBLOCK, or opening a fifo would wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    memset(out, 0, sizeof *out);
    if (fd < 0) return fail_with_errno(f, THAG_ERR_OPEN, "opening for reading");
    return trace_source_fd(out, fd, f);
}

static int64_t bytes_read(void *context, uint64_t offset, void *buffer, size_t len)
{
    const byte_view *view = context;

    if (offset >= view->len) return 0;
    if (len > view->len - offset) len = (size_t)(view->len - offset);
    memcpy(buffer, view->bytes + offset, len);
    return (int64_t)len;
}

thag_err trace_source_bytes(trace_source *out, const void *bytes, size_t len)
{
    byte_view *view = malloc(sizeof *view);

    memset(out, 0, sizeof *out);
    if (!view) return THAG_ERR_MEMORY;
    *view = (byte_view){bytes, len};
    *out = (trace_source){.context = view, .size_bytes = len, .read = bytes_read, .close = free};
    return THAG_OK;
}

void trace_source_close(trace_source *source)
{
    if (source->close) source->close(source->context);
    memset(source, 0, sizeof *source);
}

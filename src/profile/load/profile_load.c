#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile/load/profile_folded.h"
#include "profile/load/profile_load.h"
#include "profile/load/profile_perf.h"
#include "profile/load/profile_pprof.h"
#include "profile/load/profile_saved.h"
#include "profile/load/profile_trace.h"

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

#define SPOOL_BYTES_MAX (UINT64_C(4) << 30) /* endless input must not fill the disk */

/* A trace is read here and there, which a pipe cannot: its bytes go to a file without a name. */
static thag_err spool(int *out, byte_source *src, fault *f)
{
    char *buffer = malloc(TRACE_CHUNK_BYTES);
    FILE *file = tmpfile();
    thag_err err = THAG_OK;
    uint64_t spooled = 0;
    ssize_t n = 0;

    *out = -1;
    if (!buffer || !file) {
        err = fault_set(f, buffer ? THAG_ERR_WRITE : THAG_ERR_MEMORY, UINT64_MAX, "temporary file");
        goto done;
    }
    while ((n = byte_source_fill(src, buffer, TRACE_CHUNK_BYTES, f)) > 0) {
        spooled += (uint64_t)n;
        if (spooled > SPOOL_BYTES_MAX) {
            err = fault_set(
                f, THAG_ERR_TOO_LARGE, UINT64_MAX,
                "expected at most 4 GiB of a trace from gzip or a pipe; give it as a file");
            goto done;
        }
        if (write_all(fileno(file), buffer, (size_t)n)) {
            err = fault_set(f, THAG_ERR_WRITE, UINT64_MAX, "temporary file");
            goto done;
        }
    }
    if (n < 0) {
        err = f->err;
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

static thag_err open_trace(trace **out, byte_source *src, fault *f)
{
    trace_source source;
    int own = -1;
    thag_err err = THAG_OK;

    if (!src->inflate && can_seek(src->fd)) {
        own = fcntl(src->fd, F_DUPFD_CLOEXEC, 0);
        if (own < 0) err = fault_set(f, THAG_ERR_OPEN, UINT64_MAX, "opening for reading");
    } else {
        err = spool(&own, src, f);
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

/* ---- what a file is, its first bytes tell ---- */

#define HEAD_BYTES 4096

static int begins_with(const byte_source *src, const void *magic, size_t len)
{
    return src->head_len >= len && memcmp(src->head, magic, len) == 0;
}

static int has_spans(const trace *t)
{
    uint32_t count;
    const trace_node *nodes = trace_nodes(t, &count);

    for (uint32_t n = 1; n < count; n++)
        if (!trace_node_is_code(&nodes[n])) return 1;
    return 0;
}

static thag_err load_kind(loaded *l, byte_source *src, const code_namer *namer, fault *f)
{
    thag_err err;

    if (begins_with(src, TRACE_FILE_MAGIC, strlen(TRACE_FILE_MAGIC))) {
        err = open_trace(&l->trace, src, f);
        if (err) return err;
        if (namer && profile_code_sites(l->trace, namer))
            return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "names of functions");
        if (namer && namer->calls == CALLS_OUTSIDE && has_spans(l->trace)) namer = NULL;
        err = profile_from_trace_named(&l->profile, l->trace, namer, &l->info, &l->node_of, f);
        if (!err) l->runs = run_facts_of_trace(l->trace, &l->info);
        return err;
    }
    if (begins_with(src, SAVED_MAGIC, strlen(SAVED_MAGIC))) {
        l->is_saved = 1;
        return saved_load(&l->profile, &l->runs, src, f);
    }
    l->runs.file_count = 1;
    if (pprof_looks_like(src->head, src->head_len)) return pprof_load(&l->profile, src, f);
    if (perf_looks_like(src->head, src->head_len)) return perf_load(&l->profile, src, f);
    return folded_load(&l->profile, src, NULL, f);
}

/* Read what tells the kind, and put it back in front. */
static thag_err take_head(byte_source *src, char head[HEAD_BYTES], fault *f)
{
    ssize_t n = byte_source_fill(src, head, HEAD_BYTES, f);

    if (n < 0) return f->err;
    src->head = head;
    src->head_len = (size_t)n;
    return THAG_OK;
}

static thag_err load_fd(loaded *l, int fd, const char *path, const code_namer *namer, fault *f)
{
    char head[HEAD_BYTES], inner[HEAD_BYTES];
    byte_source src = {.path = path, .fd = fd}, plain;
    thag_err err = take_head(&src, head, f);

    if (err || !begins_with(&src, "\x1f\x8b", 2)) return err ? err : load_kind(l, &src, namer, f);
    err = byte_source_inflate(&plain, &src, f);
    if (!err) err = take_head(&plain, inner, f);
    if (!err) err = load_kind(l, &plain, namer, f);
    byte_source_release(&plain);
    return err;
}

thag_err loaded_open_named(loaded *l, const char *path, const code_namer *namer, fault *f)
{
    fault own = {0};
    thag_err err;
    int fd;

    if (!f) f = &own;
    memset(l, 0, sizeof *l);
    fd = open_input(path, f);
    if (fd < 0) {
        err = THAG_ERR_OPEN;
    } else {
        err = load_fd(l, fd, path, namer, f);
        if (fd != STDIN_FILENO) close(fd);
    }
    if (!err) return THAG_OK;
    fault_set_path(f, path);
    loaded_close(l);
    return err;
}

thag_err loaded_open(loaded *l, const char *path, fault *f)
{
    return loaded_open_named(l, path, NULL, f);
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

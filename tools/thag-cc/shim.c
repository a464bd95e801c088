/*
 * shim.c - preloaded into a compiler: where it opens a source, it reads instrumented text.
 *
 * libthag_cc.so stands in front of open() and its kin. For a C or C++ file of the user's it hands out a
 * file in memory with the text as source_instrument() makes it; everything else is passed on. The
 * memory file has the time of the original, and stat() of its descriptor tells the original's identity,
 * by which compilers know that they have read a file before.
 *
 * It runs in compilers, and in what they start; it may allocate, and whatever fails ends in the
 * original file. Settings come from thag-cc by the environment.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/source.h"

#define SHIM_API     __attribute__((__visibility__("default")))
#define SOURCE_BYTES ((off_t)512 << 20) /* what is larger is no source */

/* ---- which files ---- */

/* Is path below one of the folders of a list with : between? */
static int is_below(const char *path, const char *list)
{
    while (list && *list) {
        const char *colon = strchrnul(list, ':');
        size_t len = (size_t)(colon - list);

        while (len && list[len - 1] == '/') len--;
        if (len && strncmp(path, list, len) == 0 && path[len] == '/') return 1;
        list = *colon ? colon + 1 : NULL;
    }
    return 0;
}

/* Is it one of a list with : between? */
static int is_listed(const char *path, const char *list)
{
    size_t len = strlen(path);

    while (list && *list) {
        const char *colon = strchrnul(list, ':');

        if ((size_t)(colon - list) == len && memcmp(list, path, len) == 0) return 1;
        list = *colon ? colon + 1 : NULL;
    }
    return 0;
}

static int matches_one(const char *path, const char *patterns)
{
    char pattern[1024];

    while (patterns && *patterns) {
        const char *colon = strchrnul(patterns, ':');

        snprintf(pattern, sizeof pattern, "%.*s", (int)(colon - patterns), patterns);
        if (fnmatch(pattern, path, 0) == 0) return 1;
        patterns = *colon ? colon + 1 : NULL;
    }
    return 0;
}

/* By the name alone: no other file is read for it. */
static int may_be_source(const char *path)
{
    static const char *const endings[] = {"c",   "h",   "cc",  "cp",  "cxx", "cpp",
                                          "CPP", "c++", "C",   "hh",  "hpp", "hxx",
                                          "h++", "H",   "inl", "ipp", "tcc", NULL};
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');

    if (!dot || strcmp(base, "thag_profiler.h") == 0 || strcmp(base, "thag-cc.h") == 0) return 0;
    for (size_t i = 0; endings[i]; i++) {
        if (strcmp(dot + 1, endings[i]) == 0) return 1;
    }
    return 0;
}

/* A compiler's own headers, and those that it was told are not the user's. */
static int is_system(const char *path)
{
    static const char folders[] = "/usr/include:/usr/lib:/usr/lib32:/usr/lib64:/usr/libexec:"
                                  "/usr/local/include:/usr/local/lib:/usr/share";

    return is_below(path, folders) || is_below(path, getenv("THAG_CC_SYSTEM")) ||
           strstr(path, "/lib/gcc/") != NULL || strstr(path, "/lib/clang/") != NULL;
}

static int is_wanted(const char *path, int flags)
{
    return path && (flags & (O_ACCMODE | O_DIRECTORY | O_PATH)) == O_RDONLY &&
           getenv("THAG_CC_STANDARD") &&
           (may_be_source(path) || is_listed(path, getenv("THAG_CC_SOURCES"))) &&
           !is_system(path) && !matches_one(path, getenv("THAG_CC_SKIP"));
}

/* ---- the identities of the originals ---- */

typedef struct stand_in {
    dev_t dev; /* of the memory file */
    ino_t ino;
    dev_t real_dev; /* of the original */
    ino_t real_ino;
} stand_in;

static struct {
    pthread_mutex_t lock;
    stand_in *items;
    size_t count, room;
} stand_ins = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void remember(int fd, const struct stat *original)
{
    struct stat st;

    if (fstat(fd, &st) != 0) return;
    pthread_mutex_lock(&stand_ins.lock);
    if (stand_ins.count == stand_ins.room) {
        size_t room = stand_ins.room ? 2 * stand_ins.room : 64;
        stand_in *items = realloc(stand_ins.items, room * sizeof *items);

        if (items) {
            stand_ins.items = items;
            stand_ins.room = room;
        }
    }
    if (stand_ins.count < stand_ins.room) {
        stand_ins.items[stand_ins.count++] =
            (stand_in){st.st_dev, st.st_ino, original->st_dev, original->st_ino};
    }
    pthread_mutex_unlock(&stand_ins.lock);
}

static void restore_identity(struct stat *st)
{
    pthread_mutex_lock(&stand_ins.lock);
    for (size_t i = stand_ins.count; i-- > 0;) {
        const stand_in *s = &stand_ins.items[i];

        if (s->ino != st->st_ino || s->dev != st->st_dev) continue;
        st->st_dev = s->real_dev;
        st->st_ino = s->real_ino;
        break;
    }
    pthread_mutex_unlock(&stand_ins.lock);
}

/* ---- the text ---- */

/* cc1plus reads C++ whatever the name; of other compilers thag-cc knows what they were told. */
static source_language language_for(const char *path, const char *text, size_t len)
{
    const char *told = getenv("THAG_CC_LANGUAGE");
    const char *program = program_invocation_short_name;
    source_language language = SOURCE_C;

    if (strcmp(program, "cc1plus") == 0 || strcmp(program, "cc1objplus") == 0) return SOURCE_CXX;
    if (strcmp(program, "cc1") == 0) return SOURCE_C;
    if (told && *told) return strcmp(told, "c++") == 0 ? SOURCE_CXX : SOURCE_C;
    source_language_of(&language, path, text, len);
    return language;
}

/* Functions of fewer lines than the user wants are left alone. */
static source_reason select_by_length(void *least, const source_function *f)
{
    uint32_t lines = f->end_line - f->line + 1;

    return lines < *(const uint32_t *)least && f->kind != SOURCE_MAIN ? SOURCE_REASON_SHORT
                                                                      : SOURCE_REASON_NONE;
}

static void say_in_log(const char *path, size_t changes, size_t left_alone)
{
    const char *log = getenv("THAG_CC_LOG");
    char line[4500];
    int len, fd;

    if (!log || !*log) return;
    len = snprintf(line, sizeof line, "%zu\t%zu\t%s\n", changes, left_alone, path);
    if (len >= (int)sizeof line) return;
    fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) return;
    if (write(fd, line, (size_t)len) != len) errno = 0; /* a log is no reason to fail */
    close(fd);
}

/* A memory file with the text; -1: the original will do. */
static int text_file(const char *path, const source_buffer *text, const struct stat *original)
{
    const struct timespec times[2] = {original->st_atim, original->st_mtim};
    const char *slash = strrchr(path, '/');
    int fd = memfd_create(slash ? slash + 1 : path, MFD_CLOEXEC);

    if (fd < 0) return -1;
    for (size_t done = 0; done < text->len;) {
        ssize_t n = write(fd, text->text + done, text->len - done);

        if (n <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    lseek(fd, 0, SEEK_SET);
    futimens(fd, times);
    remember(fd, original);
    return fd;
}

/* A descriptor of the instrumented text of an open file; or of the file itself. */
static int instrumented(int fd, const char *path)
{
    const char *standard = getenv("THAG_CC_STANDARD"), *lines = getenv("THAG_CC_MIN_LINES");
    uint32_t least = lines ? (uint32_t)strtoul(lines, NULL, 10) : 0;
    source_opts opts = {
        .mode = "runtime", .header = "", .select = select_by_length, .context = &least};
    source_buffer text = {0};
    size_t left_alone = 0;
    struct stat st;
    void *bytes;
    int stand_in_fd = -1;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !st.st_size || st.st_size > SOURCE_BYTES)
        return fd;
    bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) return fd;
    if (standard && *standard) source_opts_standard(&opts, standard);
    opts.language = language_for(path, bytes, (size_t)st.st_size);
    if (source_instrument(&text, bytes, (size_t)st.st_size, &opts, &left_alone) == THAG_OK) {
        say_in_log(path, text.changes, left_alone);
        if (text.changes) stand_in_fd = text_file(path, &text, &st);
    }
    source_buffer_release(&text);
    munmap(bytes, (size_t)st.st_size);
    if (stand_in_fd < 0) return fd;
    close(fd);
    return stand_in_fd;
}

static int opened(int fd, const char *path, int flags)
{
    int saved_errno = errno;

    if (fd >= 0 && is_wanted(path, flags)) fd = instrumented(fd, path);
    if (fd >= 0) errno = saved_errno;
    return fd;
}

/* ---- in front of libc ---- */

#define REAL(name) (__extension__(__typeof__(&name)) dlsym(RTLD_NEXT, #name))

static mode_t mode_in(int flags, va_list args)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define SHIM_OPEN(name) \
    SHIM_API int name(const char *path, int flags, ...) \
    { \
        va_list args; \
        mode_t mode; \
        va_start(args, flags); \
        mode = mode_in(flags, args); \
        va_end(args); \
        return opened(REAL(name)(path, flags, mode), path, flags); \
    }
#define SHIM_OPENAT(name) \
    SHIM_API int name(int dir, const char *path, int flags, ...) \
    { \
        va_list args; \
        mode_t mode; \
        va_start(args, flags); \
        mode = mode_in(flags, args); \
        va_end(args); \
        return opened(REAL(name)(dir, path, flags, mode), path, flags); \
    }
/* On 64-bit systems the two structs are one. */
#define SHIM_FSTAT(name, type) \
    SHIM_API int name(int fd, struct type *st) \
    { \
        int result = REAL(name)(fd, st); \
        if (result == 0 && stand_ins.count) restore_identity((struct stat *)st); \
        return result; \
    }

SHIM_OPEN(open)
SHIM_OPEN(open64)
SHIM_OPENAT(openat)
SHIM_OPENAT(openat64)
SHIM_FSTAT(fstat, stat)
SHIM_FSTAT(fstat64, stat64)

/*
 * linux.c - platform.h for Linux with glibc or musl. Raw system calls wherever libc's wrapper is a
 * cancellation point or may allocate.
 */
#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
/* As in linux/futex.h, which does not come with every libc. */
#define WAIT_PRIVATE 128
#define WAKE_PRIVATE 129

static int failed(void)
{
    return errno ? -errno : -EIO;
}

/* --- time ------------------------------------------------------------------------------------ */

/* Reads a small file of /sys or /proc. Returns its length, without the NUL that it adds. */
static size_t read_small_file(const char *path, char *buf, size_t size)
{
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    buf[0] = 0;
    if (fd < 0) return 0;
    long n = syscall(SYS_read, fd, buf, size - 1);
    syscall(SYS_close, fd);
    if (n < 0) n = 0;
    buf[n] = 0;
    return (size_t)n;
}

int thagi_plat_counter_is_steady(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;
    if (!__get_cpuid(0x80000007, &a, &b, &c, &d) || !(d & (1u << 8))) return 0;
    /* The kernel watches the counter against other clocks, and leaves it when it is not steady. */
    char source[32];
    read_small_file("/sys/devices/system/clocksource/clocksource0/current_clocksource", source,
                    sizeof source);
    return strncmp(source, "tsc", 3) == 0;
#else
    return PLAT_HAS_COUNTER;
#endif
}

static uint64_t clock_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t thagi_plat_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t thagi_plat_real_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

/* Offset from UTC that the last transition before `when` in /etc/localtime (or $TZ's file) gives.
   localtime_r() would do, but it allocates, and the host's heap is not ours. See tzfile(5). */
static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const unsigned char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static int32_t tzfile_offset(const unsigned char *buf, size_t len, int64_t when)
{
    if (len < 44 || memcmp(buf, "TZif", 4) != 0 || buf[4] < '2') return 0;
    /* Skip the 32-bit part; the counts of the 64-bit one follow it. */
    size_t first = 44 + (size_t)be32(buf + 32) * 5 + (size_t)be32(buf + 36) * 6 + be32(buf + 40) +
                   (size_t)be32(buf + 28) * 8 + be32(buf + 24) + be32(buf + 20);
    if (first + 44 > len) return 0;
    const unsigned char *head = buf + first;
    size_t times = be32(head + 32), types = be32(head + 36);
    const unsigned char *at = head + 44, *idx = at + times * 8, *type = idx + times;
    if (times > len || types > len || type + types * 6 > buf + len || types == 0) return 0;
    size_t use = 0;
    for (size_t i = 0; i < times; i++)
        if (be64(at + i * 8) <= when) use = idx[i];
    if (use >= types) return 0;
    return (int32_t)be32(type + use * 6);
}

/* days from 1970-01-01 to a civil date: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
static void civil_from_days(int64_t days, thagi_plat_date *out)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    out->year = (int)(yoe + era * 400 + (out->month <= 2));
}

void thagi_plat_local_date(uint64_t real_ns, thagi_plat_date *out)
{
    char buf[4096];
    char path[256] = "/etc/localtime";
    const char *tz = thagi_plat_getenv("TZ");
    if (tz && *tz == ':') tz++;
    if (tz && *tz == '/')
        snprintf(path, sizeof path, "%s", tz);
    else if (tz && *tz && !strstr(tz, ".."))
        snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", tz);
    else if (tz)
        path[0] = 0; /* TZ="" is UTC */
    size_t len = path[0] ? read_small_file(path, buf, sizeof buf) : 0;
    int64_t seconds = (int64_t)(real_ns / 1000000000u);
    seconds += tzfile_offset((const unsigned char *)buf, len, seconds);
    int64_t days = seconds / 86400, rest = seconds % 86400;
    civil_from_days(days, out);
    out->hour = (int)(rest / 3600);
    out->minute = (int)(rest / 60 % 60);
    out->second = (int)(rest % 60);
}

/* --- processes and threads ------------------------------------------------------------------- */

uint32_t thagi_plat_pid(void)
{
    return (uint32_t)syscall(SYS_getpid);
}

uint32_t thagi_plat_parent_pid(void)
{
    return (uint32_t)syscall(SYS_getppid);
}

uint32_t thagi_plat_tid(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

int thagi_plat_thread_exists(uint32_t tid)
{
    return syscall(SYS_tgkill, thagi_plat_pid(), tid, 0) == 0 || errno != ESRCH;
}

void thagi_plat_thread_name(char name[16])
{
    if (prctl(PR_GET_NAME, name, 0, 0, 0) != 0) name[0] = 0;
    name[15] = 0;
}

/* Not by libc's name for it: the program's mappings may be recorded, and these are not the program's. */
static void *map_pages(size_t bytes, int flags, int fd, uint64_t off)
{
#if defined(__LP64__)
    return (void *)syscall(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, (off_t)off);
#else
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, (off_t)off);
#endif
}

/* --- memory ---------------------------------------------------------------------------------- */

void *thagi_plat_map(size_t bytes)
{
    void *mem = map_pages(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mem == MAP_FAILED ? NULL : mem;
}

void *thagi_plat_map_wiped_by_fork(size_t bytes, int *wiped)
{
    void *mem = thagi_plat_map(bytes);
    *wiped = mem && madvise(mem, bytes, MADV_WIPEONFORK) == 0;
    return mem;
}

void thagi_plat_unmap(void *mem, size_t bytes)
{
    if (mem) syscall(SYS_munmap, mem, bytes);
}

/* --- files ----------------------------------------------------------------------------------- */

/* Out of the way of programs that expect the low numbers, and that close or count them. */
static int move_high(int fd)
{
    int high = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 500);
    if (high < 0) return fd;
    syscall(SYS_close, fd);
    return high;
}

int thagi_plat_file_create(const char *path)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path,
                          O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd < 0 ? failed() : move_high(fd);
}

int thagi_plat_file_open(const char *path)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
    return fd < 0 ? failed() : move_high(fd);
}

int thagi_plat_file_append_open(const char *path)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path,
                          O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd < 0 ? failed() : move_high(fd);
}

void thagi_plat_file_close(int fd)
{
    if (fd >= 0) syscall(SYS_close, fd);
}

int thagi_plat_file_identity(int fd, uint64_t *dev, uint64_t *ino)
{
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) return -EBADF;
    *dev = st.st_dev;
    *ino = st.st_ino;
    return 0;
}

/* Beyond RLIMIT_FSIZE the kernel raises SIGXFSZ, which would end the host: ask first. */
static int within_file_limit(uint64_t end)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 1;
    return end <= limit.rlim_cur;
}

int thagi_plat_file_reserve(int fd, uint64_t off, uint64_t bytes)
{
    if (!within_file_limit(off + bytes)) return -EFBIG;
    long r;
    do r = syscall(SYS_fallocate, fd, 0, (off_t)off, (off_t)bytes);
    while (r != 0 && errno == EINTR);
    if (r == 0) return 0;
    return errno == ENOSYS ? -EOPNOTSUPP : failed();
}

int thagi_plat_file_zero(int fd, uint64_t off, uint64_t bytes)
{
    static const char zeros[4096];
    for (uint64_t done = 0; done < bytes; done += sizeof zeros) {
        int err = thagi_plat_file_write_at(fd, zeros, sizeof zeros, off + done);
        if (err) return err;
    }
    return 0;
}

void thagi_plat_file_truncate(int fd, uint64_t bytes)
{
    syscall(SYS_ftruncate, fd, (off_t)bytes);
}

int thagi_plat_file_write_at(int fd, const void *bytes, size_t len, uint64_t off)
{
    if (!within_file_limit(off + len)) return -EFBIG;
    const char *p = bytes;
    while (len) {
        long n = syscall(SYS_pwrite64, fd, p, len, (off_t)off);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return failed();
        p += n;
        off += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

int thagi_plat_file_append(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len) {
        long n = syscall(SYS_write, fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return failed();
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

void *thagi_plat_file_map(int fd, uint64_t off, size_t bytes)
{
    void *mem = map_pages(bytes, MAP_SHARED, fd, off);
    return mem == MAP_FAILED ? NULL : mem;
}

uint64_t thagi_plat_file_free_bytes(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) != 0) return UINT64_MAX;
    return (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
}

int thagi_plat_dir_make(const char *path)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part) return -ENAMETOOLONG;
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != 0) continue;
        char saved = part[i];
        part[i] = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            /* A parent that may not be written to may still be there. */
            struct stat st;
            int err = failed();
            if (stat(part, &st) != 0 || !S_ISDIR(st.st_mode)) return err;
        }
        part[i] = saved;
    }
    return 0;
}

int thagi_plat_dir_current(char *buf, size_t size)
{
    return syscall(SYS_getcwd, buf, size) > 0 && buf[0] == '/' ? 0 : -ENOENT;
}

void thagi_plat_file_remove(const char *path)
{
    unlink(path);
}

/* --- the program ----------------------------------------------------------------------------- */

const char *thagi_plat_getenv(const char *name)
{
    return secure_getenv(name);
}

const char *thagi_plat_error_text(int os_errno)
{
#if defined(__GLIBC__)
    const char *text = strerrordesc_np(os_errno); /* strerror() may allocate */
    return text ? text : "unknown error";
#else
    return strerror(os_errno);
#endif
}

void thagi_plat_program_name(char *buf, size_t size)
{
    char path[PATH_MAX];
    thagi_plat_program_path(path, sizeof path);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : *path ? path : "program";
    snprintf(buf, size, "%.200s", name); /* with what is added, it has to fit into a file name */
}

void thagi_plat_program_path(char *buf, size_t size)
{
    long n = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", buf, size - 1);
    buf[n > 0 ? n : 0] = 0;
}

/* --- address space --------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* Reads /proc/self/maps byte by byte through a small buffer: each line begins with "lo-hi ". */
int thagi_plat_mapping_of(uintptr_t addr, uintptr_t *lo, uintptr_t *hi)
{
    char buf[512];
    long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC), n;
    if (fd < 0) return 0;
    uintptr_t value = 0, first = 0;
    int field = 0, found = 0;
    while (!found && (n = syscall(SYS_read, fd, buf, sizeof buf)) > 0) {
        for (long i = 0; i < n && !found; i++) {
            int digit = hex_digit(buf[i]);
            if (buf[i] == '\n') {
                field = 0;
                value = 0;
            } else if (field < 2 && digit >= 0) {
                value = value << 4 | (uintptr_t)digit;
            } else if (field == 0) {
                first = value;
                value = 0;
                field = 1;
            } else if (field == 1) {
                field = 2;
                found = addr >= first && addr < value;
            }
        }
    }
    syscall(SYS_close, fd);
    *lo = first;
    *hi = value;
    return found;
}

#define FIRST_STACK_LEAST ((uintptr_t)8 << 20)
#define FIRST_STACK_MOST  ((uintptr_t)1 << 30)

/* The process's first thread has what the kernel gave it, which grows down to its limit. */
static int first_stack(uintptr_t *lo, uintptr_t *hi)
{
    struct rlimit limit;
    uintptr_t room = FIRST_STACK_LEAST;
    if (!thagi_plat_mapping_of((uintptr_t)getauxval(AT_RANDOM), lo, hi)) return 0;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur > room)
        room = limit.rlim_cur < FIRST_STACK_MOST ? (uintptr_t)limit.rlim_cur : FIRST_STACK_LEAST;
    if (*hi - *lo < room) *lo = *hi - room;
    return 1;
}

/* Others have their control block at the end of their stack. */
static int further_stack(uintptr_t *lo, uintptr_t *hi)
{
    uintptr_t block = (uintptr_t)pthread_self();
    if (!thagi_plat_mapping_of(block, lo, hi)) return 0;
    *hi = block;
    return 1;
}

int thagi_plat_thread_stack(uintptr_t sp, uintptr_t *lo, uintptr_t *hi)
{
    if (further_stack(lo, hi) && sp - *lo < *hi - *lo) return 1;
    if (first_stack(lo, hi) && sp - *lo < *hi - *lo) return 1;
    return thagi_plat_tid() == thagi_plat_pid() ? first_stack(lo, hi) : further_stack(lo, hi);
}

int thagi_plat_signal_stack(uintptr_t *lo, uintptr_t *hi)
{
    stack_t stack;
    if (syscall(SYS_sigaltstack, NULL, &stack) != 0 || (stack.ss_flags & SS_DISABLE)) return 0;
    *lo = (uintptr_t)stack.ss_sp;
    *hi = *lo + stack.ss_size;
    return 1;
}

/* --- signals and waiting --------------------------------------------------------------------- */

#define KERNEL_SIGSET_BYTES (_NSIG / 8)

void thagi_plat_signals_block(thagi_plat_signals *saved)
{
    thagi_plat_signals all;
    memset(&all, 0xff, sizeof all);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, saved, KERNEL_SIGSET_BYTES);
}

void thagi_plat_signals_restore(const thagi_plat_signals *saved)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, saved, NULL, KERNEL_SIGSET_BYTES);
}

void thagi_plat_wait(uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, WAIT_PRIVATE, value, NULL, NULL, 0);
}

void thagi_plat_wake(uint32_t *word)
{
    syscall(SYS_futex, word, WAKE_PRIVATE, 1, NULL, NULL, 0);
}

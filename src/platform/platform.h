/*
 * platform.h - what the runtime needs of an operating system, and nothing more.
 *
 * One implementation per system is built: linux.c and linux_objects.c. Every function may run inside the
 * profiled process, in a signal handler, in any thread, before main and during exit: none allocates, blocks
 * on a lock, is a cancellation point, or uses stdio. Those that return int return 0 or a negative
 * errno; errno itself may change (the runtime's entry points save it).
 */
#ifndef THAG_PLATFORM_H
#define THAG_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#if UINTPTR_MAX < UINT64_MAX
#error "the runtime of thag_profiler is for 64-bit programs"
#endif

/*
 * The processor's counter. A slow one (ARM's: 16 to 60 million ticks a second) stands still from one span to
 * the next. Its ticks are given in PLAT_COUNTER_PARTS, so that spans of one tick can be told apart.
 */
#define PLAT_COUNTER_PARTS 16
#if defined(__x86_64__)
#include <x86intrin.h>
#define PLAT_HAS_COUNTER  1
#define PLAT_COUNTER_KIND 1 /* TRACE_CLOCK_TSC */
#ifndef PLAT_COUNTER_DROPS  /* so many bits: a test makes it slow */
#define PLAT_COUNTER_DROPS 0
#endif
#define PLAT_COUNTER_IS_SLOW (PLAT_COUNTER_DROPS > 0)
static inline uint64_t thagi_plat_counter(void)
{
    uint64_t v = __rdtsc();
    return PLAT_COUNTER_IS_SLOW ? (v >> PLAT_COUNTER_DROPS) * PLAT_COUNTER_PARTS : v;
}
#elif defined(__aarch64__)
#define PLAT_HAS_COUNTER     1
#define PLAT_COUNTER_KIND    3 /* TRACE_CLOCK_CNTVCT */
#define PLAT_COUNTER_IS_SLOW 1
static inline uint64_t thagi_plat_counter(void)
{
    uint64_t v;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
    return v * PLAT_COUNTER_PARTS;
}
#else
#define PLAT_HAS_COUNTER     0
#define PLAT_COUNTER_KIND    2
#define PLAT_COUNTER_IS_SLOW 1
static inline uint64_t thagi_plat_counter(void)
{
    return 0;
}
#endif

/** 1 if thagi_plat_counter() runs at one rate, on all processors, through all power states. */
int thagi_plat_counter_is_steady(void);

/** Nanoseconds of CLOCK_MONOTONIC, of CLOCK_REALTIME. */
uint64_t thagi_plat_monotonic_ns(void);
uint64_t thagi_plat_real_ns(void);

/** Calendar time of CLOCK_REALTIME nanoseconds in the local time zone. */
typedef struct thagi_plat_date {
    int year, month, day, hour, minute, second;
} thagi_plat_date;
void thagi_plat_local_date(uint64_t real_ns, thagi_plat_date *out);

uint32_t thagi_plat_pid(void);
uint32_t thagi_plat_parent_pid(void);
uint32_t thagi_plat_tid(void);

/** 1 if a thread of that id exists in this process. */
int thagi_plat_thread_exists(uint32_t tid);

/** Name of the calling thread, NUL-terminated. */
void thagi_plat_thread_name(char name[16]);

/** Zeroed private memory; NULL if there is none. Sizes are rounded up to pages by the system. */
void *thagi_plat_map(size_t bytes);
/** The same, but a child of fork() finds it zeroed. *wiped says whether the system can do that. */
void *thagi_plat_map_wiped_by_fork(size_t bytes, int *wiped);
void thagi_plat_unmap(void *mem, size_t bytes);

/** A file that others can neither plant nor read; fails with -EEXIST if the name is taken. The
    descriptor is high, close-on-exec. Returns it, or a negative errno. */
int thagi_plat_file_create(const char *path);
/** Open an existing file for reading and writing, never through a link at its end. */
int thagi_plat_file_open(const char *path);
void thagi_plat_file_close(int fd);
/** Identity of an open file, so that a descriptor that the host closed and reused is noticed. */
int thagi_plat_file_identity(int fd, uint64_t *dev, uint64_t *ino);
/** Make [off, off + bytes) exist on the disk, or fail cleanly: -ENOSPC, -EFBIG. Never a signal. */
int thagi_plat_file_reserve(int fd, uint64_t off, uint64_t bytes);
/** The same by writing zeros: only where nobody else writes. */
int thagi_plat_file_zero(int fd, uint64_t off, uint64_t bytes);
/** Cut the file to that length. */
void thagi_plat_file_truncate(int fd, uint64_t bytes);
/** Write all of it at off. Not a cancellation point. Never a signal. */
int thagi_plat_file_write_at(int fd, const void *bytes, size_t len, uint64_t off);
/** Append to fd: log lines and messages. */
int thagi_plat_file_append(int fd, const void *bytes, size_t len);
/** Open for appending, created 0600. */
int thagi_plat_file_append_open(const char *path);
/** Map a reserved piece of a file, shared; NULL on failure. */
void *thagi_plat_file_map(int fd, uint64_t off, size_t bytes);
/** Bytes free to this user where fd lies; UINT64_MAX if unknown. */
uint64_t thagi_plat_file_free_bytes(int fd);
/** Make a directory and its parents, 0700. -EEXIST is no error. */
int thagi_plat_dir_make(const char *path);
/** Absolute working directory into buf. */
int thagi_plat_dir_current(char *buf, size_t size);
void thagi_plat_file_remove(const char *path);

/** Environment variable; NULL if unset, or if the program runs with more rights than its user. */
const char *thagi_plat_getenv(const char *name);

/** Constant text of an errno value. */
const char *thagi_plat_error_text(int os_errno);

/** File name of the program, without its folder. */
void thagi_plat_program_name(char *buf, size_t size);

/** Lowest and highest address of the mapping that holds addr; 0 if it is not mapped. */
int thagi_plat_mapping_of(uintptr_t addr, uintptr_t *lo, uintptr_t *hi);
/** The calling thread's own stack, as far as it may grow; 0: not found. sp: a place that may be on it. */
int thagi_plat_thread_stack(uintptr_t sp, uintptr_t *lo, uintptr_t *hi);
/** The calling thread's alternate signal stack; 0 if it has none. */
int thagi_plat_signal_stack(uintptr_t *lo, uintptr_t *hi);
/** Address range of the loaded module that holds addr. *is_main: it is the program itself. */
int thagi_plat_module_of(const void *addr, uintptr_t *lo, uintptr_t *hi, int *is_main);

/* What a piece of code was loaded from: the program or a shared object. */
typedef struct thagi_plat_object {
    uintptr_t lo, hi;        /* where */
    uintptr_t bias;          /* what was added to the addresses of its file */
    const char *path;        /* "" for the program; good while the object is loaded */
    const uint8_t *build_id; /* of it; in its own memory */
    uint32_t build_id_len;   /* 0: it has none */
    /* Its .eh_frame_hdr, and the segment that has this and .eh_frame; NULL: it has none. */
    const uint8_t *unwind, *unwind_lo, *unwind_hi;
} thagi_plat_object;
/** Whether the program itself, not one of its libraries, has an ELF note of that owner. */
int thagi_plat_program_has_note(const char *owner);

/** The object that holds addr; 0 if there is none. Takes the dynamic linker's lock where that has no
    function without one (glibc before 2.35): call it with none held. */
int thagi_plat_object_of(uintptr_t addr, thagi_plat_object *out);
/** Path of the program; "" if unknown. */
void thagi_plat_program_path(char *buf, size_t size);

/** Block every signal of the calling thread; hand `saved` to the other one. */
typedef struct thagi_plat_signals {
    uint64_t mask[16];
} thagi_plat_signals;
void thagi_plat_signals_block(thagi_plat_signals *saved);
void thagi_plat_signals_restore(const thagi_plat_signals *saved);

/** Wait while *word == value; wake those who wait. */
void thagi_plat_wait(uint32_t *word, uint32_t value);
void thagi_plat_wake(uint32_t *word);

#endif

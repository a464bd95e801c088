/*
 * session.c - one profiling session for the process: its start, its end, forks, and the lock.
 *
 * The session lies in memory that fork() wipes: a child finds pid 0 and starts a session, and a file,
 * of its own with its first span; a child that only execs costs nothing. What a child needs of its
 * parent, the setting and the open spans, is in ordinary memory.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "runtime/stack_table.h"

#define TIMELINE_LIMIT (UINT64_C(64) << 20) /* by default: the first eleven million spans or so */

thagi_session *thagi_session_now;
unsigned thag_active;

/*
 * By this a preloaded libthag_heap, which has a runtime in it, too, sees that the program has one: two in
 * one process would make two traces, each of half of what happened.
 */
static const struct {
    uint32_t name_bytes, text_bytes, type;
    char name[8];
    uint32_t version;
} runtime_note __attribute__((__used__, __section__(".note.thag"), __aligned__(4))) = {
    sizeof "thag", sizeof(uint32_t), 1, "thag", TRACE_VERSION};

/* Of the process and its forked children: the setting in force, and what the start found. */
static struct {
    thagi_config config;
    unsigned modes; /* of the first start */
    char program[256];
    uint32_t parent_pid_traced; /* the profiled process that this one was forked from; or 0 */
    int hooks_set;
    int old_fd; /* the parent's trace, inherited by a fork; -1 none */
    uint64_t old_dev, old_ino;
} process = {.old_fd = -1};

/* --- the lock ---------------------------------------------------------------------------------- */

static uint32_t fork_lock; /* one fork at a time: there is one place for what is inherited */

void thagi_lock(thagi_session *session, thagi_plat_signals *saved)
{
    thagi_lock_take(&session->lock, saved);
    session->lock_owner = (uintptr_t)&thagi_current;
}

void thagi_unlock(thagi_session *session, const thagi_plat_signals *saved)
{
    session->lock_owner = 0;
    thagi_lock_give(&session->lock, saved);
}

void thagi_count(enum trace_loss what, uint64_t n)
{
    if (thagi_session_now) thagi_trace_count(&thagi_session_now->trace, what, n);
}

/* --- forks ------------------------------------------------------------------------------------- */

static thagi_plat_signals fork_signals; /* of the thread that forks: it holds the lock */

static void before_fork(void)
{
    int saved_errno = errno;
    thagi_plat_signals saved;
    /* Not the session's lock: other handlers, which run after this one, may record, and may wait for
       locks whose holders record. The child starts anew and needs no whole tables. */
    thagi_lock_take(&fork_lock, &saved);
    fork_signals = saved; /* not before: another thread may be forking */
    thagi_inherit_save(thagi_current);
    errno = saved_errno;
}

static void after_fork_parent(void)
{
    int saved_errno = errno;
    thagi_inherit_parent();
    thagi_plat_signals saved = fork_signals;
    thagi_lock_give(&fork_lock, &saved);
    errno = saved_errno;
}

static void after_fork_child(void)
{
    thagi_session *session = thagi_session_now;
    fork_lock = 0;
    if (session->pid != thagi_plat_pid()) {  /* else: a handler before this one has begun a trace */
        memset(session, 0, sizeof *session); /* already so where the system can wipe */
        thagi_current = &thagi_no_task;
        thagi_thread_here = NULL;
        thagi_origin_forget();
        thagi_site_child();
        thagi_stack_table_child();
    }
    thagi_plat_signals_restore(&fork_signals);
}

/* --- start ------------------------------------------------------------------------------------- */

static thagi_session *session_get(void)
{
    thagi_session *session = __atomic_load_n(&thagi_session_now, __ATOMIC_ACQUIRE), *none = NULL;
    if (session) return session;
    int wiped;
    session = thagi_plat_map_wiped_by_fork(sizeof *session, &wiped);
    if (!session) return NULL;
    if (!__atomic_compare_exchange_n(&thagi_session_now, &none, session, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        thagi_plat_unmap(session, sizeof *session);
        return none;
    }
    return session;
}

/* DIR/PROGRAM-YYYYMMDD-HHMMSS[-PID[-N]].thag: the pid only for a fork or on a collision. */
static int create_trace(thagi_session *session, const char *stamp, uint32_t pid)
{
    char path[THAGI_PATH_MAX];
    int err = -EEXIST;
    for (unsigned n = process.parent_pid_traced ? 1 : 0; err == -EEXIST && n < 1000; n++) {
        int len =
            snprintf(path, sizeof path, "%s/%s-%s", process.config.dir, process.program, stamp);
        if (n && len < (int)sizeof path)
            len += snprintf(path + len, sizeof path - (size_t)len, "-%u", pid);
        if (n > 1 && len < (int)sizeof path)
            len += snprintf(path + len, sizeof path - (size_t)len, "-%u", n);
        if (len + 6 >= (int)sizeof path) return -ENAMETOOLONG;
        memcpy(path + len, ".thag", 6);
        err = thagi_trace_create(&session->trace, path);
    }
    return err;
}

static void fill_header(thagi_session *session, uint64_t real_ns)
{
    const thagi_config *config = &process.config;
    trace_file *file = session->trace.file;
    file->version = TRACE_VERSION;
    file->bytes = sizeof *file;
    file->endian = TRACE_ENDIAN;
    file->chunk_bytes = TRACE_CHUNK_BYTES;
    file->state = TRACE_RUNNING;
    file->mode = process.modes;
    file->pid = session->pid;
    file->parent_pid = thagi_plat_parent_pid();
    file->parent_traced = process.parent_pid_traced != 0;
    file->start_real_ns = real_ns;
    file->sample_period = config->sample_period;
    file->run_id = config->run_id;
    uint64_t limit = config->timeline_limit;
    if (limit == UINT64_MAX) {
        /* A guest does not fill the disk. */
        uint64_t room = thagi_plat_file_free_bytes(session->trace.fd) / 8;
        limit = room < TIMELINE_LIMIT ? room : TIMELINE_LIMIT;
    }
    file->timeline_limit_bytes = limit;
    session->folded_limit = config->folded_limit;
    memcpy(file->program, process.program, sizeof file->program);
    thagi_clock_start(file, config->use_counter);
}

static void set_hooks(void)
{
    if (process.hooks_set) return;
    process.hooks_set = 1;
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
    thagi_thread_key_start();
}

static int start_memory(thagi_session *session)
{
    const thagi_config *config = &process.config;
    if (config->detail) thagi_memory_want_stacks(1);
    thagi_memory_want_mappings(config->mappings);
    thagi_memory_want_samples(config->heap_period);
    return thagi_memory_start(session, config->heap_mode, config->heap_threshold);
}

/* Under the lock, with a zeroed session: the file, the tables, the first slot. */
static int session_start(thagi_session *session)
{
    uint64_t real_ns = thagi_plat_real_ns();
    thagi_plat_date date;
    char stamp[64];
    thagi_plat_local_date(real_ns, &date);
    snprintf(stamp, sizeof stamp, "%04d%02d%02d-%02d%02d%02d", date.year, date.month, date.day,
             date.hour, date.minute, date.second);
    session->pid = thagi_plat_pid();
    thagi_log_open(process.config.log, process.program, stamp, session->pid);
    int err = thagi_plat_dir_make(process.config.dir);
    if (!err) err = create_trace(session, stamp, session->pid);
    if (err) {
        thagi_complain("%s: cannot write the trace (%s); the program runs unprofiled",
                       process.config.dir, thagi_plat_error_text(-err));
        return err;
    }
    fill_header(session, real_ns);
    set_hooks();
    if (thagi_tree_start(session) != 0 || !thagi_thread_acquire(session, 0)) {
        thagi_complain("%s: no room for the call tree; the program runs unprofiled",
                       session->trace.path);
        return -ENOSPC;
    }
    if ((process.modes & TRACE_MEMORY) && start_memory(session) != 0)
        thagi_complain("%s: no room for the memory counters", session->trace.path);
    thagi_calibrate(session, thagi_current->thread);
    if (session->heap && (process.modes & TRACE_TIME)) thagi_memory_calibrate(thagi_current);
    thagi_clock_snapshot(session, 1); /* a rate, even if the program dies at once */
    thagi_chunk_publish((trace_chunk *)session->trace.file - 1, TRACE_FILE);
    thagi_log("trace %s, pid %u%s", session->trace.path, session->pid,
              process.parent_pid_traced ? " (forked)" : "");
    return 0;
}

static void remember_trace(const thagi_trace *trace)
{
    process.old_fd = trace->fd;
    process.old_dev = trace->dev;
    process.old_ino = trace->ino;
}

/* In a child: the parent's descriptor, if it is still that. */
static void close_parents_trace(void)
{
    uint64_t dev, ino;
    if (process.old_fd >= 0 && thagi_plat_file_identity(process.old_fd, &dev, &ino) == 0 &&
        dev == process.old_dev && ino == process.old_ino)
        thagi_plat_file_close(process.old_fd);
}

thagi_task *thagi_session_join(void)
{
    thagi_session *session = __atomic_load_n(&thagi_session_now, __ATOMIC_ACQUIRE);
    if (!(THAG_ACTIVE_ & THAGI_RECORDING) || !session) return NULL;
    int saved_errno = errno;
    thagi_task *task = NULL;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    if (session->pid == 0) { /* a child of fork() */
        thagi_current = &thagi_no_task;
        thagi_thread_here = NULL;
        thagi_origin_forget();
        close_parents_trace();
        process.parent_pid_traced = thagi_plat_parent_pid();
        if (session_start(session) != 0) {
            __atomic_store_n(&thag_active, 0, __ATOMIC_RELEASE);
        } else {
            remember_trace(&session->trace);
            if (!session->heap)
                __atomic_and_fetch(&thag_active, ~(unsigned)TRACE_MEMORY, __ATOMIC_RELEASE);
        }
        thagi_memory_switch();
    } else if (session->trace.file && thagi_current->state == THAGI_TASK_UNUSABLE &&
               session->pid ==
                   thagi_plat_pid()) { /* not in a child of vfork(): the thread is borrowed */
        thagi_thread_acquire(session, 0);
    }
    if (thagi_current->state != THAGI_TASK_UNUSABLE)
        task = thagi_current;
    else
        thagi_count(TRACE_LOST_MEMORY, 1);
    thagi_unlock(session, &saved);
    if (task) thagi_inherit_load(task);
    errno = saved_errno;
    return task;
}

/* --- switching on and off ---------------------------------------------------------------------- */

/* What `mode` comes to: bits of TRACE_TIME, TRACE_MEMORY. -1: say why not, and leave it off. */
static int wanted_modes(thag_mode mode, unsigned compiled)
{
    static thagi_config fresh; /* too large for a small stack; under the lock */
    thagi_config *config = &fresh;
    const char *setting = mode == THAG_MODE_runtime ? thagi_plat_getenv("THAG_PROFILER") : "";
    if (mode == THAG_MODE_runtime && !setting) setting = thagi_plat_getenv("THAG_PROFILE");
    if (thagi_config_read(config, setting) != 0 || thagi_config_read_tuning(config) != 0) {
        thagi_complain("%s; the program runs unprofiled", config->problem);
        return -1;
    }
    /* thag-run wants the program alone, and this is one that it has started. */
    if (mode == THAG_MODE_runtime && config->run_pid && config->run_pid != thagi_plat_pid())
        return 0;
    unsigned modes = mode == THAG_MODE_runtime ? config->modes
                     : mode == THAG_MODE_yes   ? compiled
                                               : (unsigned)mode;
    if (modes & TRACE_MEMORY & ~compiled) {
        thagi_complain("memory profiling is not compiled in (THAG_FULL_PROFILING); "
                       "the program runs %s",
                       modes & TRACE_TIME ? "with time profiling only" : "unprofiled");
        modes &= compiled;
        if (!modes) return -1;
    }
    if ((modes & TRACE_MEMORY) && !thagi_memory_hooked()) {
        modes &= ~(unsigned)TRACE_MEMORY;
        if (mode != THAG_MODE_yes) { /* which is all there is */
            thagi_complain(
                "memory profiling needs libthag_heap, linked or preloaded; the program runs %s",
                modes ? "with time profiling only" : "unprofiled");
            if (!modes) return -1;
        }
    }
    if (thagi_session_now->pid == 0) process.config = fresh; /* of one run there is one directory */
    return (int)modes;
}

/* Sections that were begun before go on ending. */
static unsigned active_when_off(void)
{
    const thagi_session *session = thagi_session_now;
    return session && session->trace.file ? THAGI_ENDING : 0;
}

int thag_enable(thag_mode mode, unsigned compiled)
{
    int saved_errno = errno, result = 0;
    if (compiled & THAG_KEEPING_CALLS_) thagi_calls_are_kept = 1;
    compiled &= THAGI_RECORDING;
    if (mode == THAG_MODE_no) {
        thag_disable_profiling();
        return 0;
    }
    thagi_session *session = session_get();
    if (!session) return -1;
    if (compiled & TRACE_MEMORY) thagi_memory_prepare();
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    int modes = wanted_modes(mode, compiled);
    if (modes > 0 && session->pid == 0) {
        process.modes = (unsigned)modes;
        thagi_plat_program_name(process.program, sizeof process.program);
        result = session_start(session) == 0 ? 0 : -1;
        if (result == 0) {
            remember_trace(&session->trace);
        }
    } else if (modes > 0 && session->trace.file) {
        session->trace.file->mode |= (unsigned)modes;
        process.modes |= (unsigned)modes;
        if ((modes & TRACE_MEMORY) && start_memory(session) != 0)
            thagi_complain("%s: no room for the memory counters", session->trace.path);
        thagi_log("profiling on");
    }
    if (modes < 0 || (modes > 0 && !session->trace.file)) result = -1;
    if (modes > 0 && !session->heap) modes &= ~TRACE_MEMORY; /* no room, and said so */
    __atomic_store_n(&thag_active, result == 0 && modes > 0 ? (unsigned)modes : active_when_off(),
                     __ATOMIC_RELEASE);
    thagi_memory_switch();
    thagi_unlock(session, &saved);
    if (thag_active & TRACE_MEMORY) thagi_memory_check();
    errno = saved_errno;
    return result;
}

void thag_disable_profiling(void)
{
    if (THAG_ACTIVE_ & THAGI_RECORDING) thagi_log("profiling off");
    __atomic_store_n(&thag_active, active_when_off(), __ATOMIC_RELEASE);
    thagi_memory_switch();
}

thag_token thag_main_begin(const thag_site *site, thag_mode mode, unsigned compiled)
{
    if (thag_enable(mode, compiled) != 0 || !(THAG_ACTIVE_ & THAGI_RECORDING)) return 0;
    /* Our own frame address, as thag_span_begin() would take its own: not one deeper. */
    return thagi_span_begin_slow(thagi_current, site, THAGI_WHERE());
}

void thag_module_unload(const void *marker)
{
    uintptr_t lo, hi;
    int is_main, saved_errno = errno;
    thagi_session *session = thagi_session_now;
    if (!session || !thagi_plat_module_of(marker, &lo, &hi, &is_main) || is_main) return;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    thagi_cell_forget(session, lo, hi);
    thagi_site_forget(session, lo, hi);
    thagi_unlock(session, &saved);
    errno = saved_errno;
}

/* --- end --------------------------------------------------------------------------------------- */

/*
 * The tidiest of the ways to stop. Threads may still run, and record; nothing is unmapped or closed.
 */
static __attribute__((__destructor__)) void session_end(void)
{
    thagi_session *session = thagi_session_now;
    if (!session || !session->trace.file || session->pid != thagi_plat_pid()) return;
    int saved_errno = errno;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    trace_file *file = session->trace.file;
    thagi_clock_snapshot(session, 1);
    file->end_ticks = thagi_ticks();
    for (thagi_thread *thread = session->all; thread; thread = thread->next_all)
        if (thread->in_use && thread->tid == thagi_plat_tid())
            thagi_plat_thread_name(thread->shared->name);
    char path[THAGI_PATH_MAX + 16];
    size_t len = strlen(session->trace.path) - strlen(".thag");
    memcpy(path, session->trace.path, len);
    memcpy(path + len, "-memory.folded", sizeof "-memory.folded");
    if (session->heap) thagi_exit_memory_folded(session, path);
    memcpy(path + len, ".folded", sizeof ".folded");
    if (process.modes & TRACE_TIME) thagi_exit_folded(session, path);
    /* Not while another thread may be mapping a piece of what would be cut off. */
    int mine = thagi_current->state != THAGI_TASK_UNUSABLE;
    if (session->live_count == (uint32_t)mine) thagi_trace_trim(&session->trace);
    __atomic_store_n(&file->state, TRACE_ENDED, __ATOMIC_RELEASE);
    thagi_log("ended; collapsed stacks in %s", path);
    thagi_unlock(session, &saved);
    errno = saved_errno;
}

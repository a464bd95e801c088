/*
 * span_kept.c - begin and end for code that calls without a word to its compiler: x86-64, System V.
 *
 * What thag-cc compiles has THAG_PROFILED() as asm statements that keep nearly all registers
 * (thag_profiler/cc/thag-cc.h). A compiler does not see a call in them, so it spills nothing around them, and
 * while nothing is recorded a function pays two tests. The price is here: every register is the caller's.
 *
 * thag_span_keep_begin and _end save the general registers, and call what follows first: functions that
 * are compiled for general registers alone (see CMakeLists.txt), do the usual work, and call nothing.
 * What is not usual they leave untouched to span_stack.c; as that may come to any code of libc's, the
 * vector registers are saved around it, whatever of them the processor has.
 *
 * The convention, as thag-cc.h has it: the stack pointer is 128 lower than the caller's, whose red zone that
 * is. r11 has the address that the caller goes on at, for those who unwind the stack: the call itself stands
 * in a part of the code that has no entry in .eh_frame. begin has the site in r10, and may change rax, too; end
 * has the line in r10, and in r9 where the caller's frame ends, and may change xmm15, too.
 *
 * There is no token. An end is that of the top frame, if that was begun within the function's part of the stack,
 * i.e. by itself or what was inlined into it, on its line. If no frame is so, the function was entered while
 * nothing was recorded.
 */
#include "runtime/cell_map.h"
#include "runtime/span_work.h"

#ifdef __SSE2__
#error \
    "span_kept.c: its callers' vector registers are not saved: compile it with -mgeneral-regs-only"
#endif

/* Called by the assembler code below. */
uint64_t thagi_kept_begin(const thag_site *site, uint64_t where);
void thagi_kept_begin_unusual(const thag_site *site, uint64_t where);
uint64_t thagi_kept_end(uintptr_t sp, uintptr_t frame_end, uint32_t line);
void thagi_kept_end_unusual(uintptr_t sp, uintptr_t frame_end, uint32_t line, uint64_t how);
void thagi_kept_prepare(void);
uint32_t thagi_kept_parts; /* what xsave has to save; FXSAVE: there is no xsave; 0: not known yet */

/* What thagi_kept_end() returns, and the first two of it thagi_kept_begin(). Of a held task: PUT the span that was
   counted last into the timeline, or the time at which the top frame is to be popped. */
enum { DONE, UNUSUAL, PUT };

FORCED void release(thagi_task *task)
{
    ORDERED();
    task->state = task->idle;
}

/* --- begin ------------------------------------------------------------------------------------- */

/* The held task begins a span that may not be timed, on a path that may not be known. */
static OUT_OF_WAY uint64_t begin_held(thagi_task *task, const thag_site *site, uint64_t where)
{
    uint64_t result = UNUSUAL;
    trace_frame *top = task->top;
    thagi_cell *parent = thagi_frame_cell(top), *before = parent->last, *cell = before->next;
    if (cell->site != site) {
        cell = before;
        if (cell->site != site)
            cell = thagi_cell_find(&task->thread->cells, parent, (uintptr_t)site);
        if (cell) thagi_learn_next(task->thread, before, cell);
    }
    if (cell && thagi_has_room(task, top, where)) {
        trace_frame *frame = thagi_push_known(task, top, parent, cell, where);
        uint64_t start = 0;
        if (task->idle == THAGI_TASK_SAMPLING) start = thagi_sample_token(task, cell, frame);
        if (!start) start = thagi_plat_counter() - task->shift;
        frame->start_ticks = start;
        result = DONE;
    }
    release(task);
    return result;
}

FORCED uint64_t begin_sampled(thagi_task *task, const thag_site *site, uint64_t where)
{
    if (THAGI_UNLIKELY(task->state != THAGI_TASK_SAMPLING)) return UNUSUAL;
    task->state = THAGI_WHERE_SP(where);
    ORDERED();
    trace_frame *top = task->top;
    thagi_cell *parent = thagi_frame_cell(top), *cell = parent->last->next;
    if (THAGI_UNLIKELY(cell->site != site) || !thagi_has_room(task, top, where))
        return begin_held(task, site, where);
    trace_frame *frame = thagi_push_known(task, top, parent, cell, where);
    uint64_t start = thagi_sample_token(task, cell, frame);
    if (THAGI_UNLIKELY(!start)) start = thagi_plat_counter() - task->shift;
    frame->start_ticks = start;
    ORDERED();
    task->state = THAGI_TASK_SAMPLING;
    return DONE;
}

/* UNUSUAL: nothing has changed. */
uint64_t thagi_kept_begin(const thag_site *site, uint64_t where)
{
    thagi_task *task = thagi_current;
    if (task->state != THAGI_TASK_IDLE) return begin_sampled(task, site, where);
    task->state = THAGI_WHERE_SP(where);
    ORDERED();
    return begin_held(task, site, where);
}

static int is_plain(const thagi_task *task)
{
    return task->state == THAGI_TASK_IDLE || task->state == THAGI_TASK_SAMPLING;
}

void thagi_kept_begin_unusual(const thag_site *site, uint64_t where)
{
    thagi_task *task = thagi_current;
    if (!is_plain(task)) {
        thagi_span_begin_slow(task, site, where);
        return;
    }
    task->state = THAGI_WHERE_SP(where);
    ORDERED();
    thagi_span_begin_held(task, site, where);
}

/* --- end --------------------------------------------------------------------------------------- */

/* Whether the frame's span is that of a function which ends now. A task that was switched away from has
   marked its frames above their address (task_switch.c). */
FORCED int is_of(const trace_frame *frame, uintptr_t sp, uintptr_t frame_end, uint32_t line)
{
    uintptr_t begun_sp = frame->scratch[THAGI_FRAME_WHERE] << 1 >> 17;
    if (begun_sp - sp > frame_end - sp) return 0;
    const thag_site *site = thagi_frame_cell(frame)->site;
    return site && site->line == line;
}

/* The innermost open frame of a function which ends now; NULL: it was not recorded. */
static OUT_OF_WAY const trace_frame *frame_of(const thagi_task *task, uintptr_t sp,
                                              uintptr_t frame_end, uint32_t line)
{
    for (const trace_frame *frame = task->top; frame > task->base; frame--)
        if (is_of(frame, sp, frame_end, line) && frame->start_ticks != TRACE_CLOSED) return frame;
    return NULL;
}

/* As thagi_commit(), with the one vector register that the callers leave to us. */
FORCED void commit_kept(thagi_cell *cell, uint64_t ticks)
{
    typedef struct __attribute__((__may_alias__)) {
        uint64_t calls, ticks;
    } sums;
    uint64_t calls = cell->calls + 1, sum = cell->ticks + ticks;
    __asm__ volatile("movq %[calls], %%xmm15\n\t"
                     "movhps %[sum], %%xmm15\n\t"
                     "movups %%xmm15, %[sums]"
                     : [sums] "=m"(*(sums *)(void *)&cell->calls)
                     : [calls] "r"(calls), [sum] "m"(sum));
    ORDERED();
}

/* An untimed call ends, and was not long. */
FORCED void count_untimed(thagi_task *task, trace_frame *top)
{
    top->start_ticks = 0;
    task->top = top - 1;
    ORDERED(); /* a call is counted once or not at all */
    thagi_frame_cell(top)->calls++;
    task->thread->shared->untimed_calls++;
}

/* A timed call of the held task's top frame ends: DONE but for the release, PUT, or the time. */
FORCED uint64_t count_timed(thagi_task *task, uint64_t start, int is_sampled)
{
    uint64_t now = thagi_plat_counter(), ticks = now - task->shift - start;
    if (THAGI_UNLIKELY((int64_t)ticks < 0) ||
        THAGI_UNLIKELY(!thagi_settle_before(task->thread->shared)))
        return now;
    ORDERED(); /* to load again is cheaper than to keep in registers that have to be saved */
    trace_frame *top = task->top;
    thagi_thread *thread = task->thread;
    thagi_cell *cell = thagi_frame_cell(top);
    thagi_commit_begin(thread->shared, cell, ticks, now);
    commit_kept(cell, is_sampled ? thagi_weighted(thread, cell, ticks, now - ticks) : ticks);
    top->start_ticks = 0;
    task->top = top - 1;
    return thagi_timeline_short(thread, cell->node, ticks, now) ? DONE : PUT;
}

/* A timed call, when not all are. */
static OUT_OF_WAY uint64_t end_drawn(thagi_task *task, uint64_t start)
{
    uint64_t result = count_timed(task, start, 1);
    if (THAGI_LIKELY(result == DONE)) release(task);
    return result;
}

static OUT_OF_WAY uint64_t end_sampled(thagi_task *task, uintptr_t sp, uintptr_t frame_end,
                                       uint32_t line)
{
    if (THAGI_UNLIKELY(task->state != THAGI_TASK_SAMPLING)) return UNUSUAL;
    trace_frame *top = task->top;
    if (THAGI_UNLIKELY(!is_of(top, sp, frame_end, line)))
        return frame_of(task, sp, frame_end, line) ? UNUSUAL : DONE;
    uint64_t start = top->start_ticks;
    task->state = sp;
    ORDERED();
    if (!(start & TRACE_UNTIMED_BIT)) return end_drawn(task, start);
    int is_long = thagi_untimed_since(task, top) > (int64_t)thagi_long_ticks(task->thread);
    if (THAGI_LIKELY(!is_long)) count_untimed(task, top);
    ORDERED();
    task->state = THAGI_TASK_SAMPLING;
    return THAGI_UNLIKELY(is_long) ? UNUSUAL : DONE;
}

uint64_t thagi_kept_end(uintptr_t sp, uintptr_t frame_end, uint32_t line)
{
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(task->state != THAGI_TASK_IDLE))
        return end_sampled(task, sp, frame_end, line);
    const trace_frame *top = task->top;
    if (THAGI_UNLIKELY(!is_of(top, sp, frame_end, line)))
        return frame_of(task, sp, frame_end, line) ? UNUSUAL : DONE;
    task->state = sp;
    ORDERED();
    uint64_t result = count_timed(task, top->start_ticks, 0);
    if (THAGI_UNLIKELY(result != DONE)) return result;
    ORDERED();
    task->state = THAGI_TASK_IDLE;
    return DONE;
}

/* The frame of the function is not the top one, or the task is not as usual. */
static void end_unusual(uintptr_t sp, uintptr_t frame_end, uint32_t line)
{
    thagi_task *task = thagi_current;
    if (task->state == THAGI_TASK_UNUSABLE && !thagi_inherits()) return;
    if (!is_plain(task)) task = thagi_task_usable(task, sp);
    if (!task) return;
    const trace_frame *frame = frame_of(task, sp, frame_end, line);
    if (!frame) return;
    task->state = sp;
    ORDERED();
    thagi_span_end_held(task, frame->start_ticks);
}

void thagi_kept_end_unusual(uintptr_t sp, uintptr_t frame_end, uint32_t line, uint64_t how)
{
    thagi_task *task = thagi_current;
    if (how > PUT) {
        thagi_span_pop_held(task, how);
    } else if (how == PUT) {
        const trace_thread *shared = task->thread->shared;
        const thagi_cell *last = (const thagi_cell *)(uintptr_t)shared->last_cell;
        thagi_timeline_put_held(task, last->node, shared->last_ticks, shared->last_end);
    } else {
        end_unusual(sp, frame_end, line);
    }
}

/* --- registers --------------------------------------------------------------------------------- */

enum { FXSAVE = 1, VECTOR_PARTS = 0xe6 }; /* SSE, AVX, and the three parts of AVX-512 */

void thagi_kept_prepare(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx, parts = FXSAVE;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if (ecx >> 27 & 1) { /* OSXSAVE */
        __asm__ volatile("xgetbv" : "=a"(parts), "=d"(edx) : "c"(0));
        parts &= VECTOR_PARTS;
    }
    thagi_kept_parts = parts;
}

/* What the assembler code below has to know. */
#define IDLE        "1"
#define TOP         "8"
#define LIMIT       "24"
#define SHIFT       "40"
#define NODE        "8"
#define WHERE       "16"
#define FRAME_CELL  "24"
#define FRAME_BYTES "32"
#define CELL_NODE   "4"
#define SITE        "40"
#define LAST        "48"
#define NEXT        "56"
#define FRAME_AT(i) (offsetof(trace_frame, scratch) + (i) * sizeof(uint64_t))
_Static_assert(THAGI_TASK_IDLE == 1 && offsetof(thagi_task, state) == 0 &&
                   offsetof(thagi_task, top) == 8 && offsetof(thagi_task, limit) == 24 &&
                   offsetof(thagi_task, shift) == 40,
               "a task's fields");
_Static_assert(offsetof(trace_frame, start_ticks) == 0 && offsetof(trace_frame, node) == 8 &&
                   FRAME_AT(THAGI_FRAME_WHERE) == 16 && FRAME_AT(THAGI_FRAME_CELL) == 24 &&
                   sizeof(trace_frame) == 32,
               "a frame's fields");
_Static_assert(offsetof(thag_site, line) == 24, "a site's fields");
_Static_assert(offsetof(thagi_cell, node) == 4 && offsetof(thagi_cell, site) == 40 &&
                   offsetof(thagi_cell, last) == 48 && offsetof(thagi_cell, next) == 56,
               "a cell's fields");

/* clang-format off */
#define CFA(offset)    ".cfi_def_cfa_offset " offset "\n\t"
#define SAVE_RETURN \
    "endbr64\n\t" \
    CFA("136")                          /* the caller's stack pointer, less what it skipped */ \
    ".cfi_register %rip, %r11\n\t" \
    "push %r11\n\t"                     CFA("144") ".cfi_offset %rip, -144\n\t"
#define RETURN \
    "pop %r11\n\t"                      CFA("136") ".cfi_register %rip, %r11\n\t" \
    "ret\n\t"
#define SAVE_ARGUMENTS \
    "push %rdi\n\t" "push %rsi\n\t"
#define RESTORE_ARGUMENTS \
    "mov 8(%rsp), %rdi\n\t" "mov (%rsp), %rsi\n\t"
#define FUNCTION(name) \
    ".p2align 4\n\t" ".type " name ", @function\n" name ":\n\t" ".cfi_startproc\n\t"
#define END(name) ".cfi_endproc\n\t" ".size " name ", .-" name "\n\t"

__asm__(
    ".text\n\t"
    /* Begin and end of a span in a frame that ends with the caller's return address. */
    ".globl thagi_kept_probe\n\t" ".hidden thagi_kept_probe\n\t"
    FUNCTION("thagi_kept_probe")
    "lea 8(%rsp), %r9\n\t"
    "lea 1f(%rip), %r11\n\t"
    "mov %rdi, %r10\n\t"
    "lea -128(%rsp), %rsp\n\t"
    "call thag_span_keep_begin\n\t"
    "lea 1f(%rip), %r11\n\t"
    "mov 24(%rdi), %r10d\n\t"
    "call thag_span_keep_end\n\t"
    "lea 128(%rsp), %rsp\n"
    "1:\tret\n\t"
    END("thagi_kept_probe")

    /* The usual call, which is timed, on a path that was guessed: three registers do. */
    ".globl thag_span_keep_begin\n\t"
    FUNCTION("thag_span_keep_begin")
    SAVE_RETURN
    "push %rcx\n\t" "push %rdx\n\t" "push %rsi\n\t" CFA("168")
    "mov thagi_current@gottpoff(%rip), %rax\n\t"
    "mov %fs:(%rax), %rax\n\t"          /* task */
    "cmpq $" IDLE ", (%rax)\n\t"
    "jne 3f\n\t"
    "lea 168(%rsp), %rcx\n\t"
    "mov %rcx, (%rax)\n\t"
    "shl $16, %rcx\n\t"
    "movzwl 32(%rsp), %edx\n\t"
    "or %rdx, %rcx\n\t"                 /* where */
    "mov " TOP "(%rax), %rdx\n\t"
    "mov " WHERE "(%rdx), %rsi\n\t"     /* not above the top frame, and not its place */
    "cmp %rsi, %rcx\n\t"
    "je 2f\n\t"
    "add $0xffff, %rsi\n\t"
    "cmp %rsi, %rcx\n\t"
    "ja 2f\n\t"
    "lea " FRAME_BYTES "(%rdx), %rsi\n\t"
    "cmp %rsi, " LIMIT "(%rax)\n\t"
    "je 2f\n\t"
    "mov " FRAME_CELL "(%rdx), %rdx\n\t"
    "mov " LAST "(%rdx), %r11\n\t"
    "mov " NEXT "(%r11), %r11\n\t"      /* the guess */
    "cmp %r10, " SITE "(%r11)\n\t"
    "jne 2f\n\t"
    "mov %r11, " LAST "(%rdx)\n\t"
    "mov " CELL_NODE "(%r11), %edx\n\t"
    "mov %edx, " NODE "(%rsi)\n\t"
    "mov %rcx, " WHERE "(%rsi)\n\t"
    "mov %r11, " FRAME_CELL "(%rsi)\n\t"
    "mov %rsi, " TOP "(%rax)\n\t"
    "mov %rax, %rcx\n\t"
    "rdtsc\n\t"
    "shl $32, %rdx\n\t"
    "or %rdx, %rax\n\t"
    "sub " SHIFT "(%rcx), %rax\n\t"
    "mov %rax, (%rsi)\n\t"
    "movq $" IDLE ", (%rcx)\n\t"
    ".cfi_remember_state\n\t"
    "pop %rsi\n\t" "pop %rdx\n\t" "pop %rcx\n\t" CFA("144")
    RETURN
    ".cfi_restore_state\n"
    "2:\tmovq $" IDLE ", (%rax)\n"      /* nothing has changed */
    "3:\tpop %rsi\n\t" "pop %rdx\n\t" "pop %rcx\n\t" CFA("144")
    "pop %r11\n\t"                      CFA("136") ".cfi_register %rip, %r11\n\t"
    "jmp thagi_keep_begin_other\n\t"
    END("thag_span_keep_begin")

    FUNCTION("thagi_keep_begin_other")
    SAVE_RETURN
    "push %rcx\n\t" "push %rdx\n\t" "push %rsi\n\t" "push %rdi\n\t" "push %r8\n\t" "push %r9\n\t"
    CFA("192")
    "mov %r10, %rdi\n\t"
    "lea 192(%rsp), %rsi\n\t"
    "shl $16, %rsi\n\t"                 /* THAGI_WHERE() of the caller */
    "movzwl 56(%rsp), %eax\n\t"
    "or %rax, %rsi\n\t"
    SAVE_ARGUMENTS                      CFA("208")
    "call thagi_kept_begin\n\t"
    "test %rax, %rax\n\t"
    "jnz 2f\n"
    "1:\tadd $16, %rsp\n\t"
    ".cfi_remember_state\n\t"
    "pop %r9\n\t" "pop %r8\n\t" "pop %rdi\n\t" "pop %rsi\n\t" "pop %rdx\n\t" "pop %rcx\n\t" CFA("144")
    RETURN
    ".cfi_restore_state\n"
    "2:\t" RESTORE_ARGUMENTS
    "lea thagi_kept_begin_unusual(%rip), %rax\n\t"
    "call thagi_kept_call\n\t"
    "jmp 1b\n\t"
    END("thagi_keep_begin_other")

    ".globl thag_span_keep_end\n\t"
    FUNCTION("thag_span_keep_end")
    SAVE_RETURN
    "push %rax\n\t" "push %rdx\n\t" "push %rcx\n\t" "push %rsi\n\t" "push %rdi\n\t" "push %r8\n\t"
    CFA("192")
    "lea 192(%rsp), %rdi\n\t"
    "mov %r9, %rsi\n\t"
    "mov %r10d, %edx\n\t"
    "push %rsi\n\t" "push %rdx\n\t"   CFA("208")
    "call thagi_kept_end\n\t"
    "test %rax, %rax\n\t"
    "jne 2f\n"
    "1:\tadd $16, %rsp\n\t"
    ".cfi_remember_state\n\t"
    "pop %r8\n\t" "pop %rdi\n\t" "pop %rsi\n\t" "pop %rcx\n\t" "pop %rdx\n\t" "pop %rax\n\t" CFA("144")
    RETURN
    ".cfi_restore_state\n"
    "2:\tmov %rax, %rcx\n\t"
    "lea 208(%rsp), %rdi\n\t"
    "mov 8(%rsp), %rsi\n\t" "mov (%rsp), %rdx\n\t"
    "lea thagi_kept_end_unusual(%rip), %rax\n\t"
    "call thagi_kept_call\n\t"
    "jmp 1b\n\t"
    END("thag_span_keep_end")

    /* rax(rdi, rsi, rdx, rcx); all vector registers are kept. The area of xsave is at most 2,688 bytes. */
    FUNCTION("thagi_kept_call")
    "push %rbp\n\t"                     ".cfi_def_cfa_offset 16\n\t" ".cfi_offset %rbp, -16\n\t"
    "mov %rsp, %rbp\n\t"                ".cfi_def_cfa_register %rbp\n\t"
    "push %rbx\n\t"                     ".cfi_offset %rbx, -24\n\t"
    "push %r12\n\t"                     ".cfi_offset %r12, -32\n\t"
    "mov %rax, %r12\n\t"
    "mov %rdx, %r8\n\t"
    "sub $2688, %rsp\n\t"
    "and $-64, %rsp\n\t"
    "mov thagi_kept_parts(%rip), %eax\n\t"
    "test %rax, %rax\n\t"
    "jz 4f\n"
    "1:\tcmp $1, %eax\n\t"
    "je 3f\n\t"
    "xor %edx, %edx\n\t"                /* the header of the area has to be 0 */
    "mov %rdx, 512(%rsp)\n\t" "mov %rdx, 520(%rsp)\n\t" "mov %rdx, 528(%rsp)\n\t"
    "mov %rdx, 536(%rsp)\n\t" "mov %rdx, 544(%rsp)\n\t" "mov %rdx, 552(%rsp)\n\t"
    "mov %rdx, 560(%rsp)\n\t" "mov %rdx, 568(%rsp)\n\t"
    "xsave64 (%rsp)\n\t"
    "mov %r8, %rdx\n\t"
    "call *%r12\n\t"
    "mov %rax, %rbx\n\t"
    "mov thagi_kept_parts(%rip), %eax\n\t"
    "xor %edx, %edx\n\t"
    "xrstor64 (%rsp)\n"
    "2:\tmov %rbx, %rax\n\t"
    "lea -16(%rbp), %rsp\n\t"
    "pop %r12\n\t" "pop %rbx\n\t" "pop %rbp\n\t"
    ".cfi_remember_state\n\t"
    ".cfi_def_cfa %rsp, 8\n\t"
    "ret\n\t"
    ".cfi_restore_state\n"
    "3:\tfxsave64 (%rsp)\n\t"
    "mov %r8, %rdx\n\t"
    "call *%r12\n\t"
    "mov %rax, %rbx\n\t"
    "fxrstor64 (%rsp)\n\t"
    "jmp 2b\n"
    "4:\tpush %rdi\n\t" "push %rsi\n\t" "push %rcx\n\t" "push %r8\n\t"
    "call thagi_kept_prepare\n\t"
    "pop %r8\n\t" "pop %rcx\n\t" "pop %rsi\n\t" "pop %rdi\n\t"
    "mov thagi_kept_parts(%rip), %eax\n\t"
    "jmp 1b\n\t"
    END("thagi_kept_call")
);
/* clang-format on */

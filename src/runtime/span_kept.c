/*
 * span_kept.c - begin and end for code that calls without a word to its compiler: x86-64, System V.
 *
 * What thag-cc compiles has THAG_PROFILED() as one asm statement that keeps all registers
 * (thag_profiler.h). A compiler does not see a call in it, so it spills nothing around it, and a
 * function that is not profiled pays a test and a branch. The price is here: every register is the
 * caller's.
 *
 * thag_span_keep_begin and _end save the general registers, and call what follows first: functions that
 * are compiled for general registers alone (see CMakeLists.txt), do the usual work, and call nothing.
 * What is not usual they leave untouched to span_stack.c; as that may come to any code of libc's, the
 * vector registers are saved around it, whatever of them the processor has.
 *
 * The convention: r10 has the site or the token, and takes the token back; r11 has the address that the
 * caller goes on at, for those who unwind the stack: the call itself stands in a part of the code that has
 * no entry in .eh_frame. The stack pointer is 128 lower than the caller's, whose red zone that is.
 */
#include "runtime/cell_map.h"
#include "runtime/span_work.h"

#ifdef __SSE2__
#error "span_kept.c: its callers' vector registers are not saved: compile it with -mgeneral-regs-only"
#endif

/* Called by the assembler code below. */
thag_token thagi_kept_begin(const thag_site *site, uint64_t where);
thag_token thagi_kept_begin_unusual(const thag_site *site, uint64_t where);
uint64_t thagi_kept_end(thag_token token, uintptr_t sp);
void thagi_kept_end_unusual(thag_token token, uintptr_t sp, uint64_t now);
void thagi_kept_prepare(void);
uint32_t thagi_kept_parts; /* what xsave has to save; FXSAVE: there is no xsave; 0: not known yet */

/* What thagi_kept_end() returns beside a time. */
enum { UNUSUAL = 0, DONE = 1 };

/* Timed fully, or sampled: no closed frames, no pauses, a counter for a clock. */
FORCED int is_plain(uintptr_t state)
{
    return THAGI_LIKELY(state - 1 < THAGI_TASK_SAMPLING);
}

/* --- begin ------------------------------------------------------------------------------------- */

/* The guess was wrong: a path that this slot knows all the same, or NULL. */
static OUT_OF_WAY thagi_cell *known_child(const thagi_thread *thread, thagi_cell *parent,
                                          const thag_site *site)
{
    thagi_cell *before = parent->last, *cell = before;
    if (before->site != site) cell = thagi_cell_find(&thread->cells, parent, (uintptr_t)site);
    if (cell) thagi_learn_next(thread, before, cell);
    return cell;
}

thag_token thagi_kept_begin(const thag_site *site, uint64_t where)
{
    thagi_task *task = thagi_current;
    if (!is_plain(task->state)) return 0;
    task->state = THAGI_WHERE_SP(where);
    ORDERED();
    trace_frame *top = task->top;
    thagi_cell *parent = thagi_frame_cell(top), *cell = parent->last->next;
    if (THAGI_UNLIKELY(cell->site != site)) cell = known_child(task->thread, parent, site);
    uint64_t start = 0;
    if (THAGI_LIKELY(cell != NULL) && thagi_has_room(task, top, where)) {
        trace_frame *frame = thagi_push_known(task, top, parent, cell, where);
        if (task->thread->sample_period) start = thagi_sample_token(task, cell, frame);
        if (!start) start = thagi_plat_counter() - task->shift;
        frame->start_ticks = start;
    }
    ORDERED();
    task->state = task->idle;
    return start;
}

thag_token thagi_kept_begin_unusual(const thag_site *site, uint64_t where)
{
    thagi_task *task = thagi_current;
    if (!is_plain(task->state)) return thagi_span_begin_slow(task, site, where);
    task->state = THAGI_WHERE_SP(where);
    ORDERED();
    return thagi_span_begin_held(task, site, where);
}

/* --- end --------------------------------------------------------------------------------------- */

/* As thagi_commit(), with a vector register that is given back at once. */
FORCED void commit_kept(thagi_cell *cell, uint64_t ticks)
{
    typedef struct __attribute__((__may_alias__)) {
        uint64_t calls, ticks;
    } sums;
    sums saved;
    uint64_t calls = cell->calls + 1, sum = cell->ticks + ticks;
    __asm__ volatile("movups %%xmm0, %[saved]\n\t"
                     "movq %[calls], %%xmm0\n\t"
                     "movhps %[sum], %%xmm0\n\t"
                     "movups %%xmm0, %[sums]\n\t"
                     "movups %[saved], %%xmm0"
                     : [saved] "=&m"(saved), [sums] "=m"(*(sums *)(void *)&cell->calls)
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

/* A timed call of the held task's top frame ends. 0: nothing is counted yet. */
FORCED int count_timed(thagi_task *task, thag_token token, uint64_t now)
{
    uint64_t ticks = now - task->shift - token;
    if (THAGI_UNLIKELY((int64_t)ticks < 0) ||
        !thagi_timeline_fits(task->thread, thagi_frame_cell(task->top)->node, ticks, now) ||
        !thagi_settle_before(task->thread->shared))
        return 0;
    ORDERED(); /* to load again is cheaper than to keep in registers that have to be saved */
    trace_frame *top = task->top;
    thagi_thread *thread = task->thread;
    thagi_cell *cell = thagi_frame_cell(top);
    thagi_commit_begin(thread->shared, cell, ticks, now);
    commit_kept(cell, thagi_weighted(thread, cell, ticks, now - ticks));
    top->start_ticks = 0;
    task->top = top - 1;
    thagi_timeline_put_short(thread, cell->node, ticks, now);
    return 1;
}

/* DONE, UNUSUAL and nothing has changed, or the time of the end: the task is held, and nothing is counted. */
uint64_t thagi_kept_end(thag_token token, uintptr_t sp)
{
    thagi_task *task = thagi_current;
    if (!is_plain(task->state)) return UNUSUAL;
    task->state = sp;
    ORDERED();
    uint64_t result = DONE;
    trace_frame *top = task->top;
    if (THAGI_UNLIKELY(top->start_ticks != token)) {
        result = UNUSUAL;
    } else if (token & TRACE_UNTIMED_BIT) {
        if (thagi_untimed_since(task, top) > (int64_t)thagi_long_ticks(task->thread))
            result = UNUSUAL;
        else
            count_untimed(task, top);
    } else {
        uint64_t now = thagi_plat_counter();
        if (!count_timed(task, token, now)) return now;
    }
    ORDERED();
    task->state = task->idle;
    return result;
}

void thagi_kept_end_unusual(thag_token token, uintptr_t sp, uint64_t now)
{
    thagi_task *task = thagi_current;
    if (now != UNUSUAL) {
        thagi_span_pop_held(task, now);
    } else if (is_plain(task->state)) {
        task->state = sp;
        ORDERED();
        thagi_span_end_held(task, token);
    } else {
        thagi_span_end_slow(task, token, sp);
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

/* clang-format off */
#define SAVE_GENERAL \
    "endbr64\n\t" \
    ".cfi_def_cfa_offset 136\n\t"       /* the caller's stack pointer, less what it skipped */ \
    ".cfi_register %rip, %r11\n\t" \
    "push %r11\n\t"                     ".cfi_def_cfa_offset 144\n\t" ".cfi_offset %rip, -144\n\t" \
    "push %rax\n\t" "push %rcx\n\t" "push %rdx\n\t" "push %rsi\n\t" \
    "push %rdi\n\t" "push %r8\n\t" "push %r9\n\t" \
    ".cfi_def_cfa_offset 200\n\t" \
    "mov %r10, %rdi\n\t" \
    "lea 200(%rsp), %rsi\n\t"
#define SAVE_ARGUMENTS \
    "push %rdi\n\t" "push %rsi\n\t"     ".cfi_def_cfa_offset 216\n\t"
#define RESTORE_GENERAL \
    "add $16, %rsp\n\t"                 ".cfi_def_cfa_offset 200\n\t" \
    "pop %r9\n\t" "pop %r8\n\t" "pop %rdi\n\t" \
    "pop %rsi\n\t" "pop %rdx\n\t" "pop %rcx\n\t" "pop %rax\n\t" \
    ".cfi_def_cfa_offset 144\n\t" \
    "pop %r11\n\t"                      ".cfi_def_cfa_offset 136\n\t" ".cfi_register %rip, %r11\n\t" \
    "ret\n\t"
#define FUNCTION(name) \
    ".p2align 4\n\t" ".type " name ", @function\n" name ":\n\t" ".cfi_startproc\n\t"
#define END(name) ".cfi_endproc\n\t" ".size " name ", .-" name "\n\t"

__asm__(
    ".text\n\t"
    ".globl thag_span_keep_begin\n\t"
    FUNCTION("thag_span_keep_begin")
    SAVE_GENERAL
    "shl $16, %rsi\n\t"                 /* THAGI_WHERE() of the caller */
    "movzwl 64(%rsp), %eax\n\t"
    "or %rax, %rsi\n\t"
    SAVE_ARGUMENTS
    "call thagi_kept_begin\n\t"
    "test %rax, %rax\n\t"
    "jz 2f\n"
    "1:\tmov %rax, %r10\n\t"
    ".cfi_remember_state\n\t"
    RESTORE_GENERAL
    ".cfi_restore_state\n"
    "2:\tmov 8(%rsp), %rdi\n\t"
    "mov (%rsp), %rsi\n\t"
    "lea thagi_kept_begin_unusual(%rip), %rax\n\t"
    "call thagi_kept_call\n\t"
    "jmp 1b\n\t"
    END("thag_span_keep_begin")

    ".globl thag_span_keep_end\n\t"
    FUNCTION("thag_span_keep_end")
    SAVE_GENERAL
    SAVE_ARGUMENTS
    "call thagi_kept_end\n\t"
    "cmp $1, %rax\n\t"
    "jne 2f\n"
    "1:\t"
    ".cfi_remember_state\n\t"
    RESTORE_GENERAL
    ".cfi_restore_state\n"
    "2:\tmov 8(%rsp), %rdi\n\t"
    "mov (%rsp), %rsi\n\t"
    "mov %rax, %rdx\n\t"
    "lea thagi_kept_end_unusual(%rip), %rax\n\t"
    "call thagi_kept_call\n\t"
    "jmp 1b\n\t"
    END("thag_span_keep_end")

    /* rax(rdi, rsi, rdx), with all vector registers kept. The area of xsave is at most 2,688 bytes. */
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
    "test %eax, %eax\n\t"
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
    "4:\tpush %rdi\n\t" "push %rsi\n\t" "push %r8\n\t" "push %r8\n\t"
    "call thagi_kept_prepare\n\t"
    "pop %r8\n\t" "pop %r8\n\t" "pop %rsi\n\t" "pop %rdi\n\t"
    "mov thagi_kept_parts(%rip), %eax\n\t"
    "jmp 1b\n\t"
    END("thagi_kept_call")
);
/* clang-format on */

/*
 * eh_frame.h - how to get from a return address to the caller's: read from .eh_frame, once for each
 * return address, and kept by the caller in a few bytes.
 *
 * Not the unwinders of libgcc or libunwind: they take locks, allocate at first use, and cost
 * microseconds. This one knows what compilers write for ordinary code: a frame whose address (CFA)
 * is that of the stack pointer or of the frame pointer plus a number, with the return address on top.
 * For the rest it says so. x86-64; elsewhere everything is UNKNOWN, and frame pointers have to do.
 */
#ifndef THAGI_EH_FRAME_H
#define THAGI_EH_FRAME_H

#include <stdint.h>

#include "platform/platform.h"

/* How to find the frame of the function that a return address is in. */
typedef enum thagi_unwind_rule {
    THAGI_UNWIND_SP,       /* CFA = stack pointer after the return + offset */
    THAGI_UNWIND_BP,       /* CFA = frame pointer + offset */
    THAGI_UNWIND_BP_DEREF, /* CFA = what stands at frame pointer + offset: a realigned stack */
    THAGI_UNWIND_SIGNAL,   /* the kernel's frame: registers stand on the stack */
    THAGI_UNWIND_END,      /* the outermost frame */
    THAGI_UNWIND_UNKNOWN   /* no information, or of a kind that we do not read */
} thagi_unwind_rule;

enum { THAGI_BP_KEPT, THAGI_BP_AT_CFA, THAGI_BP_AT_BP };

typedef struct thagi_unwind_row {
    uint8_t rule;      /* enum thagi_unwind_rule */
    uint8_t bp_rule;   /* where the caller's frame pointer is: untouched, at CFA + bp, at bp + bp */
    uint16_t is_plain; /* its user's: 0 */
    int32_t offset;
    int32_t bp;
} thagi_unwind_row;

/** The row for a call that returns to `address`, which lies in `object`. Reads the object's memory. */
thagi_unwind_row thagi_eh_frame_row(const thagi_plat_object *object, uintptr_t address);

#endif

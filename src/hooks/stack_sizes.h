/*
 * stack_sizes.h - how large memory is that may be a stack.
 */
#ifndef THAGI_STACK_SIZES_H
#define THAGI_STACK_SIZES_H

#include <stddef.h>

#define HOOKS_STACK_LEAST       ((size_t)8 << 10)
#define HOOKS_STACK_MOST        ((size_t)64 << 20)
#define HOOKS_STACK_SIZE(bytes) ((bytes)-HOOKS_STACK_LEAST <= HOOKS_STACK_MOST - HOOKS_STACK_LEAST)

#endif

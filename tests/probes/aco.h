/*
 * aco.h - a stand-in: the part of libaco's interface that the probes use. Coroutines share one stack; what
 * one has on it is copied away when another is resumed. On x86-64, by the switch of minicoro's stand-in.
 */
#ifndef ACO_H
#define ACO_H

#include <stdlib.h>
#include <string.h>

#include "minicoro.h"

enum { ACO_STACK = 64 * 1024 };

typedef struct aco_s aco_t;
typedef void (*aco_cofuncp_t)(void);

typedef struct aco_share_stack {
    aco_t *owner; /* whose stack lies there now */
    char *bytes;
} aco_share_stack_t;

struct aco_s {
    mco_coro switched;      /* `place` and `resumer` of it */
    aco_cofuncp_t function; /* as `fp`, which libaco itself does not look at again */
    aco_t *main_co;
    void *arg;
    char is_end;
    aco_cofuncp_t fp;
    aco_share_stack_t *share_stack;
    char *saved;
    size_t saved_bytes;
};

static __thread aco_t *aco_gtls_co;
#define aco_get_arg() (aco_gtls_co->arg)

static void aco_begin_(mco_coro *co)
{
    /* The first thing that struct aco_s has. */
    ((aco_t *)(void *)co)->function();
}

static void aco_thread_init(aco_cofuncp_t last_word)
{
    (void)last_word;
}

static aco_share_stack_t *aco_share_stack_new(size_t bytes)
{
    aco_share_stack_t *stack = calloc(1, sizeof *stack);
    (void)bytes;
    stack->bytes = aligned_alloc(64, ACO_STACK);
    return stack;
}

static char *aco_top_(const aco_t *co)
{
    return co->share_stack->bytes + ACO_STACK;
}

static aco_t *aco_create(aco_t *main_co, aco_share_stack_t *stack, size_t save_bytes,
                         aco_cofuncp_t function, void *arg)
{
    aco_t *co = calloc(1, sizeof *co);
    (void)save_bytes;
    co->main_co = main_co;
    co->share_stack = stack;
    co->fp = co->function = function;
    co->arg = arg;
    return co;
}

static void aco_copy_away_(aco_t *co)
{
    co->saved_bytes = (size_t)(aco_top_(co) - (char *)co->switched.place);
    co->saved = realloc(co->saved, co->saved_bytes);
    memcpy(co->saved, co->switched.place, co->saved_bytes);
}

static void aco_resume(aco_t *co)
{
    aco_share_stack_t *stack = co->share_stack;
    if (stack->owner && stack->owner != co) aco_copy_away_(stack->owner);
    if (!co->switched.place) {
        co->switched.func = aco_begin_;
        mco_prepare_(&co->switched, stack->bytes, ACO_STACK);
    } else if (stack->owner != co) {
        memcpy(co->switched.place, co->saved, co->saved_bytes);
    }
    stack->owner = co;
    aco_gtls_co = co;
    mco_switch_(&co->switched.resumer, &co->switched.place);
    aco_gtls_co = NULL;
}

static void aco_yield(void)
{
    aco_t *co = aco_gtls_co;
    mco_switch_(&co->switched.place, &co->switched.resumer);
}

static void aco_exit(void)
{
    aco_gtls_co->is_end = 1;
    aco_gtls_co->share_stack->owner = NULL;
    aco_yield();
}

static void aco_destroy(aco_t *co)
{
    if (co->share_stack && co->share_stack->owner == co) co->share_stack->owner = NULL;
    free(co->saved);
    free(co);
}

static void aco_share_stack_destroy(aco_share_stack_t *stack)
{
    free(stack->bytes);
    free(stack);
}

#endif

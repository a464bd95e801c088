/*
 * watch_hook.c - with libthag_async stacks are watched from the start: what no hook sees, they tell.
 */
#include "hooks/hooks.h"

__attribute__((__constructor__(101))) static void start(void)
{
    thag_stack_watch();
}

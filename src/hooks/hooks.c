#include "hooks/hooks.h"

#include <dlfcn.h>

/* A conversion that C has no word for. */
void hooks_find(void *function, const char *name)
{
    void *address = dlsym(RTLD_NEXT, name);
    __builtin_memcpy(function, &address, sizeof address);
}

/* Of all that are loaded the dynamic linker takes the first for the one name, and ours for the other. */
char thagi_task_hooks;
extern char own_task_hooks __attribute__((__alias__("thagi_task_hooks"), __visibility__("hidden")));

int hooks_come_first(void)
{
    return &thagi_task_hooks == &own_task_hooks;
}

void hooks_jump_to(uintptr_t sp)
{
    if (!THAG_ACTIVE_ || !sp || !hooks_come_first()) return;
    thag_task *to = thag_stack_task(sp),
              *from = thag_stack_task((uintptr_t)__builtin_frame_address(0));
    if (to == from)
        thag_stack_cut(sp);
    else
        thag_task_switch(to);
}

const char *hooks_name_of(void *function, const char *otherwise)
{
    Dl_info info;
    return dladdr(function, &info) && info.dli_sname && info.dli_saddr == function ? info.dli_sname
                                                                                   : otherwise;
}

#include "hooks/hooks.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

/* A conversion that C has no word for. */
void hooks_find(void *function, const char *name)
{
    void *address = dlsym(RTLD_NEXT, name);
    memcpy(function, &address, sizeof address);
}

void hooks_need(void *function, const char *name)
{
    static const char what[] = "thag_profiler: nothing stands behind the hook of ",
                      why[] = ": a program that is linked with -static cannot have it "
                              "(leave libthag_async.a and libthag_functions.a out)\n";
    void *address = dlsym(RTLD_NEXT, name);
    if (!address) {
        if (write(2, what, sizeof what - 1) < 0 || write(2, name, strlen(name)) < 0 ||
            write(2, why, sizeof why - 1) < 0)
            _exit(127);
        _exit(127);
    }
    memcpy(function, &address, sizeof address);
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

#include "fault/fault.h"

#include <errno.h>
#include <string.h>

const char *thag_err_text(thag_err err)
{
    switch (err) {
#define THAG_ERR_TEXT(id, code, text) \
    case id: return text;
        THAG_ERRORS(THAG_ERR_TEXT)
#undef THAG_ERR_TEXT
    }
    return "unknown error";
}

static void fault_copy(char *to, size_t room, const char *from)
{
    size_t len = strlen(from);

    if (len >= room) len = room - 1;
    memcpy(to, from, len);
    to[len] = '\0';
}

static int fault_is_system(thag_err err)
{
    return err == THAG_ERR_OPEN || err == THAG_ERR_READ || err == THAG_ERR_WRITE;
}

thag_err fault_set(fault *f, thag_err err, uint64_t offset, const char *what)
{
    if (!f) return err;
    f->os_errno = fault_is_system(err) ? errno : 0;
    f->err = err;
    f->offset = offset;
    f->line = 0;
    f->path[0] = '\0';
    fault_copy(f->what, sizeof f->what, what ? what : "");
    return err;
}

void fault_set_path(fault *f, const char *path)
{
    if (f && f->path[0] == '\0' && path) fault_copy(f->path, sizeof f->path, path);
}

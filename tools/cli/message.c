#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/message.h"
#include "cli/progress.h"
#include "output/utf8.h"

static const char *program = "thag";

void message_program(const char *name)
{
    program = name;
}

const char *message_program_name(void)
{
    return program;
}

/* ---- messages ---- */

int complain(int status, const char *subject, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    progress_end();
    fprintf(stderr, "%s: ", program);
    if (subject) {
        utf8_put_plain(stderr, subject, strlen(subject), SIZE_MAX);
        fputs(": ", stderr);
    }
    utf8_put_plain(stderr, text, strlen(text), SIZE_MAX);
    fputc('\n', stderr);
    return status;
}

static int fault_status(thag_err err)
{
    switch (err) {
    case THAG_OK: return EXIT_FINE;
    case THAG_ERR_EMPTY: return EXIT_NOTHING;
    case THAG_ERR_PATTERN: return EXIT_USAGE;
    case THAG_ERR_MEMORY:
    case THAG_ERR_OPEN:
    case THAG_ERR_READ:
    case THAG_ERR_WRITE: return EXIT_SYSTEM;
    default: return EXIT_INPUT;
    }
}

int complain_fault(const fault *f)
{
    char where[64] = "";
    const char *subject = f->path[0] ? f->path : NULL;

    if (f->line)
        snprintf(where, sizeof where, "line %llu: ", (unsigned long long)f->line);
    else if (f->offset != UINT64_MAX)
        snprintf(where, sizeof where, "byte %llu: ", (unsigned long long)f->offset);
    /* The system's own words say it all. */
    if (f->os_errno) {
        return complain(fault_status(f->err), subject, "%s (%s)", thag_err_text(f->err),
                        strerror(f->os_errno));
    }
    return complain(fault_status(f->err), subject, "%s (%s%s)", thag_err_text(f->err), where,
                    f->what);
}

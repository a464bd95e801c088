#include "thag-analyze/command/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/memory_limit.h"
#include "cli/message.h"

#ifdef __APPLE__
#define OPENER "open"
#else
#define OPENER "xdg-open"
#endif

static int is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

int open_is_possible(void)
{
#ifdef __APPLE__
    return 1;
#else
    return is_set("BROWSER") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
#endif
}

/* In a process of its own, whose parent has ended: nobody waits for it. */
static void become(const char *program, const char *path, int report)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    char *argv[] = {(char[]){""}, strdup(path), NULL};

    argv[0] = strdup(program);
    setsid();
    for (int fd = 0; nowhere >= 0 && fd < 3; fd++) dup2(nowhere, fd);
    memory_limit_lift();
    execvp(program, argv);
    if (write(report, &errno, sizeof errno) < 0) _exit(1);
    _exit(0);
}

/* 0, or the errno of the exec that failed. */
static int start(const char *program, const char *path)
{
    int report[2], failed = 0;
    pid_t child;

    if (pipe2(report, O_CLOEXEC)) return errno;
    fflush(NULL);
    child = fork();
    if (child < 0) failed = errno;
    if (child == 0) {
        pid_t browser = fork();

        if (browser == 0) become(program, path, report[1]);
        _exit(browser < 0);
    }
    close(report[1]);
    if (child > 0) {
        waitpid(child, NULL, 0);
        /* Closed by a successful exec: nothing to read. */
        if (read(report[0], &failed, sizeof failed) != (ssize_t)sizeof failed) failed = 0;
    }
    close(report[0]);
    return failed;
}

int open_in_browser(const char *path)
{
    /* The first of $BROWSER's list, which has colons between. */
    const char *list = is_set("BROWSER") ? getenv("BROWSER") : OPENER;
    char program[1024], absolute[4200];
    int failed;

    if (!open_is_possible()) {
        return complain(EXIT_SYSTEM, path, "no display to open it on (BROWSER names a program)");
    }
    snprintf(program, sizeof program, "%.*s", (int)strcspn(list, ":"), list);
    /* A name that begins with - is no option to the browser. */
    snprintf(absolute, sizeof absolute, "%s%s", *path == '/' ? "" : "./", path);
    failed = start(program, absolute);
    if (!failed) return EXIT_FINE;
    return complain(EXIT_SYSTEM, program, "cannot start (%s)", strerror(failed));
}

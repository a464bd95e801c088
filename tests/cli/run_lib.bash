# Sourced by the cases of thag-run and thag-cc: programs to run, and what differs from run to run taken
# out of what is said.
[ -z "${SANITIZERS-}" ] || { echo "the library that was built needs a sanitizer"; exit 77; }
root=$CASES/../..
library=$(dirname "$(command -v thag-run)")/../src/runtime/libthag_profiler.a

# build NAME [OPTION...] <source
build()
{
    cc -O1 -x c -I "$root/include" "${@:2}" - -x none "$library" -lpthread -o "$1"
}

# A program that calls work() ten times, and ends as its argument says.
build_program()
{
    build "$1" "-DENABLE=THAG_ENABLE_PROFILING(${2-runtime})" -DTHAG_TIME_PROFILING <<'C'
#include "thag_profiler.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void work(void) { THAG_PROFILED(); }
int main(int argc, char **argv)
{
    ENABLE;
    const char *how = argc > 1 ? argv[1] : "0";
    char line[80];

    for (int i = 0; i < 10; i++) work();
    if (strcmp(how, "copy") == 0) while (fgets(line, sizeof line, stdin)) fputs(line, stdout);
    if (strcmp(how, "signal") == 0) raise(atoi(argv[2]));
    if (strcmp(how, "fork") == 0 && fork() == 0) { work(); _exit(0); }
    if (strcmp(how, "become") == 0) execvp(argv[2], argv + 2);
    while (wait(NULL) > 0) continue;
    return atoi(how);
}
C
}

# Date, process id and folder differ from run to run.
plain()
{
    sed -E "s|$PWD|DIR|g; s/-[0-9]{8}-[0-9]{6}(-[0-9]+)*/-DATE/g"
}

# calls FUNCTION: from the table on stdin
calls() { awk -v f="$1" '$1 == f { print f, $2 }'; }

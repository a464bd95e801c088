# A single source file is compiled with profiling and run.
. "$CASES/run_lib.bash"
export TMPDIR=$PWD/tmp
mkdir tmp
cat >prog.c <<'C'
/* thag: cflags=-O1 "-DGREETING=\"good day\"" libs=-lm */
#include <math.h>
#include <stdio.h>
static double half_of(double x)
{
    return sqrt(x * x) / 2;
}
int main(int argc, char **argv)
{
    for (int i = 0; i < 5; i++) half_of(argc);
    printf("%s %s %.1f\n", GREETING, argv[1], half_of(argc));
    return argc;
}
C
thag-run prog.c there 2>table
echo "status $?"
calls half_of <table
grep -c 'trace: .*/prog-' table
printf '// thag: nonsense\nint main(void) { return 0; }\n' >header.c
thag-run header.c
echo "status $?"
printf 'int main(void) { return 0 }\n' >wrong.c
thag-run wrong.c 2>&1 | grep -v '^ '
ls tmp
cat >leak.c <<'C'
#include <stdlib.h>
void *volatile kept;
static void work(void)
{
    kept = malloc(77);
}
int main(void)
{
    work();
    return 0;
}
C
thag-run -q --memory leak.c 2>/dev/null
rm -f ./prog*
mkdir elsewhere && mv leak-* elsewhere # the program is gone from where it ran, and found beside the trace
thag-analyze leaks --lines elsewhere/leak-*.thag | grep -o '77 .*leak.c:5'
find . -name '*.program' | wc -l
ls tmp

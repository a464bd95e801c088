# Nothing was recorded, and why.
. "$CASES/run_lib.bash"
build_program off no
build plain <<<'int main(void) { return 3; }'
build empty -DTHAG_TIME_PROFILING <<'C'
#include "thag_profiler.h"
int main(void)
{
    thag_enable_profiling(THAG_MODE_runtime);
    return 4;
}
C
strip off
printf '#! /bin/sh\nexit 5\n' >script
chmod +x script
for program in off plain script; do
    thag-run ./$program
    echo "status $?"
done
cc -static -x c - -o static <<<'int main(void) { return 6; }'
thag-run --memory ./static
echo "status $?"
thag-run ./empty 2>&1 | plain
echo 'exit 7' >no_interpreter
printf '#!/nowhere/at all\n' >lost_interpreter
: >empty_file
chmod +x no_interpreter lost_interpreter empty_file
for program in no_interpreter lost_interpreter empty_file; do
    thag-run ./$program
    echo "status $?"
done
thag-run -o off/traces ./plain 2>&1 | plain
# Compiled with -pg: counted, but not timed.
cc -pg -x c - -o counted <<<'int main(void) { return 8; }'
cc -pg -mfentry -x c - -o counted_first <<<'int main(void) { return 9; }'
for program in counted counted_first; do
    thag-run ./$program
    echo "status $?"
done
# What cannot be run.
mkdir folder
: >data
for program in ./folder ./data plain; do
    thag-run $program
    echo "status $?"
done
# Memory of what has only half of the profiler in it.
build_program half
thag-run --memory ./half

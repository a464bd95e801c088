# The table counts every call once; files go where they are told to.
. "$CASES/run_lib.bash"
build_program prog
build_program fixed yes
thag-run ./prog 2>&1 | calls work
thag-run -q ./prog 2>&1 | plain
echo "a forked child is added"
thag-run -o new/folder ./prog fork 2>&1 | tee said | calls work
tail -n 3 said | plain
echo "what the program becomes"
thag-run -o become ./prog become ./prog 2>&1 | calls work
echo "a mode that is fixed in the source takes no directory"
thag-run -q -o other ./fixed 2>&1 | plain
echo "memory of a program that was never rebuilt"
cc -O0 -x c - -o plain <<C
#include <stdlib.h>
int main(void) { return malloc(123456) == NULL; }
C
thag-run --memory ./plain 2>&1 | grep -o 'allocated.*at one time'
echo "programs that it starts"
thag-run --children -o children sh -c './prog; ./prog; true' 2>&1 | calls work
thag-run -q -o children sh -c './prog; true' 2>&1 | head -n 1
find children -name '*.thag' | wc -l

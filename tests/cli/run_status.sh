# thag-run ends as the program ended, and adds nothing to its output.
. "$CASES/run_lib.bash"
build_program prog
thag-run -q ./prog 7 2>/dev/null
echo "status $?"
for signal in 9 15 6; do
    (thag-run -q ./prog signal $signal 2>/dev/null; echo "status $?") 2>/dev/null
done
echo "passed through" | thag-run -q ./prog copy 2>/dev/null
thag-run -q ./nothing
echo "status $?"
touch not_executable
thag-run -q ./not_executable
echo "status $?"
thag-run
echo "status $?"
thag-run --sample=x ./prog
echo "status $?"
thag-run --nothing ./prog
echo "status $?"
thag-run -o a,b ./prog 2>&1 | plain
PATH=$PWD:$PATH thag-run -q prog 3 2>/dev/null
echo "status $?"

# thag-cc's calls keep the registers, the red zone and the alignment of whatever they stand in; and a
# debugger finds the way through them.
. "$CASES/run_lib.bash"
export THAG_CC_CALLS=asm
cp "$CASES/cc_registers.c" prog.c
flags=(-w -Wno-psabi -Wl,--no-warn-execstack)
gcc -O1 "${flags[@]}" prog.c -o plain && ./plain >plain.out

# checked FLAGS...: the program's output, off and on; what was counted, and lost
checked()
{
    thag-cc gcc "${flags[@]}" "$@" prog.c -o prog || return
    ./prog | cmp - plain.out
    for sample in 1 4; do
        THAG_SAMPLE=$sample THAG_PROFILER=time,traces ./prog | cmp - plain.out
        thag-analyze info traces/*.thag | grep -E 'without|lost'
        thag-analyze stats --csv traces/*.thag | grep -cE '^"(leaf|nested|sized|pair|loop)",100,|^"(eight|variadic)",[12]00,|^"(factorial|jumps)",[16]000?,'
        rm -rf traces
    done | uniq | xargs echo "$*:"
}
checked -O0
checked -O2 -fPIC
checked -O2 -fstack-protector-strong -fcf-protection
checked -O3 -flto
checked -Os -static
checked -O2 -mno-red-zone
checked -O2 -masm=intel
if grep -qw avx2 /proc/cpuinfo; then checked -O3 -mavx2; else checked -O3; fi | sed 's/-O3.*:/vectors:/'

# From the inside of the runtime, at the first call of a path, to main.
command -v gdb >/dev/null && grep -q '^flags.*sse2' /proc/cpuinfo || { echo "leaf all main"; echo calibrated; exit 0; }
thag-cc gcc "${flags[@]}" -O2 -g prog.c -o prog
THAG_PROFILER=time,traces gdb -batch -ex 'break leaf' -ex run -ex delete -ex 'break thagi_kept_begin' \
    -ex continue -ex bt prog >gdb.out 2>&1 </dev/null
sed -nE 's/^#[0-9].* (leaf|all|main) \(.*/\1/p' gdb.out | tail -n 3 | xargs
# What a span costs is learned with these calls.
THAG_PROFILER=time,traces gdb -batch -ex 'set breakpoint pending on' -ex 'break thagi_kept_probe' -ex run -ex bt prog \
    >gdb.out 2>&1 </dev/null
grep -q '^#.* thagi_calibrate (' gdb.out && echo calibrated

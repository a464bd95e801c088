# thag-cc's calls that keep registers count what those in C count, whatever is switched on and off in between.
. "$CASES/run_lib.bash"
cp "$CASES/cc_toggled.c" prog.c

# counted CALLS FLAGS...: what the program and its child have recorded and lost, every call timed and not
counted()
{
    local calls=$1
    shift
    THAG_CC_CALLS=$calls thag-cc gcc -w "$@" prog.c -o prog || return
    for sample in 1 4; do
        THAG_SAMPLE=$sample THAG_PROFILER=time,traces ./prog
        for trace in traces/*.thag; do
            thag-analyze info "$trace" | grep -E 'without|lost|stray'
            thag-analyze stats --csv "$trace" | cut -d, -f1,2
        done | sort # which trace comes first depends on the moment
        rm -rf traces
    done
}
# compared FLAGS...
compared()
{
    counted c "$@" >c.out 2>&1
    counted asm "$@" >asm.out 2>&1
    grep -q '^"leaf",' c.out && diff c.out asm.out && echo "$*: as in C"
}
compared -O0
compared -O2
compared -O3 -fPIC
compared -O2 -fno-omit-frame-pointer
compared -Os -flto
grep -E '^"(paused|toggled|leaf|sized|quiet|caught|children|forked)",[1-9]' asm.out | sort | uniq -c | sed 's/^ *//'

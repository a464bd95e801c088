# What is filtered or merged into a .thag file is read again with times, percentiles and memory.
. "$CASES/run_lib.bash"
cat >prog.c <<'C'
#include "thag_profiler.h"
#include <stdlib.h>
static void *volatile kept[10];
static void leaf(int i) { THAG_PROFILED(); void *volatile p = malloc(100 + (size_t)i); free(p); }
static void work(int i) { THAG_PROFILED(); kept[i] = malloc(2000); for (int k = 0; k < 5; k++) leaf(k); }
static void idle(void) { THAG_PROFILED(); }
int main(void) { THAG_ENABLE_PROFILING(runtime); for (int i = 0; i < 10; i++) work(i), idle(); return 0; }
C
heap=$(dirname "$library")/../heap/libthag_heap.a
cc -O1 -g -DTHAG_FULL_PROFILING -I "$root/include" prog.c "$heap" "$library" -lpthread -ldl -o prog
for run in a b; do
    thag-run -q --both -o $run ./prog >said 2>&1 || cat said
    mv $run/*.thag $run.thag
done

# same A... -- B...: is the answer to every question the same?
same()
{
    local first=()
    while [ "$1" != -- ]; do first+=("$1"); shift; done
    shift
    local command
    for command in "stats --json" "stats --csv" "stats --memory --json" "leaks --csv" "peak --csv" \
        "temporary --csv" "export --format=csv -o -"; do
        # shellcheck disable=SC2086
        diff <(thag-analyze $command "${first[@]}" 2>/dev/null | sort) \
            <(thag-analyze $command "$@" 2>/dev/null | sort) >difference ||
            { echo "$command differs:"; cat difference; }
    done
}
echo "merge"
thag-analyze merge -o ab.thag a.thag b.thag
same a.thag b.thag -- ab.thag
thag-analyze stats --csv ab.thag | cut -d, -f1,2 | sort
thag-analyze leaks --csv ab.thag | cut -d, -f1-3
thag-analyze sizes --csv ab.thag
echo "merged again"
cp a.thag c.thag
thag-analyze merge -o abc.thag ab.thag c.thag
same a.thag b.thag c.thag -- abc.thag
thag-analyze info abc.thag | grep 'made from'
echo "filter"
thag-analyze filter --focus=work --hide=leaf -o part.thag a.thag
same --focus=work --hide=leaf a.thag -- part.thag
thag-analyze stats --csv part.thag | cut -d, -f1,2 | sort
echo "a part of the run"
thag-analyze filter --by-thread --format=thag a.thag | thag-analyze stats --csv - | grep -c '^"thread'
echo "what it has not"
thag-analyze flamechart part.thag -o x.svg
thag-analyze merge --format=thag a.thag b.thag | thag-analyze diff - ab.thag | grep -v "^total"
echo "memory by column, and of a part of the tree"
thag-analyze stats --memory --sort=blocks --csv a.thag | cut -d, -f1,3,4
thag-analyze stats --memory --filter=leaf --csv a.thag | cut -d, -f1,3,4
thag-analyze stats --memory --sort=p99 a.thag
thag-analyze stats --sort=live a.thag
thag-analyze leaks --lines a.thag | sed -n 2p
thag-analyze leaks --hide=work --csv a.thag | sed -n 2p
thag-analyze peak --callees=leaf --csv a.thag
thag-analyze temporary --ignore=leaf a.thag

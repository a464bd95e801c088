# What a program maps itself is a pool with --mappings, and not seen without.
. "$CASES/run_lib.bash"
cc -x c - -o maps <<'C'
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
int main(void)
{
    void *volatile block = malloc(100);
    void *volatile pages = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    free(block);
    return pages == MAP_FAILED;
}
C
for option in --memory --mappings; do
    rm -rf out
    thag-run -q -o out $option ./maps >said 2>&1 || cat said
    echo "$option"
    thag-analyze pools out/*.thag 2>&1 | sed -E "s,out/[^ :]*,TRACE,; s,maps-[0-9-]+,TRACE,"
done

# The callbacks of an event loop are seen in a program that was never rebuilt; without the option there is a word of it.
. "$CASES/run_lib.bash"
pkg-config --exists libuv || exit 77
cc -g $(pkg-config --cflags libuv) -x c - -x none $(pkg-config --libs libuv) -o loop <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
static int ticks;
static void work(uv_work_t *request) { request->data = malloc(5000); }
static void after_work(uv_work_t *request, int status) { printf("%d\n", status); free(request->data); free(request); }
static void on_tick(uv_timer_t *timer)
{
    uv_queue_work(timer->loop, malloc(sizeof(uv_work_t)), work, after_work);
    if (++ticks == 3) uv_timer_stop(timer);
}
int main(void)
{
    uv_timer_t timer;
    uv_timer_init(uv_default_loop(), &timer);
    uv_timer_start(&timer, on_tick, 1, 1);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
C
thag-run ./loop
for options in --adapters '--adapters --tasks' '--adapters --both'; do
    rm -rf out
    echo "$options"
    thag-run -q -o out $options ./loop 2>said || cat said
    thag-analyze stats --csv out/*.thag | awk -F, '/async/ { print "  " $1, $2 }' | sort
    thag-analyze fold out/*.thag | grep -o '.*async::work\|.*async::after_work' | sed 's/^/  /'
done
thag-analyze fold --memory out/*.thag | grep 'async::work '

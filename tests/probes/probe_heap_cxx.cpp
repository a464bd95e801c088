/* probe_heap_cxx.cpp - every form of new and delete. See heap.sh. */
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "thag_profiler.h"

#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")

struct alignas(128) Wide {
    char bytes[256];
};

static __attribute__((noinline)) void forms()
{
    THAG_PROFILED();
    char *c = new char;
    KEEP(c);
    delete c; /* sized, where the compiler can */
    int *many = new int[100];
    KEEP(many);
    delete[] many;
    Wide *wide = new Wide; /* aligned */
    KEEP(wide);
    delete wide;
    char *quiet = new (std::nothrow) char[1000];
    KEEP(quiet);
    ::operator delete(quiet, std::nothrow);
    void *raw = ::operator new(333);
    KEEP(raw);
    ::operator delete(raw, static_cast<std::size_t>(333));
    raw = ::operator new[](512, std::align_val_t(64));
    KEEP(raw);
    ::operator delete[](raw, 512, std::align_val_t(64));
}

static __attribute__((noinline)) void throws()
{
    THAG_PROFILED();
    std::string text(100, 'x'); /* 101 */
    const char *data = text.data();
    KEEP(data);
    throw 1;
}

int main()
{
    THAG_ENABLE_PROFILING(runtime);
    forms();
    try {
        throws();
    } catch (int) {
    }
    return 0;
}

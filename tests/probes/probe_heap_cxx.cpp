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

/* More than there is: a handler is asked, then an exception comes through our operator. */
static int asked;
static void give_up()
{
    asked++;
    std::set_new_handler(nullptr);
}

[[maybe_unused]] static __attribute__((noinline)) void too_much()
{
    THAG_PROFILED();
    volatile std::size_t size = static_cast<std::size_t>(-1) / 4;
    int thrown = 0;
    std::set_new_handler(give_up);
    try {
        char *c = new char[size];
        KEEP(c);
    } catch (const std::bad_alloc &) {
        thrown++;
    }
    try {
        void *wide = ::operator new(size, std::align_val_t(64));
        KEEP(wide);
    } catch (const std::bad_alloc &) {
        thrown++;
    }
    if (new (std::nothrow) char[size]) std::abort();
    if (thrown != 2 || asked != 1) std::abort();
}

#ifdef REPLACED
/* The one operator that the program has itself: all forms that it leaves to the library come here. */
static int replaced;
void *operator new(std::size_t size)
{
    replaced++;
    void *block = std::malloc(size);
    if (!block) throw std::bad_alloc();
    return block;
}
void operator delete(void *block) noexcept
{
    std::free(block);
}
void operator delete(void *block, std::size_t) noexcept
{
    std::free(block);
}
#endif

int main()
{
    THAG_ENABLE_PROFILING(runtime);
    forms();
#ifdef REPLACED
    if (replaced != 4) std::abort(); /* one, an array, nothrow, raw; not the aligned ones */
#else
    too_much();
#endif
    try {
        throws();
    } catch (int) {
    }
    return 0;
}

// async_cases.cpp - the cases in C++, and the promise of C++20.
#include "async_cases.h"

#if __cplusplus >= 202002L
#include "thag_profiler/coroutine.hpp"

struct job {
    struct promise_type : thag::task_promise {
        promise_type() : thag::task_promise("job") {}
        job get_return_object() { return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
};

job coroutine();
job coroutine()
{
    co_await std::suspend_always{};
}
#endif

int sink;

// async_cpp20.cpp - C++20 coroutines on two threads: a promise that is a task.
#include <chrono>
#include <coroutine>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "thag_profiler/coroutine.hpp"

namespace {

std::mutex lock;
std::deque<std::coroutine_handle<>> ready;
int left = 40;

void spin_us(long us)
{
    auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(us);
    while (std::chrono::steady_clock::now() < end) {
    }
}

// Goes on on whichever thread is free.
struct yield {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) const
    {
        std::lock_guard<std::mutex> guard(lock);
        ready.push_back(self);
    }
    void await_resume() const noexcept {}
};

struct job {
    struct promise_type : thag::task_promise {
        promise_type() : thag::task_promise("order") {}
        job get_return_object()
        {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> self;
};

void price()
{
    THAG_PROFILED();
    spin_us(20);
}

job order(int items)
{
    for (int i = 0; i < items; i++) {
        price();
        co_await yield{};
    }
    std::lock_guard<std::mutex> guard(lock);
    left--;
}

void work()
{
    THAG_PROFILED();
    for (;;) {
        std::coroutine_handle<> next;
        {
            std::lock_guard<std::mutex> guard(lock);
            if (!left) return;
            if (ready.empty()) continue;
            next = ready.front();
            ready.pop_front();
        }
        next.resume();
    }
}

} // namespace

int main()
{
    THAG_ENABLE_PROFILING(yes);
    std::vector<job> jobs;

    for (int i = 0; i < left; i++) jobs.push_back(order(5));
    for (auto &j : jobs) ready.push_back(j.self);
    std::thread a(work), b(work);
    a.join();
    b.join();
    for (auto &j : jobs) j.self.destroy();
    return 0;
}

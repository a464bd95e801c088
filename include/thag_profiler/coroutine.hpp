// thag_profiler/coroutine.hpp - C++20 coroutines as tasks.
//
// A coroutine becomes a task by its promise: derive it from thag::task_promise, and let the two functions
// that every promise has come from there.
//
//     struct job {
//         struct promise_type : thag::task_promise {
//             promise_type() : thag::task_promise("job") {}
//             job get_return_object();
//             void return_void() {}
//             void unhandled_exception();
//         };
//     };
//
// initial_suspend() and final_suspend() suspend; whoever owns the coroutine resumes and destroys it.
// Each co_await leaves the task before the coroutine's handle can be seen by another thread, and enters it
// where the coroutine goes on. Symmetric transfer works: one task is left before the other is entered.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef THAG_PROFILER_COROUTINE_HPP
#define THAG_PROFILER_COROUTINE_HPP

#include <coroutine>
#include <utility>

#include "task.h"

namespace thag {

class task_promise {
    thag_task *task_ = nullptr;
    thag_task *outer_ = nullptr; // what ran where the coroutine was resumed

    template <class Awaiter> struct awaited {
        task_promise &promise;
        Awaiter awaiter;
        bool is_left = false;

        bool await_ready() { return awaiter.await_ready(); }

        template <class Promise> decltype(auto) await_suspend(std::coroutine_handle<Promise> self)
        {
            is_left = true;
            promise.leave();
            return awaiter.await_suspend(self);
        }

        decltype(auto) await_resume()
        {
            if (is_left) promise.enter();
            return awaiter.await_resume();
        }
    };

    struct first {
        task_promise &promise;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        void await_resume() const noexcept { promise.enter(); }
    };

    struct last {
        task_promise &promise;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<>) const noexcept { promise.leave(); }
        void await_resume() const noexcept {}
    };

    void enter() noexcept { outer_ = thag_task_enter(task_); }
    void leave() noexcept { thag_task_leave(outer_); }

public:
    explicit task_promise(const char *name) : task_(thag_task_begin(name)) {}
    task_promise(const task_promise &) = delete;
    task_promise &operator=(const task_promise &) = delete;
    ~task_promise() { thag_task_end(task_); }

    first initial_suspend() noexcept { return {*this}; }
    last final_suspend() noexcept { return {*this}; }

    template <class Awaitable> auto await_transform(Awaitable &&awaitable)
    {
        if constexpr (requires { std::forward<Awaitable>(awaitable).operator co_await(); }) {
            using awaiter = decltype(std::forward<Awaitable>(awaitable).operator co_await());
            return awaited<awaiter>{*this, std::forward<Awaitable>(awaitable).operator co_await()};
        } else {
            return awaited<Awaitable>{*this, std::forward<Awaitable>(awaitable)};
        }
    }
};

} // namespace thag

#endif

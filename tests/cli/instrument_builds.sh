# What was instrumented compiles without a warning, under every standard, on and off, and runs.
[ -z "${SANITIZERS-}" ] || { echo "the library that was built needs a sanitizer"; exit 77; }
root=$CASES/../..
library=$(dirname "$(command -v thag-instrument)")/../src/runtime/libthag_profiler.a
cat >a.c <<'C'
#include <stdio.h>

static int twice(a) int a; { return 2 * a; }
static int empty(void) { return 0; }
extern int listed(int x);
#ifdef ONE
int listed(int x) {
#else
int listed(int x)
{
#endif
    int y;
    y = x; return twice(y) + empty();
}

int main(void)
{
    int i, sum = 0;
    for (i = 0; i < 5; i++) { sum += listed(i); }
    printf("%d at line %d\n", sum, __LINE__);
    return 0;
}
C
cat >b.cc <<'C'
#include <cstdio>
#include <vector>

namespace n {
template <class T> struct box {
    T value;
    explicit box(T v) : value{v} { }
    T get() const { return value; }
    bool operator<(const box &o) const noexcept { return value < o.value; }
};
constexpr int fixed(int a) { return a + 1; }
}
static_assert(n::fixed(1) == 2, "");

int main()
{
    std::vector<int> v{3, 1, 2};
    int sum = 0;
    auto add = [&](int a) { sum += n::box<int>(a).get(); };
    for (auto x : v) { add(x); }
    std::printf("%d at line %d\n", sum + (n::box<int>(1) < n::box<int>(2)), __LINE__);
}
C
warn="-Wall -Wextra -Wpedantic -Wshadow -Werror -I$root/include"
thag-instrument a.c >i.c
thag-instrument b.cc >i.cc
old=-Wno-deprecated-non-prototype
for on in "" -DTHAG_TIME_PROFILING; do
    # shellcheck disable=SC2086
    {
        gcc -std=c89 $warn -Wdeclaration-after-statement $on -c i.c -o i.o || echo "gcc c89 $on"
        clang -std=c17 $warn $old -Wno-unknown-warning-option $on -c i.c -o i.o || echo "clang c17 $on"
    }
done
for std in c++11 c++20; do
    # shellcheck disable=SC2086
    g++ -std=$std $warn -DTHAG_TIME_PROFILING -c i.cc -o i.o || echo "$std"
done
gcc -DTHAG_TIME_PROFILING -I"$root/include" i.c "$library" -lpthread -o a
g++ -std=c++17 -DTHAG_TIME_PROFILING -I"$root/include" i.cc "$library" -lpthread -o b
./a && ./b
thag-analyze stats --csv a-*.thag | cut -d, -f1,2 | sort
thag-analyze stats --csv b-*.thag | cut -d, -f1,2 | sort

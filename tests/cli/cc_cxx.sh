# C++, by a CMake project that knows nothing of us.
. "$CASES/run_lib.bash"
unset CMAKE_C_COMPILER_LAUNCHER CMAKE_CXX_COMPILER_LAUNCHER # ccache may not be in front
cat >CMakeLists.txt <<'C'
cmake_minimum_required(VERSION 3.10)
project(Thing LANGUAGES C CXX)
include(CheckFunctionExists)
check_function_exists(printf HAS_PRINTF)
if(NOT HAS_PRINTF)
    message(FATAL_ERROR "the test of a feature failed")
endif()
add_library(adder STATIC adder.c)
add_executable(thing thing.cpp)
target_link_libraries(thing adder)
C
printf 'int add(int a, int b)\n{\n    return a + b;\n}\n' >adder.c
cat >thing.cpp <<'C'
#include <cstdio>
#include <stdexcept>
extern "C" int add(int, int);
namespace things {
template <class T> struct Thing {
    T value;
    explicit Thing(T v) : value(v) { if (v < 0) throw std::runtime_error("negative"); }
    T doubled() const { return add(value, value); }
};
}
int main()
{
    try { things::Thing<int> bad(-1); } catch (const std::exception &) { std::puts("caught"); }
    std::printf("%d\n", things::Thing<int>(21).doubled());
    return 0;
}
C
CC="thag-cc gcc" CXX="thag-cc g++" cmake -S . -B build >log 2>&1 && cmake --build build >>log 2>&1 || cat log
thag-run -o traces build/thing 2>table
calls add <table
grep -c Thing table

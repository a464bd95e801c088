# thag-cc by other names, and where it leaves a compiler alone: behind ccache, for 32 bits.
. "$CASES/run_lib.bash"
printf 'int half(int n) { return n / 2; }\nint main(void) { return half(10); }\n' >prog.c
cp prog.c prog.cpp
thag-gcc --version | head -n 1 | cut -d ' ' -f 1
thag-gcc prog.c -o by_gcc && thag-run ./by_gcc 2>&1 | calls half
thag-g++ prog.cpp -o by_cxx && thag-run ./by_cxx 2>&1 | calls half
mkdir first nothing
ln -s "$(command -v thag-cc)" first/gcc
PATH="$PWD/first:$PATH" gcc prog.c -o by_link && thag-run ./by_link 2>&1 | calls half
ln -s "$(command -v thag-cc)" thag-nothing
./thag-nothing prog.c
echo "nothing of that name: status $?"
# Nested builds of CMake know the compiler's path alone.
cat >CMakeLists.txt <<'C'
cmake_minimum_required(VERSION 3.10)
project(Nested LANGUAGES C)
add_executable(nested prog.c)
C
unset CMAKE_C_COMPILER_LAUNCHER
cmake -S . -B build -DCMAKE_C_COMPILER=thag-gcc >log 2>&1 && cmake --build build >>log 2>&1 || cat log
thag-run ./build/nested 2>&1 | calls half
# ccache sets CCACHE_DISABLE for what it runs; it is known by its file.
cp "$(command -v bash)" ccache
./ccache -c 'CCACHE_DISABLE=1 thag-cc gcc prog.c -o cached; :'
nm cached | grep -c 'U thag_'
if echo 'int x;' | gcc -m32 -c -x c - -o narrow.o; then
    thag-cc gcc -m32 -c prog.c -o narrow.o && nm narrow.o | grep -c thag || true
else
    echo 0
fi 2>/dev/null

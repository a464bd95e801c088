# shellcheck shell=bash disable=SC2034
# real_programs.bash - sourced by check-real-programs: where each project comes from, how it is built, and its
# own tests. Each is called in the project's folder, with CC, CXX and jobs; what a test prints tells what passed.

declare -A package=([lua]=lua5.4 [zlib]=zlib [xz]=xz-utils [zstd]=zstd [jq]=jq [sqlite]=sqlite3 [redis]=redis [curl]=curl
    [tmux]=tmux [git]=git [wayland]=wayland [fmtlib]=fmtlib [re2]=re2)
all=(lua zlib xz zstd jq sqlite redis curl tmux git wayland fmtlib re2)

# Lua's own makefile is not in Debian's source.
build_lua() {
    echo '#define DEB_HOST_MULTIARCH "none"' >src/lua5.4-deb-multiarch.h
    make -C src -j"$jobs" CC="$CC" CFLAGS="-O2 -Wall -Wextra -std=gnu99 -DLUA_USE_POSIX -DLUA_USE_DLOPEN -I." \
        LIBS="-lm -ldl" -f - lua <<'M'
OBJECTS = $(patsubst %.c,%.o,$(filter-out luac.c,$(wildcard *.c)))
lua: $(OBJECTS)
	$(CC) -o $@ $(OBJECTS) $(LIBS)
M
}
# Debian's source has no tests of Lua; the workload's output is known.
test_lua() { [ "$(src/lua "$scripts/../bench/workload.lua")" = $'75025\t31950\t604490\t6000\t120000' ] && echo "PASS: workload"; }

build_zlib() { CC="$CC" ./configure && make -j"$jobs"; }
test_zlib() { make test | tee test.log; ! grep -q FAILED test.log; }

build_xz() { ./configure CC="$CC" --disable-nls --disable-doc && make -j"$jobs" && make -C tests check -j"$jobs" TESTS=; }
test_xz() { make -C tests check; }

build_zstd() { make -j"$jobs" CC="$CC" -C programs zstd HAVE_LZMA=0 HAVE_LZ4=0 && make -j"$jobs" CC="$CC" -C tests datagen fuzzer; }
# Of playTests.sh, which takes ten minutes even plain, only what ZSTD_ALL asks for.
test_zstd() {
    tests/fuzzer -t1 -i20 && python3 tests/cli-tests/run.py --timeout 0 &&
        { [ -z "${ZSTD_ALL-}" ] || (cd tests && ZSTD_BIN=../programs/zstd DATAGEN_BIN=./datagen ./playTests.sh); }
}

build_jq() { autoreconf -fi && ./configure CC="$CC" --disable-docs --disable-maintainer-mode --disable-valgrind && make -j"$jobs"; }
test_jq() { make check; }

build_sqlite() {
    # The amalgamation first: what is made at the same time would read half of it.
    ./configure CC="$CC" --disable-tcl && make sqlite3.c && make -j"$jobs" sqlite3 fuzzcheck &&
        $CC -O2 -I. test/speedtest1.c sqlite3.c -o speedtest1 -lm -lpthread -ldl
}
test_sqlite() {
    ./fuzzcheck test/fuzzdata1.db test/fuzzdata2.db && ./speedtest1 --size 5 --verify | tee speed.log | grep -qi 'hash'
}

build_redis() { make -j"$jobs" CC="$CC" MALLOC=libc OPTIMIZATION=-O2 CFLAGS= USE_SYSTEMD=no; }
# Not unit/dump: Debian's patched source fails it with the plain compiler, too.
test_redis() {
    ./runtest --clients 2 --single unit/type/string --single unit/type/list --single unit/type/hash --single unit/type/set \
        --single unit/expire --single unit/scripting --single unit/multi --single unit/pubsub --single unit/sort
}

build_curl() { ./configure CC="$CC" --with-openssl --disable-ldap --without-libpsl && make -j"$jobs" && make -C tests -j"$jobs"; }
# Nearly half of its 1,400 tests: of each protocol that it has a server for.
test_curl() {
    export USER=${USER-$(id -un)}
    cd tests && perl runtests.pl -a -n ${CURL_TESTS:-1 to 120 200 to 260 300 to 320 500 to 700 1000 to 1120 1300 to 1330 1400 to 1450 1500 to 1560}
}

build_tmux() { autoreconf -fi && ./configure CC="$CC" && make -j"$jobs"; }
# Debian's source has no regress/: a session that is driven, and asked.
test_tmux() {
    local tmux="./tmux -L thag-real -f /dev/null" n=0
    $tmux kill-server 2>/dev/null
    $tmux new-session -d -x 80 -y 24 'cat' && $tmux send-keys -l 'typed text' && $tmux split-window 'cat' || return 1
    while [ $((n++)) -lt 100 ] && ! $tmux capture-pane -p -t 0.0 | grep -q 'typed text'; do sleep 0.05; done
    [ "$($tmux list-panes | wc -l)" -eq 2 ] && $tmux capture-pane -p -t 0.0 | grep -q 'typed text' && $tmux kill-server &&
        echo "PASS: driven session"
}

# As its developers build it: with -Werror.
build_git() { make -j"$jobs" CC="$CC" DEVELOPER=1 NO_GETTEXT=1 NO_TCLTK=1 NO_PYTHON=1 NO_CURL=1 NO_EXPAT=1 all; }
# Of its 986 scripts those of the base, of objects, index, branches and diffs: 9,248 tests.
test_git() {
    make -C t -k -j"$jobs" T="$(cd t && echo ${GIT_TESTS:-t00*.sh t1[0-4]*.sh t3[0-2]*.sh t40*.sh})" \
        DEFAULT_TEST_TARGET=test GIT_TEST_OPTS=--no-chain-lint TEST_LINT=
}

# Meson, with -Werror.
build_wayland() { meson setup build -Ddocumentation=false -Ddtd_validation=false --werror && ninja -C build -j"$jobs"; }
test_wayland() {
    mkdir -p -m 700 run && XDG_RUNTIME_DIR=$PWD/run meson test -C build --timeout-multiplier=10
}

# C++ by CMake and Ninja, with -Werror; the compiler's checks of features run at configuration, in try_compile.
build_fmtlib() {
    cmake -S . -B build -G Ninja -DFMT_DOC=OFF -DFMT_WERROR=ON -DCMAKE_BUILD_TYPE= -DCMAKE_CXX_FLAGS=-O1 && ninja -C build -j"$jobs"
}
test_fmtlib() { ctest --test-dir build -V; }

# C++ by CMake and make, with a precompiled header; the tables are made from the system's data, as Debian does it.
build_re2() {
    make REBUILD_TABLES=1 re2/perl_groups.cc re2/unicode_casefold.cc re2/unicode_groups.cc || return 1
    echo 'target_precompile_headers(re2 PRIVATE <string> <vector> re2/re2.h)' >>CMakeLists.txt
    cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON && make -C build -j"$jobs"
}
# Not the exhaustive ones, which take minutes even plain.
test_re2() { ctest --test-dir build -E 'exhaustive|random|dfa'; }

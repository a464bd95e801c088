# Switched off, it is the compiler; and what it need not touch, it does not.
. "$CASES/run_lib.bash"
printf 'int f(int x) { return x; }\nint main(void) { return f(0); }\n' >prog.c
gcc -O2 -c prog.c -o plain.o
for off in off NO 0; do THAG_CC=$off thag-cc gcc -O2 -c prog.c -o off.o && cmp plain.o off.o; done
# A test of configure: the same object, and nothing linked.
cp prog.c conftest.c
gcc -O2 -c conftest.c -o plain.o
thag-cc gcc -O2 -c conftest.c -o ours.o && cmp plain.o ours.o
thag-cc gcc conftest.c -o conftest && readelf -d conftest | grep -c thag_profiler.so
# Left alone because it is asked for.
gcc -O2 -c prog.c -o plain.o
mkdir vendor && cp prog.c vendor
THAG_CC_SKIP='*/nothing:vendor/*' THAG_CC_LOG=$PWD/log thag-cc gcc -c vendor/prog.c -o skipped.o
nm skipped.o | grep -c thag_
THAG_CC_LOG=$PWD/log thag-cc gcc -c prog.c
cat log
# Functions that are too short for it.
printf 'int f(int x)\n{\n    return x;\n}\nint g(int x)\n{\n    x++;\n    return x;\n}\n' >lines.c
THAG_CC_MIN_LINES=4 THAG_CC_LOG=$PWD/lines thag-cc gcc -c lines.c && cat lines
printf 'int main(void)\n{\n    return 0;\n}\n' >main.c
THAG_CC_MIN_LINES=9 thag-cc gcc -c main.c && nm main.o | grep -c 'U thag_main_begin'
# Nothing to compile: the compiler's own answers.
[ "$(thag-cc gcc -dumpmachine)" = "$(gcc -dumpmachine)" ] && echo "same answer"
thag-cc gcc -M prog.c
# The launcher comes between.
mkdir bin && printf '#!/bin/sh\necho launched >&2\nexec "$@"\n' >bin/ccache && chmod +x bin/ccache
PATH=$PWD/bin:$PATH thag-cc ccache gcc -c prog.c -o launched.o && nm launched.o | grep -c 'U thag_span_begin'

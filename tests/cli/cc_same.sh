# Everything but the profile is as with the plain compiler, whatever way it is called.
. "$CASES/run_lib.bash"
mkdir src
cat >src/add.h <<'C'
#pragma once
static inline int twice(int x)
{
    return 2 * x;
}
C
cat >src/add.c <<'C'
#include "add.h"
int add(int a, int b)
{
    return twice(a) / 2 + b;
}
C
cat >src/main.c <<'C'
#include <stdio.h>
#include "add.h"
int add(int a, int b);
int main(void)
{
    printf("%s:%d %d\n", __FILE__, __LINE__, add(twice(20), 2));
    return 0;
}
C
compiler=${CC_UNDER_TEST:-gcc}
flags='-O2 -Wall -Wextra -Werror -pedantic -Wshadow -Wstrict-prototypes -Wmissing-declarations'
flags+=' -Wno-missing-prototypes -Wdeclaration-after-statement -Wno-missing-declarations'

# counted NAME: the program's own output, then the calls that thag-run counted.
counted()
{
    ./"$1" >plain.out || echo "status $?"
    thag-run -o traces ./"$1" 2>table >run.out
    cmp plain.out run.out
    echo "$1: $(cat run.out), $(calls add <table), $(calls twice <table)"
}
cc() { thag-cc $compiler $flags "$@"; }

cc src/main.c src/add.c -o several && counted several
cc -pipe -c src/main.c -o main.o && cc -c src/add.c -o add.o && cc main.o add.o -o apart && counted apart
echo "$flags -c src/add.c -o add.o" >response
thag-cc $compiler @response && cc main.o add.o -o response_file && counted response_file
cc -E src/main.c -o main.i && thag-cc $compiler -O2 -c main.i && cc main.o add.o -o preprocessed && counted preprocessed
cc -S src/add.c -o add.s && thag-cc $compiler -c add.s && cc main.o add.o -o assembled && counted assembled
cp src/add.c src/add.text && cc -x c -c src/add.text -o add.o -x none && cc main.o add.o -o other_ending && counted other_ending
cc -O2 -flto src/main.c src/add.c -o lto && counted lto
cc -fPIC -shared src/add.c -o libadd.so && cc src/main.c -L. -ladd -Wl,-rpath,. -o shared && counted shared
cc -c src/add.c && ar rcs libadd.a add.o && rm libadd.so && cc src/main.c -L. -ladd -o archive && counted archive
cc -r add.o -o part.o && cc src/main.c part.o -o partial && counted partial
THAG_CC_LINK=static cc src/main.c src/add.c -o static_runtime && counted static_runtime
thag-cc $compiler -static src/main.c src/add.c -o static && counted static
cd src && cc -std=c99 main.c add.c -o ../from_folder && cd .. && counted from_folder
cc -g3 src/main.c src/add.c -o debug && counted debug

# Dependencies, with paths as the plain compiler gives them.
for flags_for_make in "-MMD -MF" "-MMD -MP -MT target -MF" "-MM -MF"; do
    $compiler $flags_for_make plain.d -c src/add.c -o plain.o
    thag-cc $compiler $flags_for_make ours.d -c src/add.c -o plain.o
    cmp plain.d ours.d
done
# Standard input is compiled as it is.
echo 'int from_stdin(void) { return 1; }' | cc -Wno-missing-prototypes -x c -c - -o stdin.o
nm stdin.o | awk '{ print $NF }'
# So is what counts on no libc.
cc -ffreestanding -c src/add.c -o bare.o && nm bare.o | awk '{ print $NF }'

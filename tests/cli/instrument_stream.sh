# From standard input to standard output, as the reference has it; and back.
cat >in.c <<'C'
/* licence */

#include <stdio.h>

static int area(int a, int b)
{
    return a * b;
}

int main(void) { return area(2, 3) - 6; }
C
thag-instrument c11 <in.c | tee out.c
thag-remove c11 <out.c | cmp - in.c
thag-instrument <out.c | cmp - out.c
thag-instrument c++17 <<'C'
auto f() { return [](int a) { return a; }(1); }
C
thag-instrument --mode=runtime --flags=time --header='<thag_profiler.h>' <in.c | grep THAG
thag-instrument --no-include <in.c | grep -c include
printf '\xEF\xBB\xBFint f(void)\r\n{\r\n\treturn \x27\xE9\x27;\r\n}' >odd.c
thag-instrument <odd.c | tee odd2.c | od -An -c | head -n 6
thag-remove <odd2.c | cmp - odd.c

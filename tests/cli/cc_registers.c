/* cc_registers.c - functions whose values live in whatever registers and red zones there are while others
   begin and end, by the short way and, at the first call of each path, by the long one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct two {
    long first;
    double second;
} two;
typedef struct big {
    long part[5];
} big;
typedef int ints __attribute__((vector_size(32)));

static volatile int zero;

/* A leaf with more locals than registers: they lie in the red zone. */
static __attribute__((noinline)) long leaf(long a, long b, long c, long d, long e, long f)
{
    volatile long kept[12];
    long sum = 0;

    for (int i = 0; i < 12; i++) kept[i] = a * i + b - c + d * e - f;
    for (int i = 0; i < 12; i++) sum = sum * 3 + kept[i];
    return sum;
}
static inline long add(long a, long b)
{
    return a + b + zero;
}
static __attribute__((noinline)) double mixed(int a, double x, long b, float y, double z, char c)
{
    return a + x * (double)b - (double)y / z + c;
}
static __attribute__((noinline)) double variadic(int count, ...)
{
    va_list args;
    double sum = 0;

    va_start(args, count);
    while (count-- > 0) sum += va_arg(args, double) * va_arg(args, int);
    va_end(args);
    return sum;
}
static __attribute__((noinline)) two pair(long a, double b)
{
    return (two){a + 1, b + 0.5};
}
static __attribute__((noinline)) big many(long a)
{
    return (big){{a, a + 1, a + 2, a + 3, a + 4}};
}
static __attribute__((noinline)) long double longest(long double a)
{
    return a / 3 + zero;
}
static __attribute__((noinline)) __int128 wide(__int128 a)
{
    return a * a;
}
static __attribute__((noinline)) _Complex double complex_one(double a)
{
    return a + 2.0i;
}
static __attribute__((noinline)) ints vectors(ints a, ints b)
{
    return a * b + a;
}
/* Values in vector registers over the begin and end of an inlined function. */
static inline double scaled(double x)
{
    return x * 1.25 + zero;
}
static __attribute__((noinline)) double loop(int n)
{
    double a = 1, b = 2, c = 3, d = 4;

    for (int i = 0; i < n; i++) {
        a = scaled(a) - b;
        b = b / 3 + scaled(c);
        c = c / 2 + d;
        d = d / 4 + (double)add(i, n);
    }
    return a + b * c + d;
}
static long nested(long n)
{
    long inner(long a)
    {
        return a * n + zero;
    }
    long (*volatile by_pointer)(long) = inner;

    return inner(3) + by_pointer(4);
}
static __attribute__((noinline)) long sized(int n)
{
    char text[n];

    memset(text, 'x', (size_t)n);
    return text[0] + text[n - 1] + add(n, 1);
}
static __attribute__((noinline)) int eight(int a, int b, int c, int d, int e, int f, int g, int h,
                                           int i)
{
    return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9;
}
static jmp_buf back;
static __attribute__((noinline)) void jumps(int depth)
{
    if (depth == 0) longjmp(back, 1);
    jumps(depth - 1);
}
static long factorial(long n)
{
    return n < 2 ? 1 : n * factorial(n - 1);
}

static void all(int i)
{
    ints v = {i, 2, 3, 4, 5, 6, 7, 8}, w = vectors(v, v + 1);
    two t = pair(i, 0.25);
    big b = many(i);
    volatile int jumped = 0;

    printf("%ld %.3f %.3f\n", leaf(i, 2, 3, 4, 5, 6), mixed(i, 1.5, 2, 3.5f, 0.5, 'a'),
           variadic(2, 1.5, i, 2.5, 4));
    printf("%ld %.2f %ld %.6Lf %ld\n", t.first, t.second, b.part[0] + b.part[4],
           longest((long double)i), (long)wide(i));
    printf("%.1f %d %.4f %ld %ld\n", __imag__ complex_one(i), w[0] + w[7], loop(i + 5), nested(i),
           sized(i + 1));
    printf("%d\n", eight(i, 2, 3, 4, 5, 6, 7, 8, (int)add(i, eight(1, 2, 3, 4, 5, 6, 7, 8, i))));
    if (setjmp(back) == 0)
        jumps(5);
    else
        jumped = 1;
    printf("%ld %d\n", factorial(10), jumped);
}
int main(void)
{
    for (int i = 0; i < 100; i++) all(i);
    return 0;
}

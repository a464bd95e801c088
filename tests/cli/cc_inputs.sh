# What a program is made of, beside sources with the usual names: standard input, -x, assembly, precompiled headers.
. "$CASES/run_lib.bash"
cat >prog.c <<'C'
int from_assembly(void);
static int add(int a) { return a + 1; }
int main(void) { return add(from_assembly()); }
C
printf '.globl from_assembly\nfrom_assembly:\n  mov $4, %%eax\n  ret\n.section .note.GNU-stack,"",@progbits\n' >plain.s
cp plain.s macros.S
cat >lib.h <<'C'
#ifndef LIB_H
#define LIB_H
static inline int three(void) { return 3; }
#endif
C
echo 'int main(void) { return three(); }' >with_header.c
grep -q x86_64 <<<"$(uname -m)" || exit 77
for compiler in gcc clang; do
    thag-cc $compiler -c plain.s && thag-cc $compiler -x c - -x none plain.o -o input <prog.c
    ./input; echo "$compiler, standard input: $?"
    thag-cc $compiler macros.S -xc prog.c -o named
    ./named; echo "$compiler, -xc: $?"
    thag-run -o out ./named 2>&1 | calls add
    thag-cc $compiler macros.S -xc++ -xnone prog.c -o unnamed
    ./unnamed; echo "$compiler, -xnone: $?"
    thag-cc $compiler -x c-header lib.h -o lib.h.gch && ls lib.h.gch
    if [ $compiler = gcc ]; then use=(-include lib.h); else use=(-include-pch lib.h.gch); fi
    thag-cc $compiler "${use[@]}" with_header.c -o header
    ./header; echo "$compiler, precompiled header: $?"
    thag-cc $compiler -fsyntax-only prog.c; echo "$compiler, -fsyntax-only: $?"
    rm -rf lib.h.gch out
done

# In place, whole trees, compile_commands.json; what comes out is what went in.
mkdir -p tree/sub tree/.git
cat >tree/a.c <<'C'
#include "b.h"

int main(void)
{
    return b(1);
}
C
echo 'static inline int b(int a) { return a - 1; }' >tree/b.h
echo 'struct s { int f() { return 1; } };' >tree/sub/c.cc
echo 'int hidden(void) { return 1; }' >tree/.git/d.c
echo 'int f(void) {}' >tree/notes.txt
chmod 640 tree/a.c
ln -s ../a.c tree/sub/link.c
cp -a tree before

thag-instrument tree
echo "status $?"
thag-instrument --dry-run tree
thag-instrument --check tree
echo "status $?"
thag-instrument --diff tree
thag-instrument --list tree/sub tree/b.h
thag-instrument --in-place tree
stat -c '%a %F' tree/a.c tree/sub/link.c
thag-instrument --check tree
echo "status $?"
thag-remove --check tree
echo "status $?"
thag-remove --diff tree/b.h
thag-remove -i tree
diff -r before tree && echo "as before"
thag-instrument -q -i --backup=.old tree/a.c
diff tree/a.c.old before/a.c && echo "backup"
thag-remove -q -i --no-backup tree/a.c
ls tree

cat >compile_commands.json <<JSON
[ {"directory": "$PWD/tree", "file": "a.c", "command": "cc -std=c99 -c a.c"},
  {"directory": "$PWD/tree", "file": "sub/c.cc", "arguments": ["c++", "-std=c++17", "sub/c.cc"]},
  {"directory": "$PWD", "file": "tree/a.c", "command": "cc -c tree/a.c -o x.o"} ]
JSON
thag-instrument --dry-run compile_commands.json 2>&1 | sed "s,$PWD,DIR,"

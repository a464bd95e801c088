# Which functions: by name, by file, by lines, by a former profile.
cat >a.c <<'C'
int parse_number(void) { return 1; }
int parse_text(void)
{
    return 2;
}
static int helper(void) { return 3; }
int main(void) { return parse_number() + parse_text() + helper(); }
C
cp a.c a.h
list() { echo "$*:" ; thag-instrument --list "$@" a.c | sed 's/^a.c:/  /'; }
list
list --only='parse_*'
list --except='parse_*' --except=main
list --regex='^p.*(er|xt)$' --except-regex=number
list --min-lines=2
list --max-lines=1
list --except-files='*.c'
thag-instrument --list --no-headers a.h | tail -n 1
printf 'main 10\nmain;parse_text 80\nmain;helper 9\nmain;parse_number 1\n' >run.folded
list --profile=run.folded --min-share=5
thag-analyze stats --json "$GOLDEN/v1_ended.thag" >run.json
thag-analyze stats --csv "$GOLDEN/v1_ended.thag" >run.csv
cat >b.c <<'C'
int fib(int n) { return n; }
void w(void) {}
void unknown(void) {}
C
for profile in "$GOLDEN/v1_ended.thag" run.json run.csv; do
    thag-instrument --list --min-share=0.1 --profile="$profile" b.c
done
thag-instrument --list --min-share=0.1 --min-mean=1e9 --profile=run.csv b.c
cat >c.cc <<'C'
namespace n { template <class T> struct box { T get() { return {}; } int operator()(int a) { return a; } }; }
int main() { auto f = [](int a) { return a; }; return f(1); }
C
printf 'main;T n::box<T>::get() const [with T = std::vector<int>] 5\nmain;main()::<lambda(int)> 5\n' >cxx.folded
thag-instrument --list --profile=cxx.folded c.cc
list --json | head -n 3
thag-instrument -v a.c --only=main 2>&1 >/dev/null

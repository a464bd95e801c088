# A program compiled with -finstrument-functions, which links no profiler: functions by their names, C++ too.
. "$CASES/run_lib.bash"
cat >shop.cpp <<'C'
#include <cstdlib>
#include <stdexcept>
namespace shop {
template <class T> struct cart {
    void add(T n) { if (n == 3) throw std::runtime_error("full"); }
};
}
static void *hold(size_t n) { return malloc(n); }
int main()
{
    shop::cart<int> c;
    for (int i = 0; i < 5; i++) try { c.add(i); } catch (std::exception &) {}
    for (int i = 0; i < 10; i++) if (!hold(1000)) return 1;
    return 7;
}
C
c++ -O1 -g -finstrument-functions -finstrument-functions-exclude-file-list=/usr/include shop.cpp -o shop
for kinds in --time --both; do
    thag-run $kinds -o out ./shop >said 2>&1
    echo "status $?"
    for function in main shop::cart::add hold; do calls "$function" <said | head -n 1; done
    rm -rf out
done
thag-run --memory -o out ./shop 2>&1 | grep '^hold' | tr -s ' '
thag-analyze leaks out/*.thag | grep -o 'main > hold (.*shop.cpp:8)' | sed 's,(.*/,(,'

// cases.cpp - the cases in C++: methods, lambdas, templates, constructors, exceptions, inline, namespaces.
#include "cases.h"

#include <string>

int sink;

namespace shop
{

class basket
{
  public:
    basket() { THAG_PROFILED(); }
    ~basket() { THAG_PROFILED(); }
    int add(int n)
    {
        THAG_PROFILED(time);
        THAG_PROFILE("in method");
        sink += n;
        THAG_END("in method");
        return n;
    }
    template <typename T> T twice(T value)
    {
        THAG_PROFILED();
        return value + value;
    }
    static void reset() { THAG_PROFILED(both); }
};

inline int namespaced(int n)
{
    THAG_PROFILED();
    return n;
}

} // namespace shop

int throws(int n);
int throws(int n)
{
    THAG_PROFILED();
    THAG_PROFILE("throwing", unbounded);
    if (n > 1) throw std::string("n");
    return n;
}

int main()
{
    THAG_ENABLE_PROFILING(runtime);
    shop::basket basket;
    auto lambda = [](int n) {
        THAG_PROFILED();
        return n + 1;
    };
    std::string name("from a string");

    THAG_PROFILE(name.c_str());
    basket.add(lambda(shop::namespaced(basket.twice(2))));
    THAG_END(name.c_str());
    shop::basket::reset();
    try {
        throws(2);
    } catch (const std::string &) {
        sink = 0;
    }
    return programmatic();
}

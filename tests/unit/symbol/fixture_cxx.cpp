#include <string>

extern "C" {
extern const int fixture_cxx_line;
void *fixture_cxx();
}

namespace shop
{
template <class T> struct cart {
    __attribute__((__noinline__)) void *add(const T &item)
    {
        void *volatile at = here(item.size());
        return at;
    }
    __attribute__((__noinline__)) static void *here(std::size_t)
    {
        return __builtin_return_address(0);
    }
};
} // namespace shop
const int fixture_cxx_line = __LINE__ - 9;

void *fixture_cxx()
{
    shop::cart<std::string> cart;
    void *volatile at = cart.add("nut");
    return at;
}

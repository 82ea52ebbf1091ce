#include "connector/daemon/surplus_memory.hpp"

#include <catch2/catch.hpp>

namespace surplus_memory_test {

using connector::surplus_memory;

TEST_CASE("surplus memory: only what has been freed since counts, not what a process has beyond its allocations") {
    constexpr std::size_t mebibyte = 1024 * 1024;
    surplus_memory surplus;
    CHECK_FALSE(surplus.is_large(100 * mebibyte, 20 * mebibyte));    // code and the like
    CHECK_FALSE(surplus.is_large(1000 * mebibyte, 930 * mebibyte));  // much, but in use
    CHECK_FALSE(surplus.is_large(1000 * mebibyte, 898 * mebibyte));  // 32 above the least, 70
    CHECK(surplus.is_large(1000 * mebibyte, 800 * mebibyte));
    surplus.given_back(900 * mebibyte, 800 * mebibyte);
    CHECK_FALSE(surplus.is_large(900 * mebibyte, 780 * mebibyte));  // it did not help, so it is not tried again at once
    CHECK(surplus.is_large(900 * mebibyte, 760 * mebibyte));
    CHECK_FALSE(surplus.is_large(10 * mebibyte, 20 * mebibyte));  // partly swapped out
    CHECK(surplus.is_large(60 * mebibyte, 20 * mebibyte));
}

}  // namespace surplus_memory_test

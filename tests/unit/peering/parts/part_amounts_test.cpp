#include "peering/parts/part_amounts.hpp"

#include "peering/parts/places.hpp"

#include <catch2/catch.hpp>

#include <limits>

namespace part_amounts_test {

using namespace peering;

namespace {

constexpr std::uint64_t amount_max = std::numeric_limits<std::uint64_t>::max();

part_use use_of(std::uint64_t amount) {
    part_use use;
    use.observe(amount, 0);
    return use;
}

}  // namespace

TEST_CASE("the use of a part rises at once, sinks by an eighth each second, and reaches the bottom") {
    part_use use;
    CHECK(use.per_second() == 0);
    use.observe(700, 100);
    CHECK(use.per_second() == 800);
    use.observe(0, 0);
    CHECK(use.per_second() == 700);
    use.observe(690, 0);
    CHECK(use.per_second() == 698);
    use.observe(900, 0);
    CHECK(use.per_second() == 900);
    for (int second = 0; second < 60; ++second) use.observe(7, 0);
    CHECK(use.per_second() == 7);
    use.observe(0, amount_max);
    CHECK(use.per_second() == part_max);
    use.observe(amount_max, amount_max);
    CHECK(use.per_second() == part_max);
}

TEST_CASE("a part is for twice its use, for some packets at least, and never above its maximum") {
    CHECK(part_target(use_of(1000), 100) == 2000);
    CHECK(part_target(use_of(100), 100) == 400);
    CHECK(part_target(use_of(amount_max), 1) == part_max);
    CHECK(part_target(use_of(0), amount_max) == part_max);
    CHECK(first_target(100) == 6400);
    CHECK(first_target(amount_max) == part_max);
}

TEST_CASE("a request names what a packet lacks, and what is wanted beyond it") {
    CHECK(request_for(100, 30, 400) == lease_request{70, 370});
    CHECK(request_for(100, 0, 50) == lease_request{100, 100});
    CHECK(request_for(100, 200, 400) == lease_request{0, 200});
    CHECK(request_for(100, 500, 400) == lease_request{0, 0});
}

TEST_CASE("the vault grants half of itself, more only if a packet lacks it, and nothing that would help nobody") {
    CHECK(granted_lease(1000, {.lacking = 10, .wanted = 300}) == 300);
    CHECK(granted_lease(1000, {.lacking = 10, .wanted = 600}) == 500);
    CHECK(granted_lease(1000, {.lacking = 600, .wanted = 900}) == 600);
    CHECK(granted_lease(1000, {.lacking = 1000, .wanted = 1000}) == 1000);
    CHECK(granted_lease(1000, {.lacking = 1001, .wanted = 2000}) == 0);
    CHECK(granted_lease(0, {.lacking = 0, .wanted = 100}) == 0);
    CHECK(granted_lease(1, {.lacking = 0, .wanted = 100}) == 0);
    CHECK(granted_lease(1, {.lacking = 1, .wanted = 100}) == 1);
}

TEST_CASE("what exceeds the target is returned, unless it is too little to be worth it") {
    CHECK(surplus(400, 400) == 0);
    CHECK(surplus(300, 400) == 0);
    CHECK(surplus(499, 400) == 0);
    CHECK(surplus(500, 400) == 100);
    CHECK(surplus(1, 0) == 1);
    CHECK(surplus(0, 0) == 0);
    CHECK(surplus(amount_max, part_max) == amount_max - part_max);
}

TEST_CASE("for others a daemon releases what it does not use, and no more than they want") {
    CHECK(released_for_others(1000, use_of(300), 200) == 200);
    CHECK(released_for_others(1000, use_of(300), 900) == 700);
    CHECK(released_for_others(300, use_of(300), 900) == 0);
    CHECK(released_for_others(10, use_of(300), 900) == 0);
}

TEST_CASE("numbers of different places never collide, and follow each other") {
    place_numbers first{1};
    place_numbers last{places_max - 1};
    CHECK(first.next() == places_max + 1);
    CHECK(first.next() == 2 * places_max + 1);
    CHECK(last.next() == 2 * places_max - 1);
    last.has_seen(2 * places_max + 1);
    const std::uint64_t after = last.next();
    CHECK(after == 4 * places_max - 1);
    CHECK(place_numbers::place_of(after) == places_max - 1);
    first.has_seen(places_max + 1);  // which is old
    first.has_seen(after);
    CHECK(first.next() == 4 * places_max + 1);
    first.has_seen(1234567);  // of a daemon that worked alone
    CHECK(first.next() > 1234567);
}

}  // namespace part_amounts_test

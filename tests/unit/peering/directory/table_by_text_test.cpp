#include "peering/directory/table_by_text.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <string>

namespace table_by_text_test {

namespace {

struct city {
    std::string code;
    std::string_view initial() const { return std::string_view{code}.substr(0, 1); }
};

}  // namespace

TEST_CASE("table by text: finds objects by a member or a member function") {
    const std::deque<city> cities{{"FRA"}, {"BER"}, {"PAR"}};
    peering::table_by_text<city, &city::code> by_code;
    peering::table_by_text<city, &city::initial> by_initial;
    for (const city& city : cities) {
        by_code.add(city);
        by_initial.add(city);
    }
    CHECK(by_code.find("BER") == &cities[1]);
    CHECK(by_code.find("BE") == nullptr);
    CHECK(by_initial.find("P") == &cities[2]);
    by_code.remove(cities[1]);
    CHECK(by_code.find("BER") == nullptr);
    CHECK(by_code.find("FRA") == &cities[0]);
    CHECK(by_initial.find("B") == &cities[1]);
}

}  // namespace table_by_text_test

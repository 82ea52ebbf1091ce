#include "peering/records/prefix_list.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace prefix_list_test {

using peering::prefix_list;

TEST_CASE("prefix list: returns its prefixes in the same order") {
    using texts = std::vector<std::string>;
    for (const texts& prefixes : {texts{}, texts{""}, texts{"test.bob"}, texts{"g", "", "test.a.b"}, texts{"", ""}}) {
        CHECK(prefix_list{prefixes}.to_vector() == prefixes);
    }
    CHECK(prefix_list{}.to_vector().empty());
    CHECK(prefix_list{{"g.a", "g.b"}} == prefix_list{{"g.a", "g.b"}});
    CHECK(prefix_list{{"g.a", "g.b"}} != prefix_list{{"g.b", "g.a"}});
    CHECK(prefix_list{{""}} != prefix_list{});
}

}  // namespace prefix_list_test

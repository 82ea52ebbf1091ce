#include "peering/admin/mutations.hpp"

#include <catch2/catch.hpp>

namespace mutations_test {

using peering::admin::done_mutation;

TEST_CASE("a stored answer is read back as it was written") {
    const done_mutation done{"Created ILP Peer"};
    const auto read = done_mutation::from_json(done.to_json());
    REQUIRE(read);
    CHECK(read->message == "Created ILP Peer");
    CHECK_FALSE(read->peer);
    CHECK_FALSE(read->asset);
}

TEST_CASE("a stored answer that is damaged is no answer, whatever is wrong with it") {
    for (const char* const text : {
             "",
             "{",
             "[]",
             "{}",
             R"({"message": 1})",
             R"({"message": "m", "peer": 1})",
             R"({"message": "m", "peer": {}})",
             R"({"message": "m", "peer": {"id": 1}})",
             R"({"message": "m", "asset": []})",
             R"({"message": "m", "asset": {"id": "a", "code": "USD", "scale": "two"}})",
             R"({"message": "m", "asset": {"id": "a", "code": "USD", "scale": 100000}})",
         }) {
        INFO(text);
        CHECK_FALSE(done_mutation::from_json(text));
    }
}

}  // namespace mutations_test

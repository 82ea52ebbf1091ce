#include "connector/transport/http/split_request.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace split_request_test {

using namespace connector;

TEST_CASE("a request is a part of a packet if it has a label, and one with a label that cannot be read is refused") {
    http::request_head head;
    head.method = "POST";
    head.target = "/ilp";
    CHECK(http::split_request_of(head).value() == std::nullopt);
    head.has_split = true;
    CHECK(http::split_request_of(head).error() == http::status::bad_request);
    const std::string label = "id=:AAECAwQFBgcICQoLDA0ODw==:, part=1, parts=4, total=\"40000\"";
    head.split = label;
    const auto found = http::split_request_of(head).value();
    REQUIRE(found);
    REQUIRE(found->part);
    CHECK(found->part->part == 1);
    CHECK(found->part->total == ilp::amount{40'000});
    head.prefers_asynchronous = true;
    CHECK(http::split_request_of(head).error() == http::status::bad_request);
}

TEST_CASE("an outcome is asked for at a target below the one of packets") {
    const peering::split_id id{0x00, 0x01, 0xfe, 0xff};
    const std::string digits = "0001feff000000000000000000000000";
    CHECK(http::outcome_target("/ilp", id) == "/ilp/outcome/" + digits);
    CHECK(http::outcome_target("/", id) == "/ilp/outcome/" + digits);
    CHECK(http::outcome_target("/accounts/bob/ilp?x=1", id) == "/accounts/bob/ilp/outcome/" + digits);
    for (const std::string endpoint : {"/ilp", "/accounts/bob/ilp", "/any"}) {
        const std::string target = endpoint + "/outcome/" + digits;
        const auto path = http::parse_outcome_target(target);
        REQUIRE(path);
        CHECK(path->endpoint == endpoint);
        CHECK(path->id == id);
    }
    for (const std::string& wrong : {std::string{}, "/outcome/" + digits, "/ilp/outcome/" + digits + "0",
                                     "/ilp/outcome/" + digits.substr(1), "/ilp/outcome/" + digits.substr(1) + "F",
                                     "/ilp/outcome/" + digits.substr(1) + "g", "/ilp/outcomes/" + digits}) {
        CHECK(!http::parse_outcome_target(wrong));
    }
    http::request_head head;
    head.method = "GET";
    const std::string target = "/ilp/outcome/" + digits;
    head.target = target;
    const auto question = http::split_request_of(head).value();
    REQUIRE(question);
    CHECK(!question->part);
    CHECK(question->asked == id);
}

}  // namespace split_request_test

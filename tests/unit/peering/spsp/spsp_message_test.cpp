#include "peering/spsp/spsp_message.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace spsp_message_test {

using peering::parse_spsp_answer;

namespace {

// The example of RFC 9.
const std::string secret_of_example = "6jR5iNIVRvqeasJeCty6C+YB5X9FhSOUPCL/5nha5Vs=";

std::string answer_with(const std::string& account, const std::string& secret, const std::string& more = {}) {
    return R"({"destination_account":")" + account + R"(","shared_secret":")" + secret + '"' + more + "}";
}

std::string fault_of(const std::string& json) {
    const auto parsed = parse_spsp_answer(json);
    return parsed ? "none" : parsed.error();
}

}  // namespace

TEST_CASE("A09-04: an answer has the address, and the secret in padded base64") {
    const std::string example = answer_with("example.ilpdemo.red.bob", secret_of_example);
    const auto parsed = parse_spsp_answer(example);
    REQUIRE(parsed);
    CHECK(parsed->destination.text() == "example.ilpdemo.red.bob");
    CHECK(parsed->shared_secret[0] == 0xea);
    CHECK(parsed->shared_secret[31] == 0x5b);
    CHECK(to_json(*parsed) == example);

    for (const auto each : {ilp::octet{0}, ilp::octet{0xff}, ilp::octet{0x5a}}) {
        peering::spsp_details details{ilp::address::parse("g.alice.token").value()};
        details.shared_secret.fill(each);
        CHECK(parse_spsp_answer(to_json(details)).value() == details);
    }
}

TEST_CASE("A09-10: a sender ignores what it does not know in an answer") {
    const auto plain = parse_spsp_answer(answer_with("g.bob", secret_of_example)).value();
    for (const char* const more :
         {R"(,"receipts_enabled":true)", R"(,"balance":{"maximum":"-100","shared_secret":"x"})",
          R"(,"asset_info":{"code":"USD","scale":2},"a":[1,{"destination_account":"g.eve"}],"n":null,"d":1e999)"}) {
        CAPTURE(more);
        CHECK(parse_spsp_answer(answer_with("g.bob", secret_of_example, more)).value() == plain);
    }
}

TEST_CASE("both alphabets of base64 are read, padded or not") {
    const auto plain = parse_spsp_answer(answer_with("g.bob", secret_of_example)).value();
    for (const char* const other :
         {"6jR5iNIVRvqeasJeCty6C+YB5X9FhSOUPCL/5nha5Vs", "6jR5iNIVRvqeasJeCty6C-YB5X9FhSOUPCL_5nha5Vs",
          "6jR5iNIVRvqeasJeCty6C-YB5X9FhSOUPCL_5nha5Vs="}) {
        CHECK(parse_spsp_answer(answer_with("g.bob", other)).value() == plain);
    }
}

TEST_CASE("an answer that is not as it should be is refused with a reason") {
    const std::string no_object = "it is not a JSON object in which each name occurs once";
    for (const char* const wrong : {"", "{", "[]", "null", "<html></html>", R"({"a":1}x)"}) {
        CHECK(fault_of(wrong) == no_object);
    }
    // Another program might use the other one.
    CHECK(fault_of(answer_with("g.bob", secret_of_example, R"(,"destination_account":"g.eve")")) == no_object);

    CHECK(fault_of("{}") == "destination_account: expected an ILP address");
    CHECK(fault_of(R"({"destination_account":1})") == "destination_account: expected an ILP address");
    for (const char* const wrong : {"", "g", "g.", "bob", "g.bob!", "peer.config", "self.bob"}) {
        CAPTURE(wrong);
        CHECK(fault_of(answer_with(wrong, secret_of_example)) ==
              "destination_account: expected an ILP address that packets can be sent to");
    }
    CHECK(fault_of(answer_with("g." + std::string(1023, 'a'), secret_of_example)).starts_with("destination_account"));

    const std::string no_secret = "shared_secret: expected 32 octets in base64";
    CHECK(fault_of(R"({"destination_account":"g.bob"})") == no_secret);
    CHECK(fault_of(R"({"destination_account":"g.bob","shared_secret":7})") == no_secret);
    for (const std::string& wrong :
         {std::string{}, std::string{"AAAA"}, secret_of_example + "=", "AAAA" + secret_of_example, std::string(43, '!'),
          std::string(43, '9'), std::string(44, 'A')}) {
        CAPTURE(wrong);
        CHECK(fault_of(answer_with("g.bob", wrong)) == no_secret);
    }
    CHECK(fault_of(answer_with("g.bob", secret_of_example, ",\"x\":\"" + std::string(70'000, 'x') + '"')) ==
          "it has more than 65536 bytes");
}

}  // namespace spsp_message_test

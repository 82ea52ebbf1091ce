#include "ilp/ildcp.hpp"

#include "ilp/packet.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace ildcp_test {

using ilp::bytes;
namespace ildcp = ilp::ildcp;

TEST_CASE("A31-02 A31-17: responses of the vectors, both ways, alone and in their Fulfill") {
    const auto vectors = vectors::load("generated/ildcp.json");
    for (const auto& vector : vectors.at("responses").as_array()) {
        const std::string_view address = vectors::text(vector.at("client_address"));
        const auto scale = vector.at("asset_scale").to_number<std::uint8_t>();
        const std::string_view code = vectors::text(vector.at("asset_code"));
        INFO(address << " " << int{scale} << " " << code);
        const bytes data = vectors::from_hex(vectors::text(vector.at("data_hex")));
        bytes out;
        ildcp::serialize_response(out, address, scale, code);
        CHECK(out == data);

        const auto response = ildcp::parse_response(data);
        REQUIRE(response);
        CHECK(response->client_address.text() == address);
        CHECK(response->asset_scale == scale);
        CHECK(response->asset_code == code);

        out.clear();
        ilp::serialize_fulfill(out, ilp::peer_protocol_fulfillment, data);
        CHECK(vectors::to_hex(out) == vectors::text(vector.at("fulfill_hex")));
    }
}

TEST_CASE("A31-01: the request of the vectors is a Prepare of amount 0 to peer.config") {
    const auto vectors = vectors::load("generated/ildcp.json");
    bytes packet = vectors::from_hex(vectors::text(vectors.at("request_prepare_hex")));
    const auto prepare = ilp::prepare_view::parse(packet);
    REQUIRE(prepare);
    CHECK(prepare->destination() == ildcp::destination);
    CHECK(prepare->amount().is_zero());
    CHECK(std::ranges::equal(prepare->condition(), ilp::peer_protocol_condition));
    CHECK(prepare->data().empty());
}

TEST_CASE("A31-12: a response that is cut off, or has a bad address, is refused") {
    bytes data;
    ildcp::serialize_response(data, "test.a", 9, "USD");
    for (std::size_t size = 0; size < data.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(ildcp::parse_response(ilp::bytes_view{data}.first(size)));
    }
    for (const auto* address : {"", "test", "test.", "what.a", "test.a\n"}) {
        INFO(address);
        bytes bad;
        ildcp::serialize_response(bad, address, 9, "USD");
        CHECK_FALSE(ildcp::parse_response(bad));
    }
}

TEST_CASE("A30-07: octets after a response are ignored") {
    bytes data;
    ildcp::serialize_response(data, "test.a", 9, "USD");
    data.insert(data.end(), {0x11, 0x12});
    const auto response = ildcp::parse_response(data);
    REQUIRE(response);
    CHECK(response->asset_code == "USD");
}

TEST_CASE("A30-08: an asset code is UTF-8") {
    const auto is_taken = [](std::string_view code) {
        bytes data;
        ildcp::serialize_response(data, "test.a", 9, code);
        return ildcp::parse_response(data).has_value();
    };
    for (const auto* code : {"", "USD", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                             "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
                             "a\xe2\x82\xac"
                             "b"}) {
        INFO(vectors::to_hex(ilp::as_bytes(code)));
        CHECK(is_taken(code));
    }
    for (const auto* code : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2",
                             "\xc2"
                             "a",
                             "\xe0\x9f\xbf", "\xe2\x82",
                             "\xe2\x82"
                             "a",
                             "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80",
                             "\xf5\x80\x80\x80", "\xff", "USD\xff"}) {
        INFO(vectors::to_hex(ilp::as_bytes(code)));
        CHECK_FALSE(is_taken(code));
    }
}

}  // namespace ildcp_test

#include "ilp/ildcp.hpp"

#include "ilp/packet.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace ildcp_test {

using ilp::bytes;
namespace ildcp = ilp::ildcp;

TEST_CASE("A31-02 A31-17: responses of the vectors, alone and in their Fulfill") {
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

TEST_CASE("A31-17: the responses of the vectors are read back") {
    const auto vectors = vectors::load("generated/ildcp.json");
    for (const auto& vector : vectors.at("responses").as_array()) {
        const bytes data = vectors::from_hex(vectors::text(vector.at("data_hex")));
        const auto read = ildcp::parse_response(data);
        REQUIRE(read);
        CHECK(read->client_address == vectors::text(vector.at("client_address")));
        CHECK(read->asset_scale == vector.at("asset_scale").to_number<std::uint8_t>());
        CHECK(read->asset_code == vectors::text(vector.at("asset_code")));
        for (std::size_t size = 0; size < data.size(); ++size) CHECK_FALSE(ildcp::parse_response({data.data(), size}));
    }
}

TEST_CASE("ildcp: a response with an invalid address is not read") {
    const auto is_read = [](std::string_view address) {
        bytes data;
        ildcp::serialize_response(data, address, 9, "USD");
        return ildcp::parse_response(data).has_value();
    };
    CHECK(is_read("test.a"));
    CHECK_FALSE(is_read("not an address"));
    CHECK_FALSE(is_read(""));
}

}  // namespace ildcp_test

#include "ilp/echo.hpp"

#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace echo_test {

using ilp::bytes;
namespace echo = ilp::echo;

TEST_CASE("echo: request and response of the vectors, both ways") {
    const auto vectors = vectors::load("generated/echo.json");
    const auto& vector = vectors.at("request");
    const bytes request = vectors::from_hex(vectors::text(vector.at("data_hex")));
    const echo::payload parsed = echo::parse(request);
    CHECK(parsed.what == echo::kind::request);
    CHECK(parsed.source == vectors::text(vector.at("source")));
    bytes out;
    ilp::echo::serialize_request(out, parsed.source);
    CHECK(out == request);

    const bytes response = vectors::from_hex(vectors::text(vectors.at("response").at("data_hex")));
    CHECK(echo::parse(response).what == echo::kind::response);
    CHECK(echo::parse(response).source.empty());
    out.clear();
    echo::serialize_response(out);
    CHECK(out == response);
}

TEST_CASE("echo: what begins with the whole prefix and is neither request nor response is malformed") {
    const auto vectors = vectors::load("generated/echo.json");
    const bytes prefix = vectors::from_hex(vectors::text(vectors.at("prefix_hex")));
    for (const auto& vector : vectors.at("malformed").as_array()) {
        INFO(vectors::text(vector.at("name")));
        const bytes data = vectors::from_hex(vectors::text(vector.at("data_hex")));
        const bool whole_prefix = data.size() >= prefix.size();
        CHECK(echo::parse(data).what == (whole_prefix ? echo::kind::malformed : echo::kind::none));
        CHECK(echo::parse(data).source.empty());
    }
}

TEST_CASE("echo: other data is not an echo") {
    CHECK(echo::parse({}).what == echo::kind::none);
    CHECK(echo::parse(ilp::as_bytes("echoechoechoecho")).what == echo::kind::none);
    CHECK(echo::parse(ilp::as_bytes("XECHOECHOECHOECHO")).what == echo::kind::none);
}

TEST_CASE("A30-07: octets after an echo are ignored") {
    bytes data;
    ilp::echo::serialize_request(data, "test.a");
    data.push_back(0);
    CHECK(echo::parse(data).what == echo::kind::request);
    CHECK(echo::parse(data).source == "test.a");
    data.clear();
    echo::serialize_response(data);
    data.push_back(0);
    CHECK(echo::parse(data).what == echo::kind::response);
}

TEST_CASE("echo: condition and fulfillment of the one-way ping belong together") {
    const auto vector = vectors::load("generated/echo.json").at("unidirectional");
    CHECK(vectors::to_hex(echo::one_way_condition) == vectors::text(vector.at("condition_hex")));
    CHECK(vectors::to_hex(echo::one_way_fulfillment) == vectors::text(vector.at("fulfillment_hex")));
    CHECK(ilp::fulfills(echo::one_way_fulfillment, echo::one_way_condition));
}

}  // namespace echo_test

#include "tests/bench/wire.hpp"

#include "ilp/packet.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace wire_test {

namespace {

const std::string stream =
    "POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 5\r\n\r\nfirst"
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    "HTTP/1.1 200 OK\r\nContent-Length:6\r\n\r\nsecond";

struct seen_message {
    int status;
    std::string body;
    bool operator==(const seen_message&) const = default;
};

const std::vector<seen_message> expected{{0, "first"}, {0, ""}, {200, "second"}};

std::vector<seen_message> split(const std::string& text, std::size_t piece) {
    bench::message_splitter splitter;
    std::vector<seen_message> seen;
    for (std::size_t i = 0; i < text.size(); i += piece) {
        CHECK(splitter.feed(std::string_view{text}.substr(i, piece), [&](const auto& head, auto, auto body) {
            seen.push_back({head.status, std::string{body}});
        }));
    }
    return seen;
}

}  // namespace

TEST_CASE("messages are the same however their bytes are split") {
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        INFO("pieces of " << piece);
        CHECK(split(stream, piece) == expected);
    }
}

TEST_CASE("a message without a recognizable end is refused") {
    bench::message_splitter splitter;
    const auto ignore = [](const auto&, auto, auto) {};
    CHECK_FALSE(splitter.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ignore));
    CHECK_FALSE(bench::message_splitter{}.feed("POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", ignore));
    CHECK_FALSE(bench::message_splitter{}.feed(std::string(20'000, 'x'), ignore));
}

TEST_CASE("the fixed Fulfill answers the condition that the generator sends") {
    auto packet = bench::fixed_fulfill();
    const auto fulfill = ilp::fulfill_view::parse(packet);
    REQUIRE(fulfill);
    CHECK(packet.size() == 35);
    CHECK(ilp::fulfills(fulfill->fulfillment(), ilp::sha256(bench::fixed_fulfillment)));
}

}  // namespace wire_test

#include "tests/bench/frames.hpp"

#include "connector/transport/http2/client_session.hpp"
#include "connector/transport/http2/server_session.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace frames_test {

namespace {

namespace http2 = connector::http2;

const ilp::steady_time now{std::chrono::seconds{1}};

/// What a client sends that makes three requests with different bodies.
std::string three_requests() {
    ilp::bytes octets;
    http2::client_session client{octets};
    const auto block = bench::request_block(false, "/", "127.0.0.1:1", "token");
    for (const std::string body : {"first", "second", "third"}) client.request(block, ilp::as_bytes(body), octets);
    return std::string{ilp::as_text(octets)};
}

}  // namespace

TEST_CASE("requests over HTTP/2 are the same however their bytes are split") {
    const auto octets = three_requests();
    for (std::size_t piece = 1; piece <= octets.size(); ++piece) {
        INFO("pieces of " << piece);
        ilp::bytes out;
        http2::server_session server{out};
        bench::frame_input input;
        std::vector<std::string> bodies;
        for (std::size_t i = 0; i < octets.size(); i += piece) {
            std::string received = octets.substr(i, piece);
            CHECK(input.feed(server, received, out, now, [&](const http2::event& event) {
                if (event.kind == http2::event_kind::message) bodies.emplace_back(ilp::as_text(event.body));
            }));
        }
        CHECK(bodies == std::vector<std::string>{"first", "second", "third"});
    }
}

TEST_CASE("what is not HTTP/2 is refused") {
    ilp::bytes out;
    http2::server_session server{out};
    std::string received(64, 'x');
    CHECK_FALSE(bench::frame_input{}.feed(server, received, out, now, [](const http2::event&) {}));
}

}  // namespace frames_test

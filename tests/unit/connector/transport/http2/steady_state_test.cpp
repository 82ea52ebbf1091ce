#include "tests/unit/connector/transport/http2/conversation.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdlib>
#include <deque>
#include <new>

namespace steady_state_test {

std::size_t allocations = 0;

}  // namespace steady_state_test

// The whole program counts its allocations. The address sanitizer keeps its own operators, so that the count stays 0
// under it and the test only looks at the conversation.
#ifndef __SANITIZE_ADDRESS__
void* operator new(std::size_t size) {
    ++steady_state_test::allocations;
    if (void* const made = std::malloc(size)) return made;
    throw std::bad_alloc{};
}
void operator delete(void* freed) noexcept {
    std::free(freed);
}
void operator delete(void* freed, std::size_t) noexcept {
    std::free(freed);
}
#endif

namespace steady_state_test {

using namespace http2_conversation;

/// What one side has sent to the other.
struct pipe {
    ilp::bytes octets;
    std::size_t taken = 0;

    ilp::bytes_span rest() { return ilp::bytes_span{octets}.subspan(taken); }
    void end_turn() {
        if (taken == octets.size()) {
            octets.clear();
            taken = 0;
        }
    }
};

TEST_CASE("a packet costs no allocation on either side once a connection is warm") {
    pipe to_server;
    pipe to_client;
    client_session client{to_server.octets};
    server_session server{to_client.octets};
    const ilp::bytes request_block = block_of(post_fields());
    const ilp::bytes answer_block = ok_block();
    const ilp::bytes prepare(500, 1);
    const ilp::bytes fulfill(60, 2);
    std::size_t answered = 0;
    std::deque<std::uint64_t> waiting;

    const auto turn = [&](std::size_t requests) {
        for (; requests != 0 && client.may_open(); --requests) client.request(request_block, prepare, to_server.octets);
        for (;;) {
            const event e = server.next(to_server.rest(), to_client.octets, at(0));
            if (e.kind == event_kind::message) {
                REQUIRE(e.body.size() == prepare.size());
                server.answer(e.number, answer_block, fulfill, to_client.octets);
            }
            to_server.taken += e.consumed;
            REQUIRE(e.kind != event_kind::failed);
            if (e.kind == event_kind::needs_more) break;
        }
        for (;;) {
            const event e = client.next(to_client.rest(), to_server.octets, at(0));
            if (e.kind == event_kind::message) {
                REQUIRE(e.body.size() == fulfill.size());
                ++answered;
            }
            to_client.taken += e.consumed;
            REQUIRE(e.kind != event_kind::failed);
            if (e.kind == event_kind::needs_more) break;
        }
        to_client.end_turn();
        to_server.end_turn();
    };

    for (int i = 0; i < 100; ++i) turn(200);
    const std::size_t answered_before = answered;
    const std::size_t before = allocations;
    for (int i = 0; i < 100; ++i) turn(200);
    const std::size_t after = allocations;
    CHECK(answered - answered_before > 10'000);
    CHECK(after - before == 0);
}

#ifndef __SANITIZE_ADDRESS__
TEST_CASE("a decoded head keeps no memory once it is released") {
    connector::http2::request_fields fields;
    fields.begin();
    fields.field(":path", "/");
    fields.release();
    CHECK(fields.head().target.empty());
    const std::size_t before = allocations;
    fields.begin();
    CHECK(allocations == before + 1);
}
#endif

}  // namespace steady_state_test

#include "tests/unit/connector/tls/system_calls.hpp"
#include "tests/unit/connector/tls/tls_pair.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace tls_fault_test {

using namespace connector;
using namespace connector::testing;

namespace {

struct no_faults {
    ~no_faults() {
        receiving.reset();
        sending.reset();
    }
};

/// A conversation with some records each way, and an orderly end.
void converse(tls_pair& pair) {
    pair.client.to_send = std::string(40'000, 'q');
    pair.server.to_send = "first answer";
    pair.run();
    pair.server.to_send = "second answer";
    pair.run();
    pair.client.filter->end_sending(pair.client.socket);
    pair.run();
}

int calls_of(system_call& call) {
    call.reset();
    tls_pair pair;
    converse(pair);
    const int count = call.count;
    CHECK(pair.server.last_read == stream_state::ended);
    return count;
}

bool is_prefix(const std::string& part, const std::string& whole) {
    return whole.starts_with(part);
}

}  // namespace

TEST_CASE("tls faults: each call of the system in turn finds nothing, or moves one byte, and all arrives") {
    const no_faults after;
    system_call& call = GENERATE(0, 1) == 0 ? receiving : sending;
    const bool is_short = GENERATE(false, true);
    const int count = calls_of(call);
    REQUIRE(count > 5);
    for (int i = 1; i <= count; ++i) {
        INFO("call " << i << " of " << count);
        call.reset();
        call.failing = i;
        call.error = EAGAIN;
        call.is_short = is_short;
        tls_pair pair;
        converse(pair);
        CHECK(pair.server.received == std::string(40'000, 'q'));
        CHECK(pair.client.received == "first answersecond answer");
        // An end that found the socket full would have been repeated by the connection.
        if (pair.server.last_read != stream_state::ended) {
            pair.client.filter->end_sending(pair.client.socket);
            pair.run();
        }
        CHECK(pair.server.last_read == stream_state::ended);
    }
}

TEST_CASE("tls faults: each call of the system in turn breaks the connection, and no side is told more than is true") {
    const no_faults after;
    system_call& call = GENERATE(0, 1) == 0 ? receiving : sending;
    const int count = calls_of(call);
    for (int i = 1; i <= count; ++i) {
        INFO("call " << i << " of " << count);
        call.reset();
        call.failing = i;
        call.error = ECONNRESET;
        call.fails_from_then_on = true;
        tls_pair pair;
        converse(pair);
        CHECK(is_prefix(pair.server.received, std::string(40'000, 'q')));
        CHECK(is_prefix(pair.client.received, "first answersecond answer"));
        // What was not reported as taken, and cannot have left, has not arrived.
        const side& client = pair.client;
        const std::size_t taken = 40'000 - client.to_send.size();
        if (client.last_write == stream_state::broken && !client.part_may_have_left) {
            CHECK(pair.server.received.size() <= taken);
        }
    }
}

TEST_CASE("tls faults: a write that breaks in the middle says whether the other side can have got something") {
    const no_faults after;
    tls_pair pair;
    pair.establish();
    // The socket takes some bytes of the message, which are or are not a whole record, and then the connection breaks.
    const bool is_record_complete = GENERATE(false, true);
    const std::string message(30'000, 'm');
    sending.reset();
    sending.failing = 1;
    sending.is_short = true;
    sending.size_max = is_record_complete ? 17'000 : 16'000;
    const auto write = [&] { return pair.client.filter->write(pair.client.socket, ilp::as_bytes(message)); };
    REQUIRE(write().state == stream_state::wants_writing);
    sending.reset();
    sending.failing = 1;
    sending.error = ECONNRESET;
    const stream_result result = write();
    CHECK(result.state == stream_state::broken);
    CHECK(result.count == 0);
    CHECK(result.part_may_have_left == is_record_complete);
    pair.server.read_size = 100'000;
    pair.server.read_some();
    CHECK(pair.server.received.size() == (is_record_complete ? 16 * 1024 : 0));
    CHECK(pair.client.filter->failure() == "Connection reset by peer");
}

}  // namespace tls_fault_test

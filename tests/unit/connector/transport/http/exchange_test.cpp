#include "connector/transport/http/exchange.hpp"

#include "config/value.hpp"
#include "connector/transport/expected_replies.hpp"
#include "connector/transport/http/reply_schedule.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace exchange_test {

using namespace connector;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view id = "42ee09c8-a6de-4ae3-8a47-4732b0cbb07b";

struct fields {
    std::string_view request_id{};
    std::string_view callback_url{};
    bool prefers = false;
};

/// "synchronous", "400", or the target of the answer; with "ID " before it if there is an id.
std::string meaning_of(const fields& fields, const std::string& endpoint = "http://bank.example:3002/ilp") {
    http::request_head head;
    head.request_id = fields.request_id;
    head.callback_url = fields.callback_url;
    head.prefers_asynchronous = fields.prefers;
    config::outgoing_http_settings peer;
    peer.endpoint = config::packet_url().parse(endpoint).value();
    const auto found = http::exchange_of(head, peer);
    if (!found) return std::to_string(static_cast<unsigned>(found.error().status));
    if (!*found) return "synchronous";
    CHECK((*found)->id == request_id::parse(id));
    return "ID " + (*found)->reply_at.value_or("synchronous");
}

}  // namespace

TEST_CASE("A35-12: a preference, or an id with a URL, make a request asynchronous") {
    CHECK(meaning_of({}) == "synchronous");
    CHECK(meaning_of({.callback_url = "http://bank.example:3002/x"}) == "synchronous");
    CHECK(meaning_of({.request_id = "some other id"}) == "synchronous");
    CHECK(meaning_of({.request_id = id}) == "ID synchronous");  // it may be that of an answer
    CHECK(meaning_of({.request_id = id, .callback_url = "http://bank.example:3002/x?y"}) == "ID /x?y");
    CHECK(meaning_of({.request_id = id, .prefers = true}) == "ID /ilp");
    CHECK(meaning_of({.request_id = "42EE09C8-A6DE-4AE3-8A47-4732B0CBB07B", .prefers = true}) == "ID /ilp");
}

TEST_CASE("A35-31: an asynchronous request needs a UUID of version 4") {
    for (const std::string_view wrong :
         {"", "x", "42ee09c8-a6de-1ae3-8a47-4732b0cbb07b", "{42ee09c8-a6de-4ae3-8a47-4732b0cbb07b}"}) {
        CAPTURE(wrong);
        CHECK(meaning_of({.request_id = wrong, .prefers = true}) == "400");
    }
    CHECK(meaning_of({.request_id = "x", .callback_url = "http://bank.example:3002/x"}) == "400");
}

TEST_CASE("which ids of requests have the same hash cannot be computed by a peer") {
    const auto parsed = request_id::parse(id);
    REQUIRE(parsed);
    CHECK(hash_value(*parsed) == hash_value(*request_id::parse("42EE09C8-A6DE-4AE3-8A47-4732B0CBB07B")));
    // Without the secret it would be this one, in every process.
    const std::string octets{"\x42\xee\x09\xc8\xa6\xde\x4a\xe3\x8a\x47\x47\x32\xb0\xcb\xb0\x7b", 16};
    CHECK(hash_value(*parsed) != std::hash<std::string_view>{}(octets));
}

TEST_CASE("A35-30: a callback URL has the origin of the peer's endpoint") {
    const auto with = [](std::string_view url, const std::string& endpoint = "http://bank.example:3002/ilp") {
        return meaning_of({.request_id = id, .callback_url = url}, endpoint);
    };
    CHECK(with("HTTP://BANK.example:3002") == "ID /");
    CHECK(with("https://bank.example/x", "https://bank.example:443/ilp") == "ID /x");
    const std::string longest = "http://bank.example:3002/" + std::string(512 - 25, 'x');
    CHECK(with(longest) == "ID /" + std::string(512 - 25, 'x'));
    CHECK(with(longest + "x") == "400");
    for (const std::string_view url :
         {"http://bank.example/x", "http://bank.example:3003/x", "https://bank.example:3002/x",
          "http://bank.example.evil:3002/x", "http://evil.example:3002/", "http://bank.example:3002@evil.example/",
          "ftp://bank.example:3002/", "/x", "http://bank.example:3002/\r\nX: y"}) {
        CAPTURE(url);
        CHECK(with(url) == "400");
    }
    CHECK(with("http://bank.example:443/x", "https://bank.example/") == "400");
}

TEST_CASE("the trace id of an answer is read where it is one") {
    http::request_head head;
    head.request_id = id;
    const config::outgoing_http_settings peer;
    CHECK_FALSE(http::exchange_of(head, peer).value().value().trace);
    head.trace = "00000000000000000000000000000001";
    CHECK(http::exchange_of(head, peer).value().value().trace == trace_id{0, 1});
    head.trace = "no id";
    CHECK_FALSE(http::exchange_of(head, peer).value().value().trace);
}

TEST_CASE("an answer is told from a Prepare by its first byte") {
    const auto begins = [](ilp::octet first) { return http::begins_as_answer(ilp::bytes{first, 0}); };
    CHECK(begins(13));
    CHECK(begins(14));
    CHECK_FALSE(begins(12));
    CHECK_FALSE(http::begins_as_answer({}));
}

TEST_CASE("A35-18: pauses grow, attempts are counted, and none begins after the expiry") {
    const ilp::steady_time now{1h};
    const auto pause = [&](unsigned failed) { return *reply_schedule::next_attempt(failed, now, now + 1h) - now; };
    CHECK(pause(1) == 100ms);
    CHECK(pause(2) == 200ms);
    CHECK(pause(6) == 3200ms);
    CHECK(pause(7) == 5s);
    CHECK(pause(19) == 5s);
    CHECK_FALSE(reply_schedule::next_attempt(20, now, now + 1h));
    CHECK_FALSE(reply_schedule::next_attempt(1, now, now + 100ms));
    CHECK(reply_schedule::next_attempt(1, now, now + 101ms));
    CHECK_FALSE(reply_schedule::next_attempt(1, now, now - 1s));
    for (const unsigned status : {200U, 202U, 204U, 301U, 400U, 403U, 404U}) CHECK(reply_schedule::is_final(status));
    for (const unsigned status : {0U, 401U, 408U, 425U, 429U, 500U, 502U, 503U})
        CHECK_FALSE(reply_schedule::is_final(status));
}

TEST_CASE("A35-19: an expected answer is claimed once, by the peer that owes it") {
    struct receiver final : reply_receiver {
        void take_reply(const request_id&, ilp::bytes, const trace_id&) override {}
    };
    receiver one;
    receiver two;
    expected_replies replies;
    const request_id a = request_id::random();
    const request_id b = request_id::random();
    const ilp::steady_time now{1h};
    replies.expect(a, 1, now + 1ms, one);
    replies.expect(b, 2, now + 1ms, two);
    CHECK(replies.claim(a, 2, now) == nullptr);
    CHECK(replies.claim(request_id::random(), 1, now) == nullptr);
    CHECK(replies.claim(a, 1, now) == &one);
    CHECK_FALSE(replies.retract(a));
    CHECK(replies.claim(a, 1, now) == nullptr);
    CHECK(replies.retract(b));
    CHECK_FALSE(replies.retract(b));
    CHECK(replies.claim(b, 2, now) == nullptr);
    replies.expect(a, 1, now, one);
    CHECK(replies.claim(a, 1, now) == nullptr);  // it is due
}

TEST_CASE("A35-19: an answer that is claimed while it is given up is one of the two") {
    struct receiver final : reply_receiver {
        void take_reply(const request_id&, ilp::bytes, const trace_id&) override {}
    };
    receiver one;
    expected_replies replies;
    const ilp::steady_time now{1h};
    std::vector<request_id> ids(2000);
    for (auto& each : ids) {
        each = request_id::random();
        replies.expect(each, 1, now + 1h, one);
    }
    std::size_t claimed = 0;
    std::thread claims{[&] {
        for (const auto& each : ids) claimed += replies.claim(each, 1, now) != nullptr ? 1U : 0U;
    }};
    std::size_t retracted = 0;
    for (auto each = ids.rbegin(); each != ids.rend(); ++each) retracted += replies.retract(*each) ? 1U : 0U;
    claims.join();
    CHECK(claimed + retracted == ids.size());
}

TEST_CASE("A35-31: a request id is read in either case, and written in lower case") {
    const auto read = request_id::parse("42EE09c8-a6de-4ae3-8A47-4732b0cbb07b");
    REQUIRE(read);
    const auto text = read->text();
    CHECK(as_text(text) == id);
    CHECK(request_id::parse(id) == read);
    for (const std::string_view wrong : {"", "42ee09c8-a6de-1ae3-8a47-4732b0cbb07b", "42ee09c8a6de4ae38a474732b0cbb07b",
                                         "42ee09c8-a6de-4ae3-8a47-4732b0cbb07b "}) {
        CHECK_FALSE(request_id::parse(wrong));
    }
    const request_id one = request_id::random();
    const auto form = one.text();
    CHECK(request_id::parse(as_text(form)) == one);
    CHECK_FALSE(request_id::random() == one);
}

}  // namespace exchange_test

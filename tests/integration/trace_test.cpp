#include "tests/support/daemon.hpp"
#include "tests/support/expectations.hpp"
#include "tests/support/fake_peer.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trace_test {

namespace {

using namespace support;

const std::string known_id = "0123456789abcdef0fedcba987654321";

/// A sender, two daemons, and a next hop that the test scripts: p1 - alice - bob - end.
struct chain {
    /// `link`: further lines of http.outgoing, from alice to bob.
    explicit chain(const std::vector<std::string>& link, const std::string& level = "debug")
        : alice{terms_of_alice(link, level), alice_port}, bob{terms_of_bob(level), bob_port} {}

    daemon_terms terms_of_alice(const std::vector<std::string>& link, const std::string& level) const {
        daemon_terms terms{.address = "test.alice"};
        terms.log_level = level;
        terms.connector = {"workers: 2",
                           "callback_url: \"http://127.0.0.1:" + std::to_string(alice_port) + "/accounts/bob/ilp\""};
        terms.peers = {{.name = "p1"},
                       {.name = "bob", .address = "test.bob", .port = bob_port, .tokens = {token_for("alice")}}};
        terms.peers[1].outgoing = link;
        return terms;
    }
    daemon_terms terms_of_bob(const std::string& level) const {
        daemon_terms terms{.address = "test.bob"};
        terms.log_level = level;
        terms.connector = {"workers: 1"};
        terms.peers = {
            {.name = "alice", .address = "test.alice", .port = alice_port, .tokens = {token_for("bob")}},
            {.name = "end", .address = "test.bob.end", .port = end.port()},
        };
        return terms;
    }

    std::optional<http_message> send(const std::string& destination) const {
        return alice.post(prepare{.amount = 10, .destination = destination});
    }
    /// The trace id of the Reject with this code that the sender gets.
    std::string trace_of(const std::string& destination, const std::string& code) const {
        const auto answer = send(destination);
        CHECK(outcome(answer) == code);
        return answer ? answer->header("ILP-Trace-Id").value_or("none") : "no answer";
    }

    std::uint16_t alice_port = free_port();
    std::uint16_t bob_port = free_port();
    fake_peer end;
    ilpd_daemon alice;
    ilpd_daemon bob;
};

bool is_id(const std::string& text) {
    return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// A Reject of the next hop, with this value of the field.
scripted_answer reject_with(const std::string& trace) {
    auto answer = answer_reject("F99");
    answer.octets.insert(answer.octets.find("\r\n"), "\r\nILP-Trace-Id: " + trace);
    return answer;
}

}  // namespace

TEST_CASE("trace: the id beside a Reject is in the log of each node that the packet has passed") {
    const auto link = GENERATE(std::vector<std::string>{}, std::vector<std::string>{"protocol: http2"},
                               std::vector<std::string>{"mode: asynchronous"});
    chain c{link};

    CHECK(outcome(c.send("test.bob.end")) == "fulfill");
    CHECK_FALSE(c.send("test.bob.end")->header("ILP-Trace-Id"));

    const std::string of_alice = c.trace_of("test.nowhere", "F02");
    REQUIRE(is_id(of_alice));
    CHECK(c.alice.logs("packet refused peer=p1 code=F02 reason=no_route trace=" + of_alice + "\n"));

    const std::string of_bob = c.trace_of("test.bob.nowhere", "F02");
    REQUIRE(is_id(of_bob));
    CHECK(of_bob != of_alice);
    CHECK(c.alice.logs("packet rejected by the next hop peer=p1 next_hop=bob code=F02 trace=" + of_bob + "\n"));
    CHECK(c.bob.logs("packet refused peer=alice code=F02 reason=no_route trace=" + of_bob + "\n"));

    // The next hop says no id, an id, and something else.
    c.end.set_script([](const http_message&) { return answer_reject("F99"); });
    const std::string made_here = c.trace_of("test.bob.end", "F99");
    REQUIRE(is_id(made_here));
    CHECK(c.alice.logs("packet rejected by the next hop peer=p1 next_hop=bob code=F99 trace=" + made_here + "\n"));
    CHECK(c.bob.logs("packet rejected by the next hop peer=alice next_hop=end code=F99 trace=" + made_here + "\n"));
    c.end.set_script([](const http_message&) { return reject_with(known_id); });
    CHECK(c.trace_of("test.bob.end", "F99") == known_id);
    CHECK(c.bob.logs("packet rejected by the next hop peer=alice next_hop=end code=F99 trace=" + known_id + "\n"));
    c.end.set_script([](const http_message&) { return reject_with("a trace=" + known_id.substr(8)); });
    const std::string instead = c.trace_of("test.bob.end", "F99");
    CHECK(is_id(instead));
    CHECK(c.bob.logs("trace=" + instead + "\n"));
    CHECK_FALSE(c.bob.has_logged("a trace="));

    c.end.set_script([](const http_message&) { return answer_packet(encode_fulfill(ilp::fulfillment{})); });
    const std::string of_fault = c.trace_of("test.bob.end", "F05");
    REQUIRE(is_id(of_fault));
    CHECK(c.bob.logs("code=F05 reason=wrong_fulfillment trace=" + of_fault + "\n"));
    CHECK(c.alice.logs("next_hop=bob code=F05 trace=" + of_fault + "\n"));
    CHECK_FALSE(c.alice.has_logged("reason=wrong_fulfillment"));
}

TEST_CASE("trace: at the default level, a Reject has an id and costs no line") {
    chain c{{}, "info"};
    const std::size_t before = c.alice.log().size() + c.bob.log().size();
    for (int i = 0; i < 20; ++i) {
        CHECK(is_id(c.trace_of("test.nowhere", "F02")));
        CHECK(is_id(c.trace_of("test.bob.nowhere", "F02")));
    }
    CHECK(c.alice.log().size() + c.bob.log().size() == before);
}

}  // namespace trace_test

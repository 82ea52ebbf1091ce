#include "ilp/packet.hpp"
#include "peering/splitting/split_header.hpp"
#include "tests/integration/split_link.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/expectations.hpp"
#include "tests/support/fake_peer.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace splitting_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

std::vector<split_link::options> every_kind_of_link() {
    std::vector<split_link::options> all;
    for (const char* const protocol : {"http1", "http2"}) {
        for (const int workers : {1, 2}) all.push_back({.protocol = protocol, .workers = workers});
    }
    all.push_back({.store = store_kind::postgresql});
    return all;
}

/// Requires that alice has refused the packet, and has said what her maximum is.
void expect_maximum(const std::optional<http_message>& response, std::uint64_t received, std::uint64_t maximum) {
    const auto reject = expect_reject(response, "F08", "test.alice");
    const auto data = ilp::serialize(ilp::amount_too_large_data{{received}, {maximum}});
    CHECK(std::ranges::equal(reject.data, data));
}

/// The id of a packet in parts.
std::string id_of(int number) {
    return std::string(20, 'A') + static_cast<char>('A' + number) + "A==";
}

std::string random_id() {
    std::string id;
    for (const ilp::octet octet : random_bytes(21)) id += static_cast<char>('a' + octet % 26);
    return id + "A==";
}

/// The label of one part, as a peer may write it.
struct part_text {
    std::string id = "AAECAwQFBgcICQoLDA0ODw==";
    int part = 0;
    int parts = 2;
    std::uint64_t total = 2000;

    std::string text() const {
        return "id=:" + id + ":, part=" + std::to_string(part) + ", parts=" + std::to_string(parts) + ", total=\"" +
               std::to_string(total) + "\"";
    }
};

/// A daemon with a peer that may send in parts, played by the test, and one behind it.
struct collector {
    explicit collector(const std::vector<std::string>& terms_of_sender = {split_terms}) : d{terms(terms_of_sender)} {}

    daemon_terms terms(const std::vector<std::string>& of_sender) const {
        daemon_terms terms;
        terms.connector = {"workers: 1"};
        terms.peers = {{.name = "p1", .terms = {"max_packet_amount: " + std::to_string(link_max)}},
                       {.name = "p2", .port = next_hop.port()}};
        terms.peers[0].terms.insert(terms.peers[0].terms.end(), of_sender.begin(), of_sender.end());
        return terms;
    }
    static http_request part(const prepare& whole, std::uint64_t amount, const part_text& label) {
        prepare sent = whole;
        sent.amount = amount;
        http_request request = ilp_request(encode(sent));
        request.headers.emplace_back("ILP-Split", label.text());
        return request;
    }
    /// Every part of a packet expires at the same time.
    static prepare whole(std::chrono::milliseconds expires_in = 20s) {
        return {.destination = "test.p2.x", .data = random_bytes(9), .expires_at = now() + expires_in};
    }
    double held() const { return d.scrape().sum("ilp_peer_liquidity", {{"peer", "p1"}}); }

    fake_peer next_hop;
    ilpd_daemon d;
};

}  // namespace

TEST_CASE("a packet above the maximum of a link crosses it in parts, and is whole again behind it") {
    for (const auto& options : every_kind_of_link()) {
        INFO(options.protocol << ", workers: " << options.workers);
        split_link pair{options};
        pair.agree();
        pair.bob_end.set_script([](const http_message& request) { return answer_fulfill(request, to_bytes("here")); });
        for (const std::uint64_t amount : {link_max + 1, 2 * link_max, 11'999ul, 12'000ul}) {
            const prepare sent = split_link::packet(amount);
            const std::size_t before = pair.bob_end.request_count();
            CHECK(expect_fulfill(pair.send(sent), sent) == to_bytes("here"));
            REQUIRE(pair.bob_end.request_count() == before + 1);
            const received_prepare got = pair.bob_end.last_prepare();
            CHECK(got.amount == amount);
            CHECK(got.data == sent.data);
            CHECK(!pair.bob_end.requests().back().header("ILP-Split"));
        }
        pair.expect_equal_books();
        CHECK(pair.splits(pair.alice, "bob", "sent_fulfilled") >= 4);
        CHECK(pair.splits(pair.alice, "bob", "sent_fulfilled") == pair.splits(pair.bob, "alice", "received_fulfilled"));
    }
}

TEST_CASE("a sender learns the exact maximum of a link that takes parts, and before that the one of a packet") {
    const split_link pair;
    expect_maximum(pair.send(split_link::packet(5000)), 5000, link_max);
    pair.agree();
    CHECK(pair.outcome_of(12'000) == "fulfill");
    expect_maximum(pair.send(split_link::packet(12'001)), 12'001, 12'000);
    CHECK(pair.splits(pair.bob, "alice", "received_rejected") == 0);
    pair.expect_equal_books();
}

TEST_CASE("the smaller of what two peers take in parts counts") {
    const split_link pair{{.alice_terms = {"split: {max_total: 100000, max_parts: 1024}"},
                           .bob_terms = {"split: {max_total: 100000, max_parts: 3}"}}};
    pair.agree();
    expect_maximum(pair.send(split_link::packet(3001)), 3001, 3000);
    CHECK(pair.outcome_of(3000) == "fulfill");
}

TEST_CASE("a link in more parts than a connection usually carries requests, over both versions of HTTP") {
    for (const char* const protocol : {"http1", "http2"}) {
        const std::string many = "split: {max_total: 1000000, max_parts: 500}";
        const split_link pair{{.protocol = protocol, .alice_terms = {many}, .bob_terms = {many}}};
        pair.agree();
        CHECK(pair.outcome_of(500 * link_max) == "fulfill");
        CHECK(pair.bob_end.last_prepare().amount == 500 * link_max);
        CHECK(pair.outcome_of(1) == "fulfill");
        pair.expect_equal_books();
    }
}

TEST_CASE("a peer that has not agreed gets the exact maximum of a packet, and never a part") {
    for (const auto& [of_alice, of_bob] :
         {std::pair<std::vector<std::string>, std::vector<std::string>>{{}, {split_terms}}, {{split_terms}, {}}}) {
        const split_link pair{{.alice_terms = of_alice, .bob_terms = of_bob}};
        for (int i = 0; i < 3; ++i) {
            CHECK(pair.outcome_of(link_max) == "fulfill");
            expect_maximum(pair.send(split_link::packet(link_max + 1)), link_max + 1, link_max);
        }
        pair.expect_equal_books();
    }
}

TEST_CASE("a peer that ceases to take parts gets none after its next answer, and refuses what comes before it") {
    split_link pair;
    pair.agree();
    auto& of_alice = pair.bob.terms().peers[0].terms;
    of_alice = {"max_packet_amount: 1000"};
    pair.bob.reload();
    REQUIRE(pair.bob.logs("reloaded"));
    CHECK(pair.outcome_of(2000) == "F00");
    CHECK(pair.outcome_of(2000) == "F08");
    CHECK(pair.outcome_of(1) == "fulfill");
    pair.expect_equal_books();
}

TEST_CASE("a Reject from behind the link is relayed once and unchanged, and nothing stays held") {
    for (const auto& options : every_kind_of_link()) {
        INFO(options.protocol << ", workers: " << options.workers);
        split_link pair{options};
        pair.agree();
        pair.bob_end.set_script([](const http_message&) {
            return answer_packet(encode_reject("F99", "test.bob.end.x", "not today", to_bytes("why")));
        });
        for (int i = 0; i < 5; ++i) {
            const auto reject = expect_any_reject(pair.send(split_link::packet(9000)));
            CHECK(reject.code == "F99");
            CHECK(reject.message == "not today");
            CHECK(reject.data == to_bytes("why"));
        }
        pair.expect_equal_books();
        CHECK(pair.alice.settled_liquidity("bob") + pair.bob.settled_liquidity("alice") == 2 * default_liquidity);
    }
}

TEST_CASE("the next hop's liquidity is held for the whole packet at its first part") {
    const collector rig;
    http_connection sender{rig.d.port()};
    const prepare whole = collector::whole();
    const double before = rig.held();
    sender.send(collector::part(whole, 1000, {}));
    REQUIRE(eventually([&] { return rig.held() == before - 2000; }));
    sender.send(collector::part(whole, 1000, {.part = 1}));
    CHECK(outcome(sender.receive()) == "fulfill");
    CHECK(outcome(sender.receive()) == "fulfill");
    CHECK(rig.next_hop.last_prepare().amount == 2000);
    CHECK(rig.held() == before - 2000);
}

TEST_CASE("parts may come in any order, and each gets the answer of the whole packet") {
    const collector rig;
    std::vector<int> order{0, 1, 2};
    int number = 0;
    do {
        http_connection sender{rig.d.port()};
        const prepare whole = collector::whole();
        for (const int part : order) {
            sender.send(collector::part(whole, part == 2 ? 1 : 1000,
                                        {.id = id_of(number), .part = part, .parts = 3, .total = 2001}));
        }
        for (int i = 0; i < 3; ++i) CHECK(outcome(sender.receive()) == "fulfill");
        CHECK(rig.next_hop.last_prepare().amount == 2001);
        ++number;
    } while (std::ranges::next_permutation(order).found);
    CHECK(rig.next_hop.request_count() == 6);
}

TEST_CASE("a packet of which a part is missing is refused after a second, and holds nothing any more") {
    const collector rig;
    http_connection sender{rig.d.port()};
    const double before = rig.held();
    const prepare whole = collector::whole();
    sender.send(collector::part(whole, 1000, {}));
    expect_reject(sender.receive(), "T00");
    CHECK(rig.held() == before);
    CHECK(rig.next_hop.request_count() == 0);
    // The id has ended.
    expect_reject(sender.exchange(collector::part(whole, 1000, {.part = 1})), "T00");
    CHECK(rig.d.scrape().sum("ilp_splits_total", {{"outcome", "received_incomplete"}}) == 1);
}

TEST_CASE("a part that comes again is refused alone, and one that contradicts the others ends the packet") {
    const collector rig;
    const double before = rig.held();
    {
        http_connection sender{rig.d.port()};
        const prepare whole = collector::whole();
        sender.send(collector::part(whole, 1000, {}));
        sender.send(collector::part(whole, 1000, {}));
        sender.send(collector::part(whole, 1000, {.part = 1}));
        CHECK(outcome(sender.receive()) == "fulfill");
        expect_reject(sender.receive(), "F00");
        CHECK(outcome(sender.receive()) == "fulfill");
    }
    int variant = 0;
    const auto contradict = [&](const prepare& whole, std::uint64_t amount, part_text label, const prepare& second) {
        http_connection sender{rig.d.port()};
        part_text first = label;
        first.id = label.id = id_of(variant++);
        first.part = 0;
        first.parts = 2;
        first.total = 2000;
        sender.send(collector::part(whole, 1000, first));
        sender.send(collector::part(second, amount, label));
        expect_reject(sender.receive(), "F00");
        expect_reject(sender.receive(), "F00");
    };
    const prepare whole = collector::whole();
    prepare other = whole;
    other.data[0] ^= 1;
    contradict(whole, 1000, {.part = 1}, other);
    other = whole;
    other.expires_at = *other.expires_at + 1ms;
    contradict(whole, 1000, {.part = 1}, other);
    other = whole;
    other.destination += "y";
    other.condition = condition_for(fulfillment_for(whole.destination, whole.data));
    contradict(whole, 1000, {.part = 1}, other);
    contradict(whole, 999, {.part = 1}, whole);
    contradict(whole, 1000, {.part = 1, .total = 1999}, whole);
    contradict(whole, 500, {.part = 1, .parts = 3}, whole);
    CHECK(rig.next_hop.request_count() == 1);
    CHECK(rig.held() == before - 2000);
}

TEST_CASE("a part that comes again and exceeds the rate of packets is refused alone") {
    const collector rig{{split_terms, "packet_rate: 1", "packet_burst: 1"}};
    http_connection sender{rig.d.port()};
    const prepare whole = collector::whole();
    sender.send(collector::part(whole, 1000, {}));
    sender.send(collector::part(whole, 1000, {}));
    // The packet has waited for its other part.
    expect_reject(sender.receive(), "T00");
    CHECK(outcome(sender.receive()) != "T00");
}

TEST_CASE("parts that were not agreed on, or are more or larger than agreed, are refused") {
    const collector agreed;
    const prepare whole = collector::whole();
    const auto send = [&](const collector& to, std::uint64_t amount, const part_text& label) {
        http_connection sender{to.d.port()};
        return sender.exchange(collector::part(whole, amount, label));
    };
    expect_reject(send(agreed, 1000, {.total = 12'001}), "F00");
    expect_reject(send(agreed, 1000, {.parts = 17}), "F00");
    expect_amount_too_large(send(agreed, 1001, {}), 2000, link_max);
    for (const std::string label : {"", "x", "id=:AAAA:, part=0, parts=2, total=\"2000\""}) {
        http_request request = ilp_request(encode({.amount = 12, .destination = "test.p2.x"}));
        request.headers.emplace_back("ILP-Split", label);
        expect_status(http_connection{agreed.d.port()}.exchange(request), 400);
    }
    CHECK(agreed.next_hop.request_count() == 0);

    const collector not_agreed{{}};
    expect_reject(send(not_agreed, 1000, {}), "F00");
    CHECK(not_agreed.next_hop.request_count() == 0);
    CHECK(!not_agreed.d.post(encode({.destination = "test.p2.x"}))->header("ILP-Split-Accept"));
    CHECK(agreed.d.post(encode({.destination = "test.p2.x"}))->header("ILP-Split-Accept") ==
          "max-total=\"12000\", max-parts=16");
}

TEST_CASE("a peer has a bounded number of packets of which parts are missing") {
    const collector rig;
    http_connection sender{rig.d.port()};
    for (int i = 0; i < 16; ++i) sender.send(collector::part(collector::whole(), 1000, {.id = id_of(i)}));
    REQUIRE(eventually([&] { return rig.held() == static_cast<double>(default_liquidity) - 16 * 2000; }));
    http_connection other{rig.d.port()};
    expect_reject(other.exchange(collector::part(collector::whole(), 1000, {.id = id_of(16)})), "T03");
    for (int i = 0; i < 16; ++i) expect_reject(sender.receive(), "T00");
    CHECK(rig.held() == static_cast<double>(default_liquidity));
}

TEST_CASE("the outcome of a packet in parts is told to the peer that asks, and to no other") {
    const collector rig;
    http_connection sender{rig.d.port()};
    const prepare whole = collector::whole();
    const auto ask = [&](std::string_view id, std::string_view peer) {
        http_request question = ilp_request({}, peer);
        question.method = "GET";
        question.target = "/ilp/outcome/" + std::string{id};
        return http_connection{rig.d.port()}.exchange(question);
    };
    constexpr std::string_view id = "000102030405060708090a0b0c0d0e0f";
    expect_status(ask(id, "p1"), 200);
    sender.send(collector::part(whole, 1000, {}));
    expect_status(ask(id, "p1"), 200);
    sender.send(collector::part(whole, 1000, {.part = 1}));
    CHECK(outcome(sender.receive()) == "fulfill");
    CHECK(outcome(ask(id, "p1")) == "fulfill");
    expect_status(ask(id, "p2"), 200);
    expect_status(ask("000102030405060708090a0b0c0d0e10", "p1"), 200);
    expect_status(ask("00", "p1"), 404);
    // A question has no body, however long it is said to be, and whether or not it comes.
    for (const std::string framing :
         {"Content-Length: 999999999999999999", "Content-Length: 5", "Transfer-Encoding: chunked"}) {
        http_request question = ilp_request({}, "p1");
        http_connection connection{rig.d.port()};
        std::string text = "GET /ilp/outcome/" + std::string{id} + " HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n";
        for (const auto& [name, value] : question.headers) text += name + ": " + value + "\r\n";
        connection.send(text + "\r\n");
        expect_status(connection.receive(), 413);
    }
    rig.d.reload();
    CHECK(rig.d.logs("reloaded"));
}

TEST_CASE("parts on two connections belong to no packet, and are refused for now") {
    const collector rig;
    const prepare whole = collector::whole();
    http_connection first{rig.d.port()};
    http_connection second{rig.d.port()};
    first.send(collector::part(whole, 1000, {}));
    REQUIRE(eventually([&] { return rig.held() == static_cast<double>(default_liquidity) - 2000; }));
    expect_reject(second.exchange(collector::part(whole, 1000, {.part = 1})), "T00");
    expect_reject(first.receive(), "T00");
    CHECK(rig.next_hop.request_count() == 0);
}

TEST_CASE("a connection that breaks with the answers does not make the books differ: the outcome is asked for") {
    for (const char* const protocol : {"http1", "http2"}) {
        INFO(protocol);
        const split_link pair{{.protocol = protocol, .with_proxy = true}};
        pair.agree();
        pair.proxy->cut_after(towards::client, 0);
        const prepare sent = split_link::packet(9000, 6s);
        expect_fulfill(pair.send(sent), sent);
        CHECK(pair.proxy->was_cut());
        CHECK(pair.splits(pair.alice, "bob", "sent_recovered") == 1);
        pair.expect_equal_books();
    }
}

/// The number of the part in this request; of a whole packet, one that no part has.
std::size_t part_of(const http_message& request) {
    const auto label = peering::parse_part_label(request.header("ILP-Split").value_or(""));
    return label ? label->part : peering::split_parts_limit;
}

/// Alice with a next hop that the test plays, and that says it takes parts.
struct hostile_collector {
    static std::string accepting(std::string octets) {
        return octets.insert(octets.find("\r\n") + 2, "ILP-Split-Accept: max-total=\"12000\", max-parts=16\r\n");
    }

    hostile_collector() {
        CHECK(outcome(send(1)) == "fulfill");
        CHECK(outcome(send(2000)) == "fulfill");  // the next hop fulfills each part, as it has agreed
        before = settled();
        requests = next_hop.request_count();
    }

    daemon_terms terms() const {
        daemon_terms terms;
        terms.connector = {"workers: 1"};
        terms.peers = {{.name = "p1"},
                       {.name = "p2",
                        .port = next_hop.port(),
                        .terms = {"max_packet_amount: " + std::to_string(link_max), split_terms}}};
        return terms;
    }

    std::optional<http_message> send(std::uint64_t amount, std::chrono::milliseconds expires_in = 10s) const {
        return d.post(
            {.amount = amount, .destination = "test.p2.x", .data = random_bytes(8), .expires_in = expires_in});
    }
    std::uint64_t settled() const { return d.settled_liquidity("p2"); }

    /// Answers questions for the outcome with this, and parts with what `of_part` says.
    void set_script(const std::function<scripted_answer(const http_message&)>& of_part,
                    const std::function<scripted_answer(const http_message&)>& of_question) {
        next_hop.set_script([of_part, of_question](const http_message& request) {
            auto answer = request.start_line.starts_with("GET ") ? of_question(request) : of_part(request);
            if (!answer.octets.empty()) answer.octets = accepting(std::move(answer.octets));
            return answer;
        });
    }
    static scripted_answer unknown(const http_message&) { return answer_http(200); }

    fake_peer next_hop{[](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.octets = accepting(std::move(answer.octets));
        return answer;
    }};
    ilpd_daemon d{terms()};
    std::uint64_t before = 0;
    std::size_t requests = 0;
};

TEST_CASE("whatever a next hop answers to parts, its account gets the total for a Fulfill, and otherwise nothing") {
    hostile_collector rig;
    const auto answers_of = [&rig](const std::vector<scripted_answer>& answers) {
        rig.set_script([answers](const http_message& request) { return answers[part_of(request) % answers.size()]; },
                       hostile_collector::unknown);
        return outcome(rig.send(4000, 4s));
    };
    const auto wrong = answer_packet(encode_fulfill(ilp::fulfillment{}));
    CHECK(answers_of({answer_reject("F99")}) == "F99");
    CHECK(answers_of({answer_reject("T04"), wrong}) == "T04");
    CHECK(answers_of({wrong}) == "F05");
    CHECK(answers_of({answer_http(503)}) == "T03");
    CHECK(answers_of({answer_http(401)}) == "T01");
    CHECK(answers_of({answer_close()}) == "T01");
    CHECK(answers_of({answer_reset()}) == "T01");
    CHECK(answers_of({answer_silence()}) == "R00");
    CHECK(rig.settled() == rig.before);

    // The first answer counts, even if the next hop contradicts itself.
    const auto one_rejected = [](std::size_t which) {
        return [which](const http_message& request) {
            return part_of(request) == which ? answer_reject("F99") : answer_fulfill(request);
        };
    };
    rig.set_script(one_rejected(0), hostile_collector::unknown);
    CHECK(outcome(rig.send(4000)) == "F99");
    CHECK(rig.settled() == rig.before);
    rig.set_script(one_rejected(3), hostile_collector::unknown);
    CHECK(outcome(rig.send(4000)) == "fulfill");
    CHECK(rig.settled() == rig.before + 4000);
    CHECK(outcome(rig.send(1)) == "fulfill");
}

TEST_CASE("an outcome counts only with the right fulfillment, and in time") {
    hostile_collector rig;
    const auto asked = std::make_shared<std::atomic<int>>(0);
    ilp::bytes last_part;
    std::mutex mutex;
    const auto lost = [&](const http_message& request) {
        const std::lock_guard lock{mutex};
        last_part = request.body;
        return answer_close();
    };
    const auto told = [&](const std::function<scripted_answer()>& answer) {
        rig.set_script(lost, [asked, answer](const http_message&) {
            ++*asked;
            return answer();
        });
        return outcome(rig.send(4000, 4s));
    };
    CHECK(told([] { return answer_packet(encode_fulfill(ilp::fulfillment{})); }) == "T01");
    CHECK(told([] { return answer_packet(to_bytes("nonsense")); }) == "T01");
    CHECK(told([] { return answer_silence(); }) == "T01");
    CHECK(told([] { return answer_reject("F99"); }) == "T01");
    CHECK(rig.settled() == rig.before);
    CHECK(told([&] {
              const std::lock_guard lock{mutex};
              return answer_fulfill({.body = last_part});
          }) == "fulfill");
    CHECK(rig.settled() == rig.before + 4000);
    CHECK(*asked >= 5);
    CHECK(rig.d.scrape().sum("ilp_splits_total", {{"outcome", "sent_recovered"}}) == 1);
}

TEST_CASE("a connection that ends in the middle of a packet, and a stop, leave nothing held") {
    collector rig;
    const double before = rig.held();
    {
        http_connection sender{rig.d.port()};
        sender.send(collector::part(collector::whole(), 1000, {}));
        REQUIRE(eventually([&] { return rig.held() == before - 2000; }));
    }
    REQUIRE(eventually([&] { return rig.held() == before; }));
    http_connection sender{rig.d.port()};
    sender.send(collector::part(collector::whole(), 1000, {.id = id_of(1)}));
    REQUIRE(eventually([&] { return rig.held() == before - 2000; }));
    CHECK(rig.d.stop() == 0);
    CHECK(outcome(sender.receive()) == "T00");
    rig.d.start();
    CHECK(rig.held() == before);
}

TEST_CASE("a peer that opens packets in parts without end gets in nobody's way, and costs bounded memory") {
    const collector rig;
    std::atomic<int> refused = 0;
    std::jthread attacker{[&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            http_connection sender{rig.d.port()};
            prepare large = collector::whole();
            large.data = random_bytes(30'000);
            for (int i = 0; i < 30; ++i) sender.send(collector::part(large, 1, {.id = random_id(), .parts = 16}));
            for (int i = 0; i < 30; ++i) {
                if (outcome(sender.receive()) != "fulfill") ++refused;
            }
        }
    }};
    REQUIRE(eventually([&] { return refused > 30; }));
    const double memory = rig.d.scrape().sum("process_resident_memory_bytes");
    for (int i = 0; i < 500; ++i) {
        REQUIRE(outcome(rig.d.post({.amount = 1, .destination = "test.p1.x"}, "p2")).starts_with("T01"));
    }
    REQUIRE(eventually([&] { return refused > 300; }));
    CHECK(rig.d.scrape().sum("process_resident_memory_bytes") < memory + 16e6);
    attacker.request_stop();
    attacker.join();
    REQUIRE(eventually([&] { return rig.held() == static_cast<double>(default_liquidity); }));
}

}  // namespace splitting_test

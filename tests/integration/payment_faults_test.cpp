#include "ilp/stream/keys.hpp"
#include "ilp/stream/receiver.hpp"
#include "peering/spsp/spsp_message.hpp"
#include "tests/integration/paying_account.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/expectations.hpp"
#include "tests/support/fake_peer.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payment_faults_test {

// Payments of a real daemon over a next hop that does what it should not, and to receivers that lie.
namespace {

using namespace support;
using namespace std::chrono_literals;
namespace stream = ilp::stream;

constexpr std::uint64_t deposit = 10'000'000;

/// A daemon whose account alice pays over its only peer, which is a server of the test.
daemon_terms payer_terms(std::uint16_t next_port, const std::string& route) {
    daemon_terms terms{.address = "test.payer"};
    terms.log_level = "info";
    // What a next hop does not answer is over soon.
    terms.connector = {"workers: 2", "max_hold_time: 2s", "min_expiration_window: 100ms"};
    terms.accounts = {{.name = "alice"}};
    terms.peers = {{.name = "next", .port = next_port, .routes = {route}, .terms = {"max_packet_amount: 1000"}}};
    return terms;
}

// --- A next hop with faults

enum class fault : std::uint8_t { none, drops, rejects, forges, talks_nonsense, repeats };

/// Passes packets on to another daemon, as its peer "next", and the answers back.
class faulty_hop {
public:
    /// `codes`: with which it rejects.
    faulty_hop(std::uint16_t to, std::vector<fault> faults, std::vector<std::string> codes, unsigned faults_per_mille)
        : to_{to}, faults_{std::move(faults)}, codes_{std::move(codes)}, faults_per_mille_{faults_per_mille} {
        std::cout << "faults from seed " << seed_ << '\n';
    }

    std::uint16_t port() const { return server_.port(); }
    /// What the other daemon has fulfilled, to this hop.
    std::uint64_t fulfilled() const { return fulfilled_; }
    /// No packet is on its way to the other daemon or back: one that its sender has given up may be.
    bool is_idle() const { return passing_ == 0; }

private:
    struct decision {
        fault what = fault::none;
        std::string code{};
    };

    decision decide() {
        const std::lock_guard lock{mutex_};
        if (random_() % 1'000 >= faults_per_mille_) return {};
        return {faults_[random_() % faults_.size()], codes_[random_() % codes_.size()]};
    }
    std::optional<http_message> pass_on(const http_message& request) {
        ++passing_;
        auto response = http_connection{to_}.exchange(ilp_request(request.body, "next"));
        if (outcome(response) == "fulfill") fulfilled_ += decode_prepare(request.body).amount;
        --passing_;
        return response;
    }
    scripted_answer answer(const http_message& request) {
        const decision decided = decide();
        switch (decided.what) {
            case fault::rejects:
                return answer_reject(decided.code);
            case fault::forges:
                return answer_packet(encode_fulfill(ilp::fulfillment{}));
            case fault::talks_nonsense:
                return answer_packet(random_bytes(50));
            case fault::drops:
                pass_on(request);
                return answer_silence();
            case fault::repeats:
                pass_on(request);
                break;
            case fault::none:
                break;
        }
        const auto response = pass_on(request);
        return response ? answer_http(response->status(), response->body) : answer_close();
    }

    const std::uint16_t to_;
    const std::vector<fault> faults_;
    const std::vector<std::string> codes_;
    const unsigned faults_per_mille_;
    const unsigned seed_ = std::random_device{}();
    std::mutex mutex_;
    std::mt19937 random_{seed_};
    std::atomic<std::uint64_t> fulfilled_{0};
    std::atomic<int> passing_{0};
    fake_peer server_{[this](const http_message& request) { return answer(request); }};
};

struct faulty_chain {
    faulty_chain(std::vector<fault> faults, std::vector<std::string> codes, unsigned faults_per_mille)
        : receiver{receiver_terms()},
          hop{receiver.port(), std::move(faults), std::move(codes), faults_per_mille},
          payer{payer_terms(hop.port(), "test.receiver")} {}

    daemon_terms receiver_terms() const {
        daemon_terms terms{.address = "test.receiver"};
        terms.log_level = "info";
        terms.accounts = {{.name = "bob"}};
        terms.receiving = {"secret: \"" + std::string(64, '1') + "\""};
        terms.spsp = {"enabled: true", "listen: 127.0.0.1:" + std::to_string(spsp_port)};
        terms.peers = {{.name = "next"}};
        return terms;
    }
    std::string bob() const { return "http://127.0.0.1:" + std::to_string(spsp_port) + "/bob"; }

    /// Every unit is where the two books and the hop between them say that it is.
    void expect_agreement(const paying_account& alice, const std::vector<payment_shown>& made) {
        std::uint64_t sent = 0;
        std::uint64_t delivered = 0;
        for (const auto& each : made) {
            sent += each.sent;
            delivered += each.delivered;
        }
        CHECK(eventually([&] { return hop.is_idle(); }));
        CHECK(deposit - alice.balance() == sent);
        CHECK(payer.settled_liquidity("next") == default_liquidity + sent);
        CHECK(default_liquidity - receiver.settled_liquidity("next") == hop.fulfilled());
        CHECK(balance_of(receiver, "bob") == hop.fulfilled());
        CHECK(hop.fulfilled() >= delivered);
        CHECK(sent == delivered);  // at a rate of one
        for (ilpd_daemon* const each : {&payer, &receiver}) {
            CHECK(each->stop() == 0);
            CHECK(each->audit().status == 0);
        }
    }

    std::uint16_t spsp_port = free_port();
    ilpd_daemon receiver;
    faulty_hop hop;
    ilpd_daemon payer;
};

// --- Receivers that lie

/// What a receiver does with the packets that pay. Probes get an honest answer, or there would be no payment. The
/// names are the paths of their payment pointers.
const std::vector<std::string> lies{"more", "less", "nothing", "other_number", "other_type", "never", "late"};

/// The next hop and the receiver in one, and an SPSP server for it: it has the shared secret of each payment.
class lying_receiver {
public:
    std::uint16_t port() const { return packets_.port(); }
    std::string pointer(const std::string& lie) const {
        return "http://127.0.0.1:" + std::to_string(details_.port()) + "/" + lie;
    }
    /// What it has fulfilled, whether or not that came in time.
    std::uint64_t fulfilled(const std::string& lie) {
        const std::lock_guard lock{mutex_};
        return fulfilled_[lie];
    }

private:
    static ilp::digest secret_of(std::string_view lie) { return ilp::sha256(ilp::as_bytes(lie)); }

    static scripted_answer describe(const http_message& request) {
        const std::string_view line = request.start_line;
        const std::string lie{line.substr(5, line.find(' ', 5) - 5)};
        const peering::spsp_details details{ilp::address::parse("test.liar." + lie).value(), secret_of(lie)};
        return answer_http(200, to_bytes(to_json(details)), "application/spsp4+json");
    }

    scripted_answer answer(const http_message& request) {
        const received_prepare prepare = decode_prepare(request.body);
        const std::string lie = prepare.destination.substr(prepare.destination.rfind('.') + 1);
        const std::lock_guard lock{mutex_};
        const auto received = receiver_.receive(stream::derive_keys(secret_of(lie)), prepare.data, prepare.condition,
                                                {prepare.amount}, "USD", 9);
        if (received.verdict != stream::verdict::fulfill) {
            return answer_packet(encode_reject("F99", "test.liar", "", received.data));
        }
        if (lie == "never") return answer_silence();
        fulfilled_[lie] += prepare.amount;
        scripted_answer said =
            answer_packet(encode_fulfill(received.fulfillment, reply(lie, prepare.data, received.data)));
        if (lie == "late") said.delay = prepare.expires_at - now() + 200ms;
        return said;
    }

    ilp::bytes reply(const std::string& lie, ilp::bytes_view request, ilp::bytes_view honest) {
        if (lie == "nothing") return random_bytes(40);
        if (lie == "late") return {honest.begin(), honest.end()};
        const auto keys = stream::derive_keys(secret_of(lie));
        ilp::bytes plaintext(stream::plaintext_size_max);
        const auto opened = stream::packet_view::parse(cipher_.open(keys.encryption, request, plaintext).value());
        stream::packet_head head{ilp::packet_type::fulfill, opened->head().sequence, opened->head().amount};
        if (lie == "more") head.amount = ilp::amount::max();
        if (lie == "less") head.amount.value -= 1;
        if (lie == "other_number") head.sequence += 1;
        if (lie == "other_type") head.carried_by = ilp::packet_type::reject;
        std::array<ilp::octet, 100> written;
        const stream::packet_writer writer{written, head};
        ilp::bytes sealed(writer.packet().size() + stream::envelope_overhead);
        cipher_.seal(keys.encryption, writer.packet(), sealed);
        return sealed;
    }

    std::mutex mutex_;
    std::map<std::string, std::uint64_t> fulfilled_;
    stream::envelope_cipher cipher_;
    stream::receiver receiver_{[] {
        const ilp::digest unused{};
        return std::make_shared<const stream::receiver_secrets>(std::span{&unused, 1});
    }()};
    fake_peer packets_{[this](const http_message& request) { return answer(request); }};
    fake_peer details_{describe};
};

}  // namespace

TEST_CASE("money: a payment over a next hop that drops, repeats and refuses packets for a while is completed") {
    faulty_chain d{{fault::drops, fault::rejects, fault::talks_nonsense, fault::repeats},
                   {"T00", "T01", "T02", "T03", "T04", "T05", "T99", "R00", "R02", "R99", "X42"},
                   30};
    const paying_account alice{d.payer, "alice", deposit};
    const payment_shown made = alice.wait_for(alice.begin("sendAmount", 200'001, d.bob()));
    INFO(made.failure);
    CHECK(made.status == "COMPLETED");
    CHECK(made.sent == 200'001);
    d.expect_agreement(alice, {made});
}

TEST_CASE("money: payments over a next hop that answers with any code end, and every unit is accounted for") {
    faulty_chain d{{fault::drops, fault::rejects, fault::forges, fault::talks_nonsense, fault::repeats},
                   {"F00", "F01", "F02", "F03", "F04", "F05", "F06", "F07", "F08", "F99", "T00", "T04", "R00", "R01"},
                   100};
    const paying_account alice{d.payer, "alice", deposit};
    std::vector<std::string> ids;
    for (std::uint64_t i = 0; i < 10; ++i) {
        ids.push_back(alice.begin(i % 2 == 0 ? "sendAmount" : "deliverAmount", 20'000 + i, d.bob()));
    }
    std::vector<payment_shown> made;
    for (const auto& id : ids) {
        made.push_back(alice.wait_for(id));
        CHECK(made.back().has_ended());
        CHECK((made.back().status == "COMPLETED") == made.back().failure.empty());
    }
    d.expect_agreement(alice, made);
}

TEMPLATE_TEST_CASE("A29-07 money: a receiver that lies gets no more than was agreed, and harms nobody else", "",
                   on_sqlite, on_postgresql) {
    constexpr std::uint64_t amount = 100'000;
    lying_receiver liar;
    const store_place place{TestType::kind};
    daemon_terms terms = payer_terms(liar.port(), "test.liar");
    terms.store = place.url();
    ilpd_daemon payer{terms};
    const paying_account alice{payer, "alice", deposit};
    std::map<std::string, std::string> ids;
    for (const auto& lie : lies) ids[lie] = alice.begin("sendAmount", amount, liar.pointer(lie));

    std::map<std::string, payment_shown> made;
    std::uint64_t sent = 0;
    for (const auto& [lie, id] : ids) {
        CAPTURE(lie);
        made[lie] = alice.wait_for(id);
        CAPTURE(made[lie].failure);
        CHECK(made[lie].has_ended());
        sent += made[lie].sent;
        // It has fulfilled what the account was debited for; more only if that came too late.
        CHECK(made[lie].sent <= liar.fulfilled(lie));
    }
    CHECK(made["more"].status == "COMPLETED");
    CHECK(made["more"].sent == amount);
    CHECK(made["more"].delivered == ~std::uint64_t{0});
    CHECK(made["less"].status == "FAILED");
    CHECK(made["less"].failure.contains("less than a packet's minimum"));
    CHECK(made["less"].sent < amount);
    for (const char* const lie : {"nothing", "other_number", "other_type"}) {
        CAPTURE(lie);
        CHECK(made[lie].status == "COMPLETED");
        CHECK(made[lie].sent == amount);
        CHECK(made[lie].delivered >= amount / 100 * 99);  // the minimum of each packet
        CHECK(made[lie].delivered < amount);
    }
    for (const char* const lie : {"never", "late"}) {
        CAPTURE(lie);
        CHECK(made[lie].status == "FAILED");
        CHECK(made[lie].sent == 0);
        CHECK(made[lie].delivered == 0);
    }
    CHECK(deposit - alice.balance() == sent);
    CHECK(payer.settled_liquidity("next") == default_liquidity + sent);
    CHECK(payer.stop() == 0);
    CHECK(payer.audit().status == 0);
    payer.start();
    CHECK(alice.payment(ids["more"]).delivered == ~std::uint64_t{0});
    CHECK(payer.stop() == 0);
}

TEST_CASE("money: an SPSP server that is hostile makes a payment fail, which moves nothing and reaches nobody") {
    fake_peer next;
    fake_peer inside;
    const auto at = [](const fake_peer& server, const std::string& path) {
        return "http://127.0.0.1:" + std::to_string(server.port()) + path;
    };
    const auto redirect_to = [](const std::string& where) {
        return scripted_answer{.octets = "HTTP/1.1 302 Found\r\nLocation: " + where + "\r\nContent-Length: 0\r\n\r\n"};
    };
    const auto json = [](const std::string& text) {
        return answer_http(200, to_bytes(text), "application/spsp4+json");
    };
    const auto details = [&](const std::string& address, std::size_t secret_size) {
        return json(R"({"destination_account":")" + address + R"(","shared_secret":")" + std::string(secret_size, 'A') +
                    "\"}");
    };
    const std::map<std::string, std::pair<scripted_answer, std::string>> hostile{
        {"/inside", {redirect_to(at(inside, "/")), "redirects to another host"}},
        {"/private", {redirect_to("http://10.0.0.1/"), "redirect"}},
        {"/circle", {redirect_to("/circle"), "redirects too often"}},
        {"/huge",
         {{.octets = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n" + std::string(100'000, ' ')}, "limit"}},
        {"/deep", {json(std::string(60'000, '[')), "not a JSON object"}},
        {"/half", {json(R"({"destination_account":"test.next.x)"), "not a JSON object"}},
        {"/self", {details("self.x", 43), "an ILP address"}},
        {"/peer", {details("peer.config", 43), "an ILP address"}},
        {"/short", {details("test.next.x", 42), "32 octets"}},
        {"/long", {details("test.next.x", 44), "32 octets"}},
        {"/reset", {answer_reset(), ""}},
    };
    fake_peer server{[&](const http_message& request) {
        const std::string& line = request.start_line;
        return hostile.at(line.substr(4, line.find(' ', 4) - 4)).first;
    }};
    ilpd_daemon payer{payer_terms(next.port(), "test.next")};
    const paying_account alice{payer, "alice", deposit};
    for (const auto& [path, expected] : hostile) {
        CAPTURE(path);
        const payment_shown made = alice.wait_for(alice.begin("sendAmount", 1'000, at(server, path)));
        CHECK(made.status == "FAILED");
        CAPTURE(made.failure);
        CHECK(made.failure.contains(expected.second));
    }
    for (const char* const where : {"https://127.0.0.1/alice", "https://10.0.0.1/alice", "https://[::1]/alice"}) {
        CAPTURE(where);
        const payment_shown made = alice.wait_for(alice.begin("sendAmount", 1'000, where));
        CHECK(made.status == "FAILED");
        CAPTURE(made.failure);
        CHECK(made.failure.contains("no address to which ilpd may connect"));
    }
    CHECK(inside.request_count() == 0);
    CHECK(next.request_count() == 0);
    CHECK(alice.balance() == deposit);
    CHECK(payer.stop() == 0);
    CHECK(payer.audit().status == 0);
}

}  // namespace payment_faults_test

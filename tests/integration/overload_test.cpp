#include "tests/integration/neighbourhood.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/rig.hpp"

#include <poll.h>
#include <time.h>

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <fstream>
#include <thread>

namespace overload_test {

// Overload: which packets are refused, how quickly, and how it affects other peers.

namespace {

using namespace support;
using namespace std::chrono_literals;

std::string packet_to(std::string_view peer, ilp::bytes data = {}, milliseconds expires_in = 60s) {
    return serialize(ilp_request(encode(
        {.destination = "test." + std::string{peer} + ".x", .data = std::move(data), .expires_in = expires_in})));
}

/// Fulfills once the gate is open.
fake_peer::script_type held_by(std::shared_ptr<gate> hold) {
    return [hold = std::move(hold)](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    };
}

double in_flight(const rig& r, std::string_view next_hop) {
    return r.d.scrape().sum("ilp_packets_in_flight", {{"peer", next_hop}});
}

/// Requires that packets to p2 are fulfilled, one after the other.
void expect_served(const rig& r, int packets = 30) {
    http_connection connection{r.d.port()};
    for (int i = 0; i < packets; ++i) {
        connection.send(packet_to("p2"));
        REQUIRE(outcome(connection.receive()) == "fulfill");
    }
}

/// A port that neither accepts nor refuses connections: the system drops the SYNs.
class black_hole {
public:
    black_hole() { ::listen(listener_.get(), 0); }
    std::uint16_t port() const { return local_port(listener_); }

    /// Takes the only place in the backlog.
    void fill() { filler_ = connect_to(port()); }

private:
    descriptor listener_ = listen_on(0);
    descriptor filler_;
};

/// Stops the process for its lifetime, so that everything sent to the process meanwhile arrives at once.
class frozen {
public:
    explicit frozen(child_process& process) : process_{process} {
        process_.signal(SIGSTOP);
        REQUIRE(eventually([&] { return is_stopped(); }));
    }
    ~frozen() { process_.signal(SIGCONT); }
    frozen(const frozen&) = delete;
    frozen& operator=(const frozen&) = delete;

private:
    bool is_stopped() const {
        std::ifstream status{"/proc/" + std::to_string(process_.pid()) + "/status"};
        for (std::string word; status >> word;) {
            if (word == "State:" && status >> word) return word == "T";
        }
        return false;
    }

    child_process& process_;
};

/// One side of a connection that knows when the system received its bytes.
class clocked_connection {
public:
    explicit clocked_connection(descriptor socket) : socket_{std::move(socket)} {
        const int on = 1;
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    }

    void send(std::string_view octets) { REQUIRE(send_all(socket_, octets)); }

    /// True if a whole message has arrived.
    bool has_message() {
        if (!message_ && read()) message_ = take_message(buffer_);
        return message_.has_value();
    }
    http_message receive() {
        REQUIRE(eventually([this] { return has_message(); }));
        return *std::exchange(message_, std::nullopt);
    }
    /// The arrival time of the most recent bytes.
    std::chrono::nanoseconds arrived_at() const { return arrived_at_; }

private:
    bool read() {
        std::array<char, 4096> octets;
        alignas(cmsghdr) std::array<char, 256> control;
        iovec place{octets.data(), octets.size()};
        msghdr message{};
        message.msg_iov = &place;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t count = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT);
        if (count <= 0) return false;
        buffer_.append(octets.data(), static_cast<std::size_t>(count));
        for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
            if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
            timespec time{};
            std::memcpy(&time, CMSG_DATA(c), sizeof time);
            arrived_at_ = std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
        }
        return true;
    }

    descriptor socket_;
    std::string buffer_;
    std::optional<http_message> message_;
    std::chrono::nanoseconds arrived_at_{0};
};

/// Also detects a reset when there is data to read.
bool was_reset(const descriptor& socket) {
    pollfd entry{socket.get(), 0, 0};
    return ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLERR | POLLHUP)) != 0;
}

descriptor accept_from(const descriptor& listener) {
    descriptor accepted{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    REQUIRE(accepted.is_open());
    return accepted;
}

}  // namespace

TEST_CASE("overload: packets that a silent next hop cannot take get T03 at once, and others are served") {
    const auto hold = std::make_shared<gate>();
    fake_peer silent{held_by(hold)};
    const rig r{[&](daemon_terms& terms) {
        terms.peers.push_back(
            {.name = "p3", .port = silent.port(), .outgoing = {"max_connections: 2", "max_waiting: 3"}});
    }};
    std::deque<http_connection> senders;
    for (int i = 0; i < 5; ++i) {
        senders.emplace_back(r.d.port()).send(packet_to("p3"));
        REQUIRE(eventually([&] { return in_flight(r, "p3") == i + 1; }));
    }
    // p3 does not answer before the gate opens, so these answers do not depend on it.
    for (int i = 0; i < 20; ++i) expect_reject(r.send({.destination = "test.p3.x", .expires_in = 60s}), "T03");
    expect_served(r);
    CHECK(silent.answers_sent() == 0);
    CHECK(silent.connections_accepted() <= 2);
    hold->open();
    for (auto& sender : senders) CHECK(outcome(sender.receive()) == "fulfill");
    CHECK(r.d.settled_liquidity("p3") == default_liquidity + 5);
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("overload: several silent next hops leave places for packets to others") {
    constexpr int connections = 8;
    constexpr int packets_each = 32;
    constexpr double places = 65;
    const auto hold = std::make_shared<gate>();
    std::deque<fake_peer> silent;
    const std::vector<std::string> names{"s1", "s2", "s3"};
    const rig r{[&](daemon_terms& terms) {
        terms.connector = {"workers: 1", "max_packets_in_flight: 65"};
        for (const auto& name : names) {
            terms.peers.push_back(
                {.name = name, .port = silent.emplace_back(held_by(hold)).port(), .outgoing = {"max_connections: 4"}});
        }
    }};
    std::deque<http_connection> senders;
    for (int i = 0; i < connections; ++i) {
        std::string octets;
        for (std::size_t k = 0; k < packets_each; ++k) octets += packet_to(names[k % names.size()]);
        senders.emplace_back(r.d.port()).send(octets);
    }
    REQUIRE(eventually([&] {
        return r.d.scrape().sum("ilp_packets_total",
                                {{"peer", "p1"}, {"type", "prepare"}, {"direction", "incoming"}}) ==
               connections * packets_each;
    }));
    CHECK(r.d.scrape().sum("ilp_packets_in_flight") < places);
    for (const auto& name : names) CHECK(in_flight(r, name) > 0);
    expect_served(r);
    hold->open();
    int fulfilled = 0;
    int busy = 0;
    for (auto& sender : senders) {
        for (int i = 0; i < packets_each; ++i) {
            const std::string what = outcome(sender.receive());
            ++(what == "fulfill" ? fulfilled : busy);
            if (what != "fulfill") CHECK(what == "T03");
        }
    }
    CHECK(fulfilled > 0);
    CHECK(busy > 0);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - static_cast<std::uint64_t>(fulfilled) - 30);
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("overload: a packet that could not be sent in half of its time is refused with T03, and not with R00") {
    rig r{[](daemon_terms& terms) {
        terms.connector = {"workers: 1", "min_expiration_window: 200ms"};
        terms.peers[1].outgoing = {"max_connections: 1"};
    }};
    const auto hold = std::make_shared<gate>();
    r.p2.set_script(held_by(hold));
    http_connection first{r.d.port()};
    first.send(packet_to("p2"));
    REQUIRE(r.p2.wait_for_requests(1));
    const ilp::timestamp expiry = now() + 3s;
    expect_reject(r.send({.expires_at = expiry}), "T03");
    CHECK(now() < expiry);
    CHECK(r.p2.request_count() == 1);
    hold->open();
    CHECK(outcome(first.receive()) == "fulfill");
    expect_served(r, 5);
}

TEST_CASE("overload: a dead next hop gives T01 before the expiry, and others are served") {
    black_hole drops;
    const rig r{[&](daemon_terms& terms) {
        terms.store = "memory:";
        terms.connector = {"workers: 1", "max_hold_time: 60s"};  // half of that is longer than this test waits
        terms.peers.push_back({.name = "drops", .port = drops.port()});
        terms.peers.push_back({.name = "refuses"});
    }};
    drops.fill();
    // No connect to this port has ever succeeded, and a connect may take longer than this packet lives.
    expect_reject(r.send({.destination = "test.drops.x", .expires_in = 4s}), "T01");
    std::deque<http_connection> senders;
    std::optional<http_message> first;
    // As long as new packets arrive, there is always a connect in progress.
    for (const auto give_up = now() + patience; !first && now() < give_up;) {
        senders.emplace_back(r.d.port()).send(packet_to("drops", {}, 120s));
        expect_reject(r.send({.destination = "test.refuses.x", .expires_in = 60s}), "T01");
        expect_served(r, 3);
        first = senders.front().receive(50ms);
    }
    expect_reject(first, "T01");
    senders.pop_front();
    for (auto& sender : senders) CHECK(outcome(sender.receive()) == "T01");
    CHECK(r.d.settled_liquidity("drops") == default_liquidity);
}

TEST_CASE("overload: a sender that does not read its answers costs little memory, and others are served") {
    constexpr int packets = 4000;
    constexpr int unread_max = 1000;  // 32 answers, plus what fits into the system's buffers at 32 kB each
    constexpr std::uint64_t growth_max_kb = 64 * 1024;  // half of all answers
    std::atomic<int> taken{0};
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "request_timeout: 2s"}; }};
    r.p2.set_script([&](const http_message& request) {
        if (decode_prepare(request.body).data != to_bytes("unread")) return answer_fulfill(request);
        ++taken;
        return answer_fulfill(request, ilp::bytes(32'000, 'x'));
    });
    expect_served(r);
    const std::uint64_t before = r.d.process().resident_kilobytes();
    std::uint64_t most = before;
    const descriptor sender = connect_to(r.d.port());
    const std::jthread sending{[&] {
        for (int i = 0; i < packets && send_all(sender, packet_to("p2", to_bytes("unread"))); ++i) {
        }
    }};
    REQUIRE(r.p2.wait_for_requests(20));
    CHECK(eventually([&] {
        const int taken_before = taken;
        expect_served(r);
        most = std::max(most, r.d.process().resident_kilobytes());
        return taken == taken_before;
    }));
    CHECK(taken < unread_max);
    if (memory_is_ours) CHECK(most < before + growth_max_kb);
    // A client that accepts nothing for so long is disconnected.
    CHECK(eventually([&] { return was_reset(sender); }));
    expect_served(r);
    r.d.wait_until_idle();
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("overload: a sender waits for only a few requests of another one that pipelines many") {
    constexpr int pipelined = 300;
    constexpr std::size_t ahead_max = 64;
    rig r{[](daemon_terms& terms) {
        terms.store = "memory:";
        terms.peers[1].outgoing = {"max_connections: 1"};  // so that it receives them in order
    }};
    http_connection greedy{r.d.port()};
    http_connection polite{r.d.port()};
    // A long packet first: the daemon then reads from this sender in large pieces.
    greedy.send(packet_to("p2", ilp::bytes(32'000, 'x')));
    REQUIRE(outcome(greedy.receive()) == "fulfill");
    polite.send(packet_to("p2"));
    REQUIRE(outcome(polite.receive()) == "fulfill");
    {
        const frozen stopped{r.d.process()};
        std::string octets;
        for (int i = 0; i < pipelined; ++i) octets += packet_to("p2");
        REQUIRE(greedy.send(octets));
        REQUIRE(polite.send(packet_to("p2", to_bytes("polite"))));
    }
    CHECK(outcome(polite.receive()) == "fulfill");
    for (int i = 0; i < pipelined; ++i) REQUIRE(outcome(greedy.receive()) == "fulfill");
    const auto requests = r.p2.requests();
    const auto found = std::ranges::find_if(
        requests, [](const http_message& request) { return decode_prepare(request.body).data == to_bytes("polite"); });
    REQUIRE(found != requests.end());
    CHECK(static_cast<std::size_t>(found - requests.begin()) - 2 <= ahead_max);
}

TEST_CASE("overload: a Fulfill leaves before a Prepare that came earlier") {
    const descriptor listener = listen_on(0);
    const rig r{[&](daemon_terms& terms) {
        terms.store = "memory:";  // a disk would delay the Fulfill
        terms.peers[1].port = local_port(listener);
        terms.peers[1].outgoing = {"max_connections: 2"};
    }};
    clocked_connection first{connect_to(r.d.port())};
    clocked_connection second{connect_to(r.d.port())};
    const auto fulfill = [](const http_message& request) { return answer_fulfill(request).octets; };

    // Both connections to the next hop exist before the measurement begins.
    first.send(packet_to("p2"));
    clocked_connection one{accept_from(listener)};
    second.send(packet_to("p2"));
    clocked_connection other{accept_from(listener)};
    for (auto* connection : {&one, &other}) connection->send(fulfill(connection->receive()));
    for (auto* connection : {&first, &second}) REQUIRE(outcome(connection->receive()) == "fulfill");

    first.send(packet_to("p2", to_bytes("earlier")));
    REQUIRE(eventually([&] { return one.has_message() || other.has_message(); }));
    clocked_connection& busy = one.has_message() ? one : other;
    clocked_connection& idle = one.has_message() ? other : one;
    const http_message earlier = busy.receive();
    {
        const frozen stopped{r.d.process()};
        second.send(packet_to("p2", to_bytes("later")));
        busy.send(fulfill(earlier));
    }
    CHECK(outcome(first.receive()) == "fulfill");
    const http_message later = idle.receive();
    CHECK(decode_prepare(later.body).data == to_bytes("later"));
    REQUIRE(first.arrived_at().count() != 0);
    CHECK(first.arrived_at() < idle.arrived_at());
    idle.send(fulfill(later));
    CHECK(outcome(second.receive()) == "fulfill");
}

TEST_CASE("overload: packets that wait for a slow store are bounded, and further ones get T03") {
    constexpr std::size_t places = 4;
    store_place place{store_kind::sqlite};
    const rig r{[&](daemon_terms& terms) {
        terms.connector = {"workers: 1", "max_packets_in_flight: 4"};
        terms.store = place.url();
    }};
    std::uint64_t fulfilled = 0;
    // A store counts as failing after it has hung for a second, and then the code is T00, so this may take several
    // attempts.
    CHECK(eventually([&] {
        REQUIRE(eventually([&] { return r.d.is_ready(); }));
        const std::size_t before = r.p2.answers_sent();
        place.stall();
        std::deque<http_connection> senders;
        for (std::size_t i = 0; i < places; ++i) senders.emplace_back(r.d.port()).send(packet_to("p2"));
        const bool taken = eventually([&] { return r.p2.answers_sent() == before + places || !r.d.is_ready(); });
        REQUIRE(taken);
        const std::string beyond = outcome(r.send({.expires_in = 60s}));
        CHECK((beyond == "T03" || beyond == "T00"));
        const bool bounded = r.p2.request_count() <= before + places;
        CHECK(bounded);
        place.come_back();
        for (auto& sender : senders) {
            const std::string what = outcome(sender.receive());
            CHECK((what == "fulfill" || what == "T00"));
            fulfilled += what == "fulfill";
        }
        return beyond == "T03";
    }));
    REQUIRE(eventually([&] { return r.d.is_ready(); }));
    expect_served(r);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + fulfilled + 30);
    CHECK(r.d.audit().status == 0);
}

TEST_CASE(
    "overload: under more load than can be carried each packet is fulfilled or refused with T03, and the books agree") {
    constexpr int connections_each = 5;
    constexpr std::uint64_t packets = 3000;
    constexpr std::uint64_t growth_max_kb = 32 * 1024;
    neighbourhood peers;
    const store_place place{store_kind::sqlite};
    auto terms = peers.terms(place.url());
    terms.connector.push_back("max_packets_in_flight: 12");
    for (auto& peer : terms.peers) peer.outgoing = {"max_connections: 2", "max_waiting: 2"};
    const ilpd_daemon d{terms};
    const auto answered = [&] { return peers.answers("fulfill") + peers.answers("T03") + peers.answers("F99"); };
    const auto disk_hangs = [&] { return d.has_logged("the store does not accept transfers"); };
    const auto others = [&] {
        std::string found;
        for (const auto* what : {"R00", "R02", "T00", "T01", "T04", "T05", "F08", "no answer"}) {
            if (const auto count = peers.answers(what); count != 0) found += std::to_string(count) + " " + what + " ";
        }
        return found;
    };
    {
        const neighbourhood::load load{peers, d, connections_each};
        REQUIRE(eventually([&] { return answered() > packets / 3 || disk_hangs(); }));
        const std::uint64_t before = d.process().resident_kilobytes();
        REQUIRE(eventually([&] { return answered() > packets || disk_hangs(); }));
        if (memory_is_ours) CHECK(d.process().resident_kilobytes() < before + growth_max_kb);
    }
    if (disk_hangs()) {
        WARN("the disk took more than a second for a commit: not checked");
        return;
    }
    CHECK(peers.answers("T03") > 0);
    CHECK(peers.answers("fulfill") > 0);
    CHECK(others() == "");

    const std::uint64_t busy = peers.answers("T03");
    const std::uint64_t fulfilled = peers.answers("fulfill");
    {
        // The load of one connection per peer can be carried: the overload has left nothing behind.
        const neighbourhood::load load{peers, d};
        CHECK(eventually([&] { return peers.answers("fulfill") > fulfilled + 100; }));
    }
    CHECK(peers.answers("T03") == busy);
    CHECK(others() == "");
    d.wait_until_idle();
    REQUIRE(eventually([&] { return d.is_ready(); }));
    peers.expect_booked(d, place);
}

TEST_CASE("overload: connections that show no valid token give way to others, and those that have shown one stay") {
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "max_connections: 20"}; }};
    http_connection known{r.d.port()};
    known.send(packet_to("p2"));
    REQUIRE(outcome(known.receive()) == "fulfill");
    std::deque<http_connection> strangers;
    for (int i = 0; i < 60; ++i) {
        auto& stranger = strangers.emplace_back(r.d.port());
        if (i % 2 == 0) stranger.send("POST / HTTP/1.1\r\nHost: us\r\nAuthorization: Bearer nobody");
    }
    expect_served(r);
    known.send(packet_to("p2"));
    CHECK(outcome(known.receive()) == "fulfill");
    CHECK(strangers.front().wait_until_closed());
    CHECK(r.d.scrape().sum("ilp_incoming_connections") <= 20);
    CHECK(r.d.logs("too many incoming connections: the oldest without a valid token is closed"));
}

TEST_CASE("overload: connections from outside leave descriptors for links, for health checks and for the store") {
    rig r{[](daemon_terms& terms) {
        terms.connector = {"workers: 1"};
        terms.ulimit = "-n 80";
    }};
    CHECK(r.d.logs("the limit of open files leaves room for fewer connections"));
    std::deque<http_connection> strangers;
    for (int i = 0; i < 120; ++i) strangers.emplace_back(r.d.port());
    expect_served(r);  // this needs a connection to the next hop, and the store
    std::deque<http_connection> checks;
    for (int i = 0; i < 60; ++i) checks.emplace_back(r.d.metrics_port());
    CHECK(http_get(r.d.metrics_port(), "/healthz") == "ok\n");
    expect_served(r);
    CHECK(r.d.scrape().sum("process_open_fds") < 80);
}

// The sanitizer of undefined behaviour needs a free descriptor in the daemon.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("overload: a lack of descriptors for links is one line of the log, whatever the number of peers") {
    constexpr int hops = 60;
    rig r{[](daemon_terms& terms) {
        terms.ulimit = "-n 64";
        terms.store = "memory:";
        for (int i = 0; i < hops; ++i) {
            terms.peers.push_back({.name = "hop" + std::to_string(i), .port = terms.peers[1].port});
        }
    }};
    http_connection sender{r.d.port()};
    int refused = 0;
    for (int i = 0; i < hops; ++i) {
        const prepare sent{.amount = 0, .destination = "test.hop" + std::to_string(i)};
        const std::string what = outcome(sender.exchange(ilp_request(encode(sent))));
        CHECK((what == "fulfill" || what == "T01"));
        refused += what == "T01";
    }
    CHECK(refused > 1);
    CHECK(r.d.stop() == 0);
    const std::string log = r.d.log();
    INFO(log);
    const std::string line = "peer is unreachable: Too many open files";
    CHECK(log.contains(line));
    CHECK(log.find(line) == log.rfind(line));
    CHECK(log.contains("kind=\"no descriptors\""));
}
#endif

TEST_CASE("overload: the limit of open files is raised as far as the system allows") {
    const rig r{[](daemon_terms& terms) { terms.ulimit = "-Sn 64"; }};
    CHECK(r.d.scrape().sum("process_max_fds") > 64);
}

}  // namespace overload_test

#include "tests/support/rig.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace memory_test {

// Nobody can make the daemon use much memory, or keep it: neither a next hop that does not read, nor one whose answers
// never become complete, nor a sender that does not read its answers.

namespace {

using namespace support;
using namespace std::chrono_literals;

constexpr std::size_t data_max = 32'000;

void expect_served(const rig& r) {
    const prepare sent;
    expect_fulfill(r.send(sent), sent);
}

/// Watches the daemon's memory.
class memory_watch {
public:
    explicit memory_watch(const rig& r) : rig_{r}, before_{resident()} {}

    void look() { most_ = std::max(most_, resident()); }
    std::uint64_t growth_kb() const { return resident() - std::min(resident(), before_); }
    std::uint64_t most_growth_kb() const { return most_ - std::min(most_, before_); }

private:
    std::uint64_t resident() const { return rig_.d.process().resident_kilobytes(); }

    const rig& rig_;
    const std::uint64_t before_;
    std::uint64_t most_ = 0;
};

/// A next hop with small receive buffers that reads nothing.
class deaf_hop {
public:
    deaf_hop() {
        const int size = 4096;
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }

    std::uint16_t port() const { return local_port(listener_); }

    /// Sends an answer on every connection.
    void answer_all(std::string_view octets) {
        for (;;) {
            descriptor accepted{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
            if (!accepted.is_open()) break;
            connections_.push_back(std::move(accepted));
        }
        std::erase_if(connections_, [&](const descriptor& each) {
            return ::send(each.get(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0;
        });
    }

private:
    static descriptor listen_without_blocking() {
        descriptor listener = listen_on(0);
        ::fcntl(listener.get(), F_SETFL, O_NONBLOCK);
        return listener;
    }

    descriptor listener_ = listen_without_blocking();
    std::list<descriptor> connections_;
};

}  // namespace

TEST_CASE("memory: a next hop that answers without reading gets no further packets on that connection") {
    constexpr std::size_t connections = 4;
    constexpr int rounds = 500;
    constexpr std::uint64_t growth_max_kb = 16 * 1024;  // of 64 MB, of which the system's buffers take 4 MB each
    deaf_hop hop;
    const rig r{[&](daemon_terms& terms) {
        terms.peers.push_back({.name = "deaf", .port = hop.port(), .outgoing = {"max_connections: 4"}});
    }};
    expect_served(r);
    std::deque<http_connection> senders;
    for (std::size_t i = 0; i < connections; ++i) senders.emplace_back(r.d.port());
    const auto packet = serialize(ilp_request(
        encode({.amount = 0, .destination = "test.deaf.x", .data = ilp::bytes(data_max, 'x'), .expires_in = 60s})));
    const std::string answer = answer_reject("F99").octets;
    memory_watch memory{r};
    for (int round = 0; round < rounds; ++round) {
        for (auto& sender : senders) sender.send(packet);
        REQUIRE(eventually([&] {
            hop.answer_all("");  // accepts connections
            const auto m = r.d.scrape();
            return m.sum("ilp_packets_in_flight", {{"peer", "deaf"}}) == connections &&
                   m.sum("ilp_packets_waiting", {{"waits_for", "connection"}}) == 0;
        }));
        hop.answer_all(answer);
        for (auto& sender : senders) {
            const auto got = sender.receive();
            REQUIRE(outcome(got) == "F99");
        }
        memory.look();
    }
    if (memory_is_ours) CHECK(memory.most_growth_kb() < growth_max_kb);
    expect_served(r);
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("memory: what large packets have taken is given back, while the connections stay and after they have gone") {
    constexpr std::size_t connections = 60;
    constexpr int pipelined = 32;
    constexpr std::uint64_t growth_max_kb = 40 * 1024;  // the answers alone are 60 MB
    rig r;
    const auto hold = std::make_shared<gate>();
    r.p2.set_script([&](const http_message& request) {
        if (decode_prepare(request.body).data.empty()) return answer_fulfill(request);
        auto answer = answer_packet(encode_reject("F99", "test.p2", "", ilp::bytes(data_max, 'y')));
        answer.held_by = hold;
        return answer;
    });
    expect_served(r);
    memory_watch memory{r};
    std::list<http_connection> senders;
    for (std::size_t i = 0; i < connections; ++i) {
        std::string burst;
        for (int k = 0; k < pipelined; ++k) {
            burst += serialize(ilp_request(encode({.amount = 0, .data = ilp::bytes(200, 'x'), .expires_in = 60s})));
        }
        senders.emplace_back(r.d.port()).send(burst);
    }
    hold->open();
    for (auto& sender : senders) {
        for (int k = 0; k < pipelined; ++k) {
            const auto answer = sender.receive();
            REQUIRE((outcome(answer) == "F99" || outcome(answer) == "T03"));
        }
    }
    CHECK(eventually([&] { return r.d.scrape().sum("ilp_buffered_bytes") < 4096.0 * 2 * (connections + 100); }));
    if (memory_is_ours) CHECK(eventually([&] { return memory.growth_kb() < growth_max_kb; }));
    senders.clear();
    if (memory_is_ours) CHECK(eventually([&] { return memory.growth_kb() < growth_max_kb; }));
    expect_served(r);
}

TEST_CASE("memory: senders that do not read use up to the bound of a worker, and beyond it they are disconnected") {
    constexpr std::size_t connections = 16;
    constexpr int pipelined = 160;  // 5 MB of answers, of which the daemon and the system keep some 100 kB each
    constexpr std::uint64_t growth_max_kb = 24 * 1024;  // the bound, and the memory for packets on their way
    rig r{[](daemon_terms& terms) {
        terms.connector = {"workers: 1", "max_buffer_memory: 1048576", "request_timeout: 60s"};
    }};
    r.p2.set_script([&](const http_message& request) {
        if (decode_prepare(request.body).data.empty()) return answer_fulfill(request);
        return answer_packet(encode_reject("F99", "test.p2", "", ilp::bytes(data_max, 'y')));
    });
    expect_served(r);
    http_connection polite{r.d.port()};
    std::string burst;
    for (int k = 0; k < pipelined; ++k)
        burst += serialize(ilp_request(encode({.amount = 0, .data = to_bytes("deaf"), .expires_in = 60s})));
    memory_watch memory{r};
    std::list<descriptor> deaf;
    for (std::size_t i = 0; i < connections; ++i) {
        deaf.push_back(connect_to(r.d.port()));
        send_all(deaf.back(), burst);
        const prepare sent;
        expect_fulfill(polite.exchange(ilp_request(encode(sent))), sent);
        memory.look();
    }
    CHECK(eventually([&] {
        memory.look();
        return r.d.scrape().sum("ilp_connections_closed_for_memory_total") > 0;
    }));
    CHECK(r.d.logs("closed the connections with the largest buffers"));
    r.d.wait_until_idle();
    CHECK(r.d.scrape().sum("ilp_buffered_bytes") <= 1'048'576);
    if (memory_is_ours) CHECK(memory.most_growth_kb() < growth_max_kb);
    expect_served(r);
    CHECK(r.d.audit().status == 0);
}

}  // namespace memory_test

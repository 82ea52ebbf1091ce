#pragma once

#include "tests/integration/part_middle.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/expectations.hpp"
#include "tests/support/fake_peer.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

inline constexpr std::uint64_t link_max = 1000;
inline const std::string split_terms = "split: {max_total: 12000, max_parts: 16}";

/// Alice and bob are peers of each other, whose link has a maximum of 1000 and takes more in parts. Each has a peer of
/// its own, without a maximum. All accounts are in USD/9.
struct split_link {
    struct options {
        store_kind store = store_kind::sqlite;
        std::string protocol = "http1";
        int workers = 1;
        std::vector<std::string> alice_terms{split_terms};  ///< of bob, at alice
        std::vector<std::string> bob_terms{split_terms};    ///< of alice, at bob
        bool with_proxy = false;                            ///< between alice and bob
        bool with_middle = false;                           ///< likewise, instead
    };

    split_link() : split_link{options{}} {}
    explicit split_link(options wanted)
        : chosen{std::move(wanted)},
          alice_place{chosen.store},
          bob_place{chosen.store},
          bob{terms("bob", "alice", alice_port, bob_end, chosen.bob_terms, bob_place), bob_port},
          proxy{chosen.with_proxy ? std::make_unique<tcp_proxy>(bob_port) : nullptr},
          middle{chosen.with_middle ? std::make_unique<part_middle>(bob_port, chosen.protocol == "http2") : nullptr},
          alice{terms("alice", "bob", port_towards_bob(), alice_end, chosen.alice_terms, alice_place), alice_port} {}

    daemon_terms terms(const std::string& own, const std::string& other, std::uint16_t other_port, const fake_peer& end,
                       const std::vector<std::string>& of_link, const store_place& place) const {
        daemon_terms terms{.address = "test." + own};
        terms.connector = {"workers: " + std::to_string(chosen.workers)};
        terms.store = place.url();
        terms.peers = {
            {.name = other,
             .port = other_port,
             .terms = {"max_packet_amount: " + std::to_string(link_max)},
             .outgoing = {"protocol: " + chosen.protocol},
             .tokens = {token_for(own)}},
            {.name = own + "-end", .address = "test." + own + ".end", .port = end.port()},
        };
        terms.peers[0].terms.insert(terms.peers[0].terms.end(), of_link.begin(), of_link.end());
        return terms;
    }

    std::uint16_t port_towards_bob() const {
        if (middle) return middle->port();
        return proxy ? proxy->port() : bob_port;
    }

    static prepare packet(std::uint64_t amount, std::chrono::milliseconds expires_in = std::chrono::seconds{25}) {
        return {.amount = amount, .destination = "test.bob.end.x", .data = random_bytes(40), .expires_in = expires_in};
    }
    std::optional<http_message> send(const prepare& sent) const { return alice.post(sent, "alice-end"); }
    std::string outcome_of(std::uint64_t amount) const { return outcome(send(packet(amount))); }

    /// Alice sends in parts once an answer of bob has said that he takes them, to each of her workers.
    void agree() const {
        REQUIRE(eventually([this] {
            outcome_of(1);
            return outcome_of(link_max + 1) == "fulfill" && outcome_of(link_max + 1) == "fulfill";
        }));
    }

    static wide gained(const ilpd_daemon& d, const store_place& place, const std::string& peer) {
        d.wait_until_idle();
        return place.peers().at(peer).balance() - static_cast<wide>(default_liquidity);
    }
    void expect_equal_books() const {
        CHECK(gained(alice, alice_place, "bob") == -gained(bob, bob_place, "alice"));
        CHECK(alice.audit().status == 0);
        CHECK(bob.audit().status == 0);
    }
    double splits(const ilpd_daemon& d, std::string_view peer, std::string_view result) const {
        return d.scrape().sum("ilp_splits_total", {{"peer", peer}, {"outcome", result}});
    }

    options chosen;
    std::uint16_t alice_port = free_port();
    std::uint16_t bob_port = free_port();
    fake_peer alice_end;
    fake_peer bob_end;
    store_place alice_place;
    store_place bob_place;
    ilpd_daemon bob;
    std::unique_ptr<tcp_proxy> proxy;
    std::unique_ptr<part_middle> middle;
    ilpd_daemon alice;
};

}  // namespace support

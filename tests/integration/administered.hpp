#pragma once

#include "tests/integration/store_place.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace support {

/// The rig with two workers, a store of its own, and a client of its Admin API.
struct administered {
    explicit administered(store_kind kind) : administered{kind, [](daemon_terms&) {}} {}

    template <typename change_terms>
    administered(store_kind kind, const change_terms& change)
        : place{kind}, r{[&](daemon_terms& terms) {
              terms.store = place.url();
              terms.connector = {"workers: 2"};
              change(terms);
          }} {}

    std::string create_peer(const std::string& name, std::uint16_t port, std::uint64_t liquidity = 1'000'000) const {
        return admin.create_peer(peer_input(name, usd, port, liquidity));
    }

    void kill9_and_start() {
        r.d.kill9();
        start_after_kill();
    }
    /// A database server takes some time after a daemon's death to notice that its session has ended and to release the
    /// lock.
    void start_after_kill() {
        if (place.url().starts_with("postgresql:")) {
            place.server().wait_for("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ilpd'", "0");
        }
        r.d.start();
    }
    void stop_and_start() {
        REQUIRE(r.d.stop() == 0);
        r.d.start();
    }

    store_place place;
    rig r;
    admin_client admin{r.d.admin_port()};
    std::string usd = admin.asset_id("USD", 9);
};

/// Sends one packet on each connection. There are enough connections for every worker to have some.
class many_connections {
public:
    explicit many_connections(const ilpd_daemon& d, std::size_t count = 16) {
        for (std::size_t i = 0; i < count; ++i) connections_.emplace_back(d.port());
    }

    /// The common outcome of all connections, or "mixed: ..." with all outcomes.
    std::string post(const prepare& sent, const std::string& token) {
        for (auto& connection : connections_) connection.send(request(sent, token));
        return receive();
    }

    /// Sends everything except the last byte.
    void begin(const prepare& sent, const std::string& token) {
        for (auto& connection : connections_) {
            const std::string octets = serialize(request(sent, token));
            connection.send(std::string_view{octets}.substr(0, octets.size() - 1));
            last_octets_.push_back(octets.back());
        }
    }
    std::string end() {
        for (std::size_t i = 0; i < connections_.size(); ++i)
            connections_[i].send(std::string_view{&last_octets_[i], 1});
        last_octets_.clear();
        return receive();
    }

    static http_request request(const prepare& sent, const std::string& token) {
        http_request made = ilp_request(encode(sent));
        made.headers[0].second = "Bearer " + token;
        return made;
    }

private:
    std::string receive() {
        std::vector<std::string> outcomes;
        for (auto& connection : connections_) outcomes.push_back(outcome(connection.receive()));
        std::string all = "mixed:";
        bool same = true;
        for (const auto& one : outcomes) {
            all += " " + one;
            same = same && one == outcomes.front();
        }
        return same ? outcomes.front() : all;
    }

    std::vector<http_connection> connections_;
    std::string last_octets_;
};

}  // namespace support

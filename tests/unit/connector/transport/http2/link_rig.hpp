#pragma once

#include "config/settings.hpp"
#include "connector/loop/event_loop.hpp"
#include "connector/transport/http2/flood_counts.hpp"
#include "connector/transport/link.hpp"
#include "ilp/bytes.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"
#include "tests/unit/connector/transport/recorded_outcomes.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace connector::testing {

/// A link under test, and the server of its peer: its step() does what it can do at once, and is called between two
/// steps of the loop.
template <typename Link, typename Server>
struct link_rig {
    virtual std::unique_ptr<Link> make_link() = 0;

    Link& link() {
        if (!made) made = make_link();
        return *made;
    }

    /// Sends a packet. If the link refuses it, that is its outcome.
    carried_packet& send(std::string_view prepare) {
        loop.enter();
        auto& packet = outcomes.make();
        if (const auto refusal = link().send(packet, ilp::as_bytes(prepare))) outcomes.failed(packet, *refusal);
        return packet;
    }
    std::string outcome(const carried_packet& packet) const { return outcomes.outcome(packet); }

    template <typename Done>
    void run_until(const Done& done) {
        connector::testing::run_until(loop, [&] {
            peer.step();
            return done();
        });
    }
    std::string outcome_of(std::string_view prepare) {
        const auto& packet = send(prepare);
        run_until([&] { return !outcome(packet).empty(); });
        return outcome(packet);
    }

    Server peer;
    config::outgoing_http_settings settings;
    event_loop loop;
    http2::flood_counts floods;
    recorded_outcomes outcomes;
    std::unique_ptr<Link> made;

protected:
    ~link_rig() = default;
};

}  // namespace connector::testing

#pragma once

#include "config/settings.hpp"
#include "connector/loop/dial.hpp"
#include "connector/loop/event_loop.hpp"
#include "connector/transport/http/connection_renewal.hpp"
#include "connector/transport/http/link_tls.hpp"
#include "connector/transport/reachability.hpp"
#include "ilp/clock.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace connector {

/// The peer at the other end of a link over HTTP, whatever the version: where its endpoint is, whether it can be
/// reached, and what of that the operator has been told. Two links to the same endpoint share one.
class next_hop {
public:
    /// `loop` must outlive the object. `name` is the peer's name, for the log. `tls` is null for an http:// endpoint.
    next_hop(event_loop& loop, const config::outgoing_http_settings& settings, std::string name,
             std::chrono::milliseconds connection_age_max, std::unique_ptr<link_tls> tls);

    const config::outgoing_http_settings& settings() const noexcept { return settings_; }
    const std::string& name() const noexcept { return name_; }

    // For a new connection.

    /// Where it leads. Only the addresses that the peer's terms allow are connected to.
    dial_target target() const;
    /// What is between its bytes and its socket; null for an http:// endpoint.
    std::unique_ptr<stream_filter> make_filter(http_offer offer) { return tls_ ? tls_->make_filter(offer) : nullptr; }
    /// The time from which on it carries no further packet.
    ilp::steady_time use_until() { return renewal_.use_until(loop_.now().steady); }

    // See reachability.

    bool is_failing() const noexcept { return reachability_.is_failing(); }
    bool is_paused() const { return reachability_.is_paused(loop_.now().steady); }
    bool refuses(bool connecting) const { return reachability_.refuses(loop_.now().steady, connecting); }
    std::string_view trouble() const noexcept { return reachability_.trouble(); }

    // What has become of connections and packets. What is news is reported to the operator.

    void connected();
    void connect_failed(const dial_failure& failure);
    /// The peer has ended a connection that was made, and has said why.
    void refused(std::string_view why);
    /// Call it before the packet gets its outcome.
    void answered(unsigned status) {
        if (const auto* const news = reachability_.answered(status)) report(*news);
    }

    // Each of these returns true if all connections are to be replaced (see connection_renewal).

    bool is_outdated_by(unsigned status) { return renewal_.answered(status, loop_.now().steady); }
    /// A packet has expired without an answer.
    bool is_outdated_by_silence() { return renewal_.failed(loop_.now().steady); }

private:
    void report(const reachability::news& news, bool lacks_descriptors = false);

    event_loop& loop_;
    const config::outgoing_http_settings settings_;
    const std::string name_;
    const std::unique_ptr<link_tls> tls_;
    reachability reachability_;
    connection_renewal renewal_;
};

}  // namespace connector

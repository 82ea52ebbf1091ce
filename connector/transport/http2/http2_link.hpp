#pragma once

#include "config/settings.hpp"
#include "connector/loop/event_loop.hpp"
#include "connector/transport/http/connection_renewal.hpp"
#include "connector/transport/http/link_tls.hpp"
#include "connector/transport/http/request_link.hpp"
#include "connector/transport/http2/http2_connection.hpp"
#include "connector/transport/link.hpp"
#include "connector/transport/outgoing_credentials.hpp"
#include "connector/transport/reachability.hpp"
#include "connector/transport/waiting_packets.hpp"
#include "ilp/bytes.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// ILP over HTTP/2 to one peer (RFC 35, synchronous): one connection, or two, with many packets in flight on each. When
/// the peer takes no further one, packets wait, and their senders take turns.
class http2_link final : public request_link, public http2_connection::owner {
public:
    /// `loop` must outlive the link. `name` is the peer's name, for the log. A connection that has reached its greatest
    /// age carries no further packet. `tls` is for an https:// endpoint, and offers HTTP/2 (ALPN).
    http2_link(event_loop& loop, const config::outgoing_http_settings& settings, std::string name,
               std::chrono::milliseconds connection_age_max, std::unique_ptr<link_tls> tls = {});

    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view prepare) override;
    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view body, const request_form& form) override;
    std::optional<reject_reason> withdraw(carried_packet& packet) override;
    void forget(carried_packet& packet) override;
    std::size_t connection_count() const noexcept override { return connections_.size(); }
    std::size_t waiting_count() const noexcept override { return waiting_.size(); }
    std::string_view trouble() const noexcept override { return reachability_.trouble(); }
    void retire() override;
    bool is_done() const noexcept override { return retired_ && connections_.empty() && waiting_.empty(); }

private:
    // http2_connection::owner
    void usable(http2_connection& connection) override;
    void connect_failed(const dial_failure& failure) override;
    void answered(carried_packet& packet, unsigned status, ilp::bytes_span body) override;
    void failed(carried_packet& packet, reject_reason reason) override;
    void not_processed(carried_packet& packet, ilp::bytes prepare) override;
    void has_room(http2_connection& connection) override;
    void closed(http2_connection& connection) override;

    ilp::bytes make_request_block(const request_form& form) const;
    void renew_credentials();
    ilp::bytes_view block_of(const carried_packet& packet) const;
    http2_connection* find_room();
    bool may_open_connection() const;
    void open_connection();
    void serve_waiting();
    void refuse_waiting();
    bool is_connected() const;
    void replace_connections();

    event_loop& loop_;
    const config::outgoing_http_settings settings_;
    const std::string name_;
    const std::unique_ptr<link_tls> tls_;
    outgoing_credentials credentials_;
    ilp::bytes request_block_;  ///< the fields of each request that has no form of its own
    /// The fields of the others, until their packets have an outcome: a request may have to be sent again.
    boost::unordered_flat_map<const carried_packet*, ilp::bytes> own_blocks_;

    std::vector<std::unique_ptr<http2_connection>> connections_;
    waiting_packets waiting_{loop_.memory()};
    std::size_t connecting_ = 0;
    bool retired_ = false;
    reachability reachability_;
    connection_renewal renewal_;
};

}  // namespace connector

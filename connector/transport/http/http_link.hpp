#pragma once

#include "config/settings.hpp"
#include "connector/loop/event_loop.hpp"
#include "connector/transport/link.hpp"
#include "ilp/bytes.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connector {

class http_connection;

/// ILP over HTTP/1.1 to one peer (RFC 35, synchronous): a bounded pool of keep-alive connections with one packet in
/// flight on each. If no connection is free, packets wait in FIFO order for the next one.
class http_link final : public link, public flushable {
public:
    /// `loop` and `listener` must outlive the link. `name` is the peer's name, for the log.
    http_link(event_loop& loop, link_listener& listener, const config::outgoing_http_settings& settings,
              std::string name);
    ~http_link() override;

    std::optional<reject_reason> send(packet_in_flight& packet, ilp::bytes_view prepare) override;
    std::optional<reject_reason> withdraw(packet_in_flight& packet) override;
    void forget(packet_in_flight& packet) override;
    std::size_t connection_count() const noexcept override { return connections_.size(); }
    std::size_t waiting_count() const noexcept override { return waiting_.size(); }
    void retire() override;
    bool is_done() const noexcept override { return retired_ && connections_.empty() && waiting_.empty(); }

    void flush() override;

private:
    friend class http_connection;

    struct waiting_packet {
        packet_in_flight* packet;
        ilp::bytes octets;  ///< the complete request
    };

    void append_request(ilp::bytes& out, ilp::bytes_view prepare) const;
    void open_connection();
    bool has_established() const;
    bool is_unreachable() const;
    void refuse_waiting();

    // Called by http_connection.
    void connected(http_connection& connection);
    void connect_failed(http_connection& connection, const std::string& why);
    void ready(http_connection& connection);
    void stale(packet_in_flight& packet, ilp::bytes request);
    void busy_to_flush(http_connection& connection);
    void not_idle_any_more(http_connection& connection);
    void gone(http_connection& connection);
    void answered_with_status(unsigned status);

    void report(std::string state, std::string_view message);

    event_loop& loop_;
    link_listener& listener_;
    const config::outgoing_http_settings settings_;
    const std::string name_;
    const std::string request_head_;  ///< up to the value of Content-Length, which is the last header

    std::vector<std::unique_ptr<http_connection>> connections_;
    std::vector<http_connection*> idle_;  ///< used as a stack, so that surplus connections can time out
    std::vector<http_connection*> to_flush_;
    std::deque<waiting_packet> waiting_;
    std::size_t connecting_ = 0;
    bool retired_ = false;

    // After a failed connect, packets are refused immediately for a pause that grows with each failure.
    std::chrono::milliseconds pause_{0};  ///< 0 unless the last connect failed
    ilp::steady_time paused_until_;
    std::string reported_state_;  ///< last state written to the log; a repeated state is not logged again
};

}  // namespace connector

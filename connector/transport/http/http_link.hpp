#pragma once

#include "config/settings.hpp"
#include "connector/loop/buffer_memory.hpp"
#include "connector/loop/event_loop.hpp"
#include "connector/transport/http/http_connection.hpp"
#include "connector/transport/http/link_tls.hpp"
#include "connector/transport/http/next_hop.hpp"
#include "connector/transport/http/request_link.hpp"
#include "connector/transport/link.hpp"
#include "connector/transport/outgoing_credentials.hpp"
#include "connector/transport/waiting_packets.hpp"
#include "ilp/bytes.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace connector {

/// ILP over HTTP/1.1 to one peer (RFC 35, synchronous): a bounded pool of keep-alive connections with one packet in
/// flight on each, whose parts are pipelined if it has several. If no connection is free, packets wait for the next
/// one, and their senders take turns. Questions for outcomes go first, and have one connection more.
class http_link final : public request_link, public http_connection::owner {
public:
    /// `loop` must outlive the link. `name` is the peer's name, for the log. A connection that has reached its greatest
    /// age carries no further packet.
    /// `tls` makes what is between its bytes and its sockets; null for an http:// endpoint.
    http_link(event_loop& loop, const config::outgoing_http_settings& settings, std::string name,
              std::chrono::milliseconds connection_age_max, std::unique_ptr<link_tls> tls = {});
    http_link(event_loop& loop, std::shared_ptr<next_hop> hop);

    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view prepare) override {
        return send(packet, prepare, nullptr);
    }
    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view body, const request_form& form) override {
        return send(packet, body, &form);
    }
    std::optional<reject_reason> send_parts(carried_packet& packet, ilp::bytes_view prepare,
                                            const parting& how) override;
    std::optional<reject_reason> ask_outcome(carried_packet& question, const peering::split_id& of) override;
    std::optional<reject_reason> withdraw(carried_packet& packet) override;
    void forget(carried_packet& packet) override;
    std::size_t connection_count() const noexcept override { return connections_.size(); }
    std::string_view trouble() const noexcept override { return hop_->trouble(); }
    std::size_t waiting_count() const noexcept override { return waiting_.size() + again_.size() + questions_.size(); }
    void retire() override;
    bool is_done() const noexcept override { return retired_ && connections_.empty() && waiting_count() == 0; }

    /// Uses the stream of a connection that is established and has carried nothing, unless there are connections
    /// enough. That one is closed in any case.
    void take_over(tcp_connection& established);

    /// Another link gets the packets from now on. The connections serve those that wait here, and then close; connects
    /// that fail are not reported.
    void leave();
    /// This link gets the packets again.
    void come_back() noexcept { left_ = is_failing_ = false; }
    /// True if the last event since come_back() was a failure: a connect failed, or a packet got no response.
    bool is_failing() const noexcept { return is_failing_; }

private:
    // http_connection::owner
    void usable(http_connection& connection) override;
    void free_again(http_connection& connection) override;
    void connect_failed(const dial_failure& failure) override;
    void refused(std::string_view why) override;
    void answered(http_connection& connection, carried_packet& packet, unsigned status, ilp::bytes_span body) override;
    void failed(carried_packet& packet, reject_reason reason) override;
    void not_sent(carried_packet& packet, ilp::bytes request) override;
    void not_taken(carried_packet& packet, ilp::bytes request) override;
    void not_idle_any_more(http_connection& connection) override;
    void closed(http_connection& connection) override;

    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view body, const request_form* form);
    template <typename Append>
    std::optional<reject_reason> wait(carried_packet& packet, const Append& append);
    void append_request(ilp::bytes& out, ilp::bytes_view body, const request_form* form);
    http_connection* take_idle();
    bool is_outdated(const http_connection& connection) const { return loop_.now().steady >= connection.use_until; }
    void carry_first(waiting_packets& queue, http_connection& idle);
    void use(http_connection& idle);
    void connect_for_waiting();
    bool may_open_connection() const;
    void open_connection();
    void replace_connections();
    void abandon_connecting();
    http_connection& add_connection();
    bool is_connected() const;
    void refuse(waiting_packets& queue);

    event_loop& loop_;
    const std::shared_ptr<next_hop> hop_;
    const config::outgoing_http_settings& settings_ = hop_->settings();
    outgoing_credentials credentials_;
    std::string request_head_;  ///< up to the value of Content-Length, which is the last header

    std::vector<std::unique_ptr<http_connection>> connections_;
    std::vector<http_connection*> idle_;       ///< used as a stack, so that surplus connections can time out
    waiting_packets waiting_{loop_.memory()};  ///< with their complete requests
    waiting_packets questions_{loop_.memory()};
    waiting_packets again_{loop_.memory()};  ///< they wait for a new connection: the peer had closed the last one
    std::size_t connecting_ = 0;
    bool retired_ = false;
    bool left_ = false;  ///< another link gets the packets
    bool is_failing_ = false;
};

}  // namespace connector

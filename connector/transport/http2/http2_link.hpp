#pragma once

#include "config/settings.hpp"
#include "connector/loop/event_loop.hpp"
#include "connector/transport/http/link_tls.hpp"
#include "connector/transport/http/next_hop.hpp"
#include "connector/transport/http/request_link.hpp"
#include "connector/transport/http2/flood_counts.hpp"
#include "connector/transport/http2/http2_connection.hpp"
#include "connector/transport/link.hpp"
#include "connector/transport/outgoing_credentials.hpp"
#include "connector/transport/waiting_packets.hpp"
#include "ilp/bytes.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector {

/// ILP over HTTP/2 to one peer (RFC 35, synchronous): one connection, or two, with many packets in flight on each. A
/// peer that takes few streams at a time gets more connections, until as many packets can be in flight as with
/// HTTP/1.1. When the peer takes no further one, packets wait, and their senders take turns.
class http2_link final : public request_link, public http2_connection::owner {
public:
    /// What is to be done by whoever can use HTTP/1.1 instead. With it, the connections of the link offer both
    /// versions.
    class alternative {
    public:
        /// The peer speaks HTTP/2 on a new connection.
        virtual void chose_http2() = 0;
        /// The peer has chosen HTTP/1.1 for this connection, whose stream may be taken over.
        virtual void chose_http1(tcp_connection& connection) = 0;
        /// A connection has failed, for this reason. Returns true if it was somebody else's question, or if HTTP/1.1 is
        /// used from now on: the packets that wait in the link have been taken then, and nothing is reported.
        virtual bool connect_failed(std::string_view why, bool was_connected) = 0;
        /// The peer does not take packets over HTTP/2, although it speaks it.
        virtual void refused_http2() = 0;
        /// A connection has ended. `was_of_use`: the peer has answered a packet on it.
        virtual void ended(bool was_of_use) = 0;
        /// A packet was certainly not processed. Returns true if it is taken, because HTTP/1.1 is used. `form`: null if
        /// its request is the usual one.
        virtual bool take(carried_packet& packet, ilp::bytes_view prepare, const request_form* form) = 0;

    protected:
        ~alternative() = default;
    };

    /// `loop` must outlive the link. `name` is the peer's name, for the log. A connection that has reached its greatest
    /// age carries no further packet. `tls` is for an https:// endpoint. `floods` counts what the peer sends too much
    /// of; it must outlive the link.
    http2_link(event_loop& loop, const config::outgoing_http_settings& settings, std::string name,
               std::chrono::milliseconds connection_age_max, http2::flood_counts& floods,
               std::unique_ptr<link_tls> tls = {});
    /// `other` must outlive the link; null if there is only HTTP/2.
    http2_link(event_loop& loop, std::shared_ptr<next_hop> hop, http2::flood_counts& floods, alternative* other);

    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view prepare) override;
    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view body, const request_form& form) override;
    std::optional<reject_reason> send_parts(carried_packet& packet, ilp::bytes_view prepare,
                                            const parting& how) override;
    std::optional<reject_reason> ask_outcome(carried_packet& question, const peering::split_id& of) override;
    std::optional<reject_reason> withdraw(carried_packet& packet) override;
    void forget(carried_packet& packet) override;
    std::size_t connection_count() const noexcept override { return connections_.size(); }
    std::size_t waiting_count() const noexcept override { return waiting_.size(); }
    std::string_view trouble() const noexcept override { return hop_->trouble(); }
    void retire() override;
    bool is_done() const noexcept override { return retired_ && connections_.empty() && waiting_.empty(); }

    bool is_connected() const;

    /// Makes a connection without a packet, if there is none, to learn which version the peer chooses.
    void ask();
    /// Its connections carry no further packet, and close when those that they carry have ended.
    void leave();
    /// A request that is not the usual one: its form, and its fields as HTTP/2 writes them.
    class own_request {
    public:
        own_request(const request_form& form, ilp::bytes block);
        ilp::bytes_view block() const noexcept { return block_; }
        /// Calls `use` with the form, which is valid during the call.
        template <typename Use>
        auto with_form(const Use& use) const {
            std::vector<http::header_field> fields;
            fields.reserve(fields_.size());
            for (const auto& [name, value] : fields_) fields.push_back({name, value});
            return use(request_form{.target = target_, .is_get = is_get_, .fields = fields});
        }

    private:
        ilp::bytes block_;
        std::string target_;
        bool is_get_;
        std::vector<std::pair<std::string, std::string>> fields_;
    };

    struct waiting_request {
        carried_packet* packet = nullptr;
        ilp::bytes prepare{};
        std::optional<own_request> own{};
        std::optional<parting> how{};
    };
    /// Takes the packets that wait.
    std::vector<waiting_request> take_waiting();

private:
    // http2_connection::owner
    void usable(http2_connection& connection) override;
    void connect_failed(const dial_failure& failure, bool was_connected) override;
    bool declined(http2_connection& connection) override;
    void answered(carried_packet& packet, unsigned status, ilp::bytes_span body) override;
    void failed(carried_packet& packet, reject_reason reason) override;
    void not_processed(carried_packet& packet, ilp::bytes prepare) override;
    void refused_http2() override;
    void has_room(http2_connection& connection) override;
    void closed(http2_connection& connection) override;

    ilp::bytes make_request_block(const request_form& form) const;
    void renew_credentials();
    ilp::bytes_view block_of(const carried_packet& packet) const;
    std::optional<own_request> take_own(const carried_packet& packet);
    std::optional<reject_reason> wait(carried_packet& packet, ilp::bytes_view prepare);
    void carry_parts(http2_connection& on, carried_packet& packet, ilp::bytes_view prepare, const parting& how);
    std::size_t most_places() const;
    bool is_for_nobody(const carried_packet& packet) const;
    http2_connection* find_room(std::size_t parts = 1);
    bool may_open_connection(std::size_t packets) const;
    void open_connection();
    bool give_away(carried_packet& packet, ilp::bytes_view prepare);
    void serve_waiting();
    void refuse_waiting();
    void replace_connections();
    void note_flood(const http2_connection& connection);

    event_loop& loop_;
    const std::shared_ptr<next_hop> hop_;
    const config::outgoing_http_settings& settings_ = hop_->settings();
    http2::flood_counts& floods_;
    alternative* const other_;
    outgoing_credentials credentials_;
    ilp::bytes request_block_;  ///< the fields of each request that has no form of its own
    /// The others, until their packets have an outcome: a request may have to be sent again.
    boost::unordered_flat_map<const carried_packet*, own_request> own_requests_;
    /// How packets are to be sent that wait, and are in parts.
    boost::unordered_flat_map<const carried_packet*, parting> waiting_parts_;

    std::vector<std::unique_ptr<http2_connection>> connections_;
    waiting_packets waiting_{loop_.memory()};
    std::size_t connecting_ = 0;
    std::size_t places_of_last_ = 0;  ///< of the connection that became usable last; 0 before the first
    bool retired_ = false;
};

}  // namespace connector

#pragma once

#include "connector/loop/dial.hpp"
#include "connector/loop/tcp_connection.hpp"
#include "connector/routing/reject_reason.hpp"
#include "connector/transport/http/known_head.hpp"
#include "connector/transport/http/message.hpp"
#include "connector/transport/link.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// One keep-alive connection to a peer: it connects, carries one packet at a time and reads the answer. A packet in
/// parts is sent in as many requests, all at once. The first answer to any of them is its answer, and the others are
/// dropped.
class http_connection final : public tcp_connection, public flushable {
public:
    /// The object that opens connections and gives them packets. A packet costs one call in each direction: carry() and
    /// answered().
    class owner {
    public:
        /// It is connected and idle.
        virtual void usable(http_connection& connection) = 0;
        /// Called instead of usable(); closed() follows.
        virtual void connect_failed(const dial_failure& failure) = 0;

        /// The peer has ended a new connection with a message of TLS that says why; failed() follows if it carries a
        /// packet, and closed() in any case.
        virtual void refused(std::string_view why) = 0;

        /// The other answers to a packet in parts have come, too. It is idle, and may carry the next packet.
        virtual void free_again(http_connection& connection) = 0;

        /// The answer to a packet. `body` is valid only during the call, and empty if it is longer than any packet. If
        /// the connection is_idle() now, it may carry the next packet; otherwise closed() follows.
        virtual void answered(http_connection& connection, carried_packet& packet, unsigned status,
                              ilp::bytes_span body) = 0;
        /// No answer will come, although the packet may have been sent; closed() follows.
        virtual void failed(carried_packet& packet, reject_reason reason) = 0;
        /// No byte of the request was sent, so it may use another connection; closed() has been called or follows.
        virtual void not_sent(carried_packet& packet, ilp::bytes request) = 0;
        /// The request was sent, but the peer has certainly not taken it: it may use a new connection. closed() has
        /// been called or follows.
        virtual void not_taken(carried_packet& packet, ilp::bytes request) = 0;

        /// An idle connection is about to close.
        virtual void not_idle_any_more(http_connection& connection) = 0;
        /// It has been closed and can be destroyed by event_loop::dispose().
        virtual void closed(http_connection& connection) = 0;

    protected:
        ~owner() = default;
    };

    http_connection(owner& owner, event_loop& loop);

    /// Connects; with a filter, there is a handshake after that. Call it once, before anything else.
    void connect(dial_target target, std::unique_ptr<stream_filter> filter = {});

    /// Uses the stream of another connection, as tcp_connection::take_over(), instead of a new one. That one is closed.
    void take_over(tcp_connection& established);

    /// Takes a packet. Returns an empty buffer, for the complete request, which is sent at the end of the turn.
    /// Precondition: idle.
    ilp::bytes& carry(carried_packet& packet);

    void flush() override;

    /// Null unless a packet was given to it and has no outcome yet.
    const carried_packet* packet() const noexcept { return packet_; }

    bool is_usable() const noexcept { return state_ != state::connecting && state_ != state::closed; }
    bool is_connecting() const noexcept { return state_ == state::connecting; }
    bool is_idle() const noexcept { return state_ == state::idle; }

    /// For the owner, which gives it no further packet from then on.
    ilp::steady_time use_until = ilp::steady_time::max();

    /// Closes the connection. The caller must deal with the packet, if there is one.
    void abandon();

private:
    enum class state : std::uint8_t { connecting, idle, queued, awaiting_answer, closed };

    void established() override;
    void received() override;
    void disconnected(end_of_stream how) override;
    void released() override;
    bool leaves_doubt() const noexcept override { return state_ == state::awaiting_answer; }

    void connected(boost::asio::ip::tcp::socket socket);
    void give_up(const dial_failure& failure);
    bool read_head();
    bool take_head(std::size_t size);
    void read_answers();
    bool read_answer();
    bool finish_answer(ilp::bytes_span body, std::size_t consumed);
    void watch_other_answers(bool is_first);
    void fail(reject_reason reason);
    bool was_not_taken(unsigned status) const;
    void forget_request();
    void not_taken();
    void hand_back(void (owner::*how)(carried_packet&, ilp::bytes));
    void become_idle();
    void time_out();

    owner& owner_;
    deadline_of<http_connection, &http_connection::time_out> timer_;
    dial dial_;
    std::unique_ptr<stream_filter> filter_;  ///< for the handshake; null once connected
    state state_ = state::connecting;
    carried_packet* packet_ = nullptr;
    std::uint16_t answers_due_ = 0;  ///< that are still to come; the packet may have ended with an earlier one
    bool is_reused_ = false;         ///< it has carried a packet before the present one
    /// Needed until the answer has come, because it may have to be sent again. Keeps its memory from request to
    /// request, unless that is large.
    ilp::bytes request_;

    http::known_head<http::response_head> known_head_;
    std::optional<http::response_head> head_;  ///< of the answer being read
    http::chunked_body chunks_;
    std::size_t searched_ = 0;
    unsigned interim_answers_ = 0;  ///< to the request
    ilp::steady_time idle_since_;
    std::chrono::milliseconds idle_time_max_;
};

}  // namespace connector

#pragma once

#include "connector/loop/dial.hpp"
#include "connector/loop/tcp_connection.hpp"
#include "connector/routing/reject_reason.hpp"
#include "connector/transport/http2/client_session.hpp"
#include "connector/transport/link.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace connector {

/// One HTTP/2 connection to a peer: it connects, carries many packets at a time and reads the answers, which come in
/// any order. A packet in parts has a stream for each. The first answer to any of them is its answer, and the others
/// are dropped.
class http2_connection final : public tcp_connection, public flushable {
public:
    class owner {
    public:
        /// It is connected to a host that speaks HTTP/2, and may carry packets.
        virtual void usable(http2_connection& connection) = 0;
        /// Called instead of usable(); closed() follows. `was_connected`: there was a connection to a host, which has
        /// ended in the handshake or before the host showed that it speaks HTTP/2.
        virtual void connect_failed(const dial_failure& failure, bool was_connected) = 0;
        /// The host has not chosen HTTP/2 in the handshake (ALPN). The owner may take the stream over, and returns true
        /// if this object is not to be used; closed() has been called then, or follows. Otherwise HTTP/2 is tried.
        virtual bool declined(http2_connection& connection) = 0;

        /// `body` is valid only during the call, and empty if it is longer than any packet.
        virtual void answered(carried_packet& packet, unsigned status, ilp::bytes_span body) = 0;
        /// No answer will come, although the packet may have been processed.
        virtual void failed(carried_packet& packet, reject_reason reason) = 0;
        /// The other side has certainly not processed the packet.
        virtual void not_processed(carried_packet& packet, ilp::bytes prepare) = 0;

        /// The host wants packets over HTTP/1.1 (HTTP_1_1_REQUIRED). This connection is leaving.
        virtual void refused_http2() = 0;
        /// After answers, if it may carry further packets.
        virtual void has_room(http2_connection& connection) = 0;
        /// It has been closed and can be destroyed by event_loop::dispose().
        virtual void closed(http2_connection& connection) = 0;

    protected:
        ~owner() = default;
    };

    http2_connection(owner& owner, event_loop& loop);

    /// The budget that the other side has used up, if the connection ended for that reason.
    std::optional<http2::flood> flooded_by() const noexcept { return session_ ? session_->flooded_by() : std::nullopt; }

    /// Connects; with a filter, there is a handshake after that. Call it once, before anything else.
    void connect(dial_target target, std::unique_ptr<stream_filter> filter = {});

    bool is_usable() const noexcept { return usable_ && !is_closed(); }
    /// True if it takes one more packet now.
    bool may_carry() const noexcept { return is_usable() && !leaving_ && session_->may_open() && !is_stalled(); }
    /// The same for a packet in so many parts.
    bool may_carry(std::size_t parts) const noexcept { return may_carry() && session_->room() >= parts; }
    bool is_leaving() const noexcept { return leaving_; }
    /// Packets that it can carry at a time. While the other side does not take them, there are as many as it has.
    std::size_t places() const noexcept { return is_stalled() ? count_ : session_->places(); }
    /// Streams that the other side allows at a time.
    std::size_t streams_max() const noexcept { return session_->places(); }

    /// It has carried packets; the other side has answered one.
    bool has_carried() const noexcept { return has_carried_; }
    bool has_answered() const noexcept { return has_answered_; }

    /// Takes a packet, or one part of it, which is sent at the end of the turn. `block` has the fields of its request.
    /// Precondition: may_carry(), for as many parts as the packet still has.
    void carry(carried_packet& packet, ilp::bytes_view block, ilp::bytes_view prepare);

    /// Drops a packet and its answer. Returns false if it is not carried here.
    bool forget(const carried_packet& packet);

    /// It takes no further packet, and closes when those that it carries have ended.
    void leave();

    void flush() override;

    /// For the owner, which gives it no further packet from then on.
    ilp::steady_time use_until = ilp::steady_time::max();

private:
    struct carried {
        std::uint64_t number = 0;          ///< 0: the place is free
        carried_packet* packet = nullptr;  ///< null if it has ended with the answer to another part
        std::uint16_t next_part = 0;       ///< place of another part of the packet, in a ring; its own if there is none
        ilp::steady_time sent_at{};
        ilp::bytes prepare{};  ///< it may have to be sent again; keeps its memory, unless that is large
    };

    void established() override;
    void received() override;
    void disconnected(end_of_stream how) override;
    void sent_all() override;
    void released() override;
    bool leaves_doubt() const noexcept override { return count_ != 0; }

    void connected(boost::asio::ip::tcp::socket socket);
    void give_up(const dial_failure& failure);
    void take(const http2::event& event);
    void go_on_later();
    void free_place(carried& done);
    carried_packet& release(carried& done);
    bool forget_parts(const carried_packet& packet);
    bool has_other_parts(const carried& part) const noexcept;
    void end_part(carried& part);
    std::uint16_t place_of(const carried& of) const noexcept {
        return static_cast<std::uint16_t>(&of - carried_.data());
    }
    std::size_t awaited() const noexcept { return count_ - dropped_; }
    void give_back(carried& refused);
    void lost(bool from_now);
    void end(reject_reason reason, bool from_now = false);
    void end_with_goaway();
    void note_refusal(http2::error_code code);
    bool is_stalled() const noexcept;
    void abandon();
    void account();
    void time_out();

    owner& owner_;
    deadline_of<http2_connection, &http2_connection::time_out> timer_;
    dial dial_;
    std::unique_ptr<stream_filter> filter_;  ///< for the handshake; null once connected
    ilp::bytes out_;
    std::optional<http2::client_session> session_;  ///< once the stream is established
    std::vector<carried> carried_;                  ///< by the upper half of the number
    std::vector<std::uint64_t> unflushed_;          ///< the requests of this turn
    std::size_t count_ = 0;                         ///< of requests
    std::size_t dropped_ = 0;                       ///< of these, for whose answers nobody waits
    std::size_t prepares_ = 0;                      ///< bytes of memory in `carried_`
    std::size_t accounted_ = 0;
    ilp::steady_time established_at_;
    ilp::steady_time last_received_;
    ilp::steady_time idle_since_;
    unsigned refusals_ = 0;  ///< streams that were reset while there was no answer yet
    bool was_connected_ = false;
    bool usable_ = false;
    bool leaving_ = false;
    bool has_carried_ = false;
    bool has_answered_ = false;
};

}  // namespace connector

#pragma once

#include "config/http_endpoint.hpp"
#include "connector/loop/deadline_wheel.hpp"
#include "connector/transport/expected_replies.hpp"
#include "connector/transport/http/request_link.hpp"
#include "connector/transport/link.hpp"
#include "connector/transport/request_id.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace connector {

class async_link;

/// A packet that was sent in asynchronous mode, as the link below knows it. The one that it stands for may end before
/// its request does; the deadline then bounds how long the response to the request is waited for.
struct asynchronous_packet : deadline, carried_packet {
    explicit asynchronous_packet(async_link& link);

    async_link& link;
    carried_packet* sent_for = nullptr;  ///< null if that has ended
    request_id id;
    bool is_posted = false;  ///< the request has ended, and nothing of it is left in the link below
};

/// The packets of one worker whose answers come in requests of the peers.
class awaited_replies final : public reply_receiver {
public:
    awaited_replies(event_loop& loop, std::shared_ptr<expected_replies> shared);

    void add(asynchronous_packet& packet, std::uint32_t peer);
    void remove(const asynchronous_packet& packet);
    std::size_t size() const noexcept { return packets_.size(); }

    /// Nobody can claim the packet's answer from now on, and the caller must end the packet. Returns false if it has
    /// been claimed: take_reply() has been or will be called with it.
    bool give_up_answer(const asynchronous_packet& packet) { return shared_->retract(packet.id); }

    event_loop& loop() noexcept { return loop_; }

    void take_reply(const request_id& id, ilp::bytes answer, const trace_id& trace) override;

private:
    event_loop& loop_;
    const std::shared_ptr<expected_replies> shared_;
    boost::unordered_flat_map<request_id, asynchronous_packet*> packets_;
};

/// ILP over HTTP to one peer, asynchronous (RFC 35): the peer answers 202 to the request with the Prepare, and brings
/// the answer in a request of its own, which has the same Request-Id. A peer that answers synchronously instead, as
/// older ones do, is understood.
class async_link final : public link, private link_listener {
public:
    /// `replies` must outlive the link. `callback_url` is where this node accepts answers.
    async_link(std::unique_ptr<request_link> below, std::uint32_t peer, const config::http_endpoint& callback_url,
               awaited_replies& replies);

    std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view prepare) override;
    std::optional<reject_reason> withdraw(carried_packet& packet) override;
    bool give_up_answer(carried_packet& packet) override;
    void forget(carried_packet& packet) override;
    std::size_t connection_count() const noexcept override { return below_->connection_count(); }
    std::size_t waiting_count() const noexcept override { return below_->waiting_count(); }
    std::string_view trouble() const noexcept override { return below_->trouble(); }
    void retire() override { below_->retire(); }
    bool is_done() const noexcept override { return packets_.empty() && ended_.empty() && below_->is_done(); }

    void replied(asynchronous_packet& packet, ilp::bytes_span answer, const trace_id& trace);
    void on_deadline(asynchronous_packet& packet);

private:
    using owned_packet = std::unique_ptr<asynchronous_packet>;

    // link_listener, of the link below
    void answered(carried_packet& packet, ilp::bytes_span answer) override;
    void failed(carried_packet& packet, reject_reason reason) override;

    owned_packet take_spare();
    void give_back(owned_packet packet);
    carried_packet* end(asynchronous_packet& packet);
    void end_request(asynchronous_packet& packet);

    const std::unique_ptr<request_link> below_;
    const std::uint32_t peer_;
    const std::string callback_url_;
    awaited_replies& replies_;
    boost::unordered_flat_map<const carried_packet*, owned_packet> packets_;
    /// Their requests have not ended yet, but their packets have.
    boost::unordered_flat_map<const carried_packet*, owned_packet> ended_;
    std::vector<owned_packet> spare_;
};

}  // namespace connector

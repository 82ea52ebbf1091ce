#pragma once

#include "connector/loop/deadline_wheel.hpp"
#include "connector/loop/event_loop.hpp"
#include "connector/transport/answer_sink.hpp"
#include "connector/transport/http/request_link.hpp"
#include "connector/transport/link.hpp"
#include "connector/transport/prepare_handler.hpp"
#include "connector/transport/request_id.hpp"
#include "ilp/clock.hpp"
#include "ilp/packet.hpp"
#include "peering/directory/peer.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace connector {

/// The answers to the Prepares that one worker has got in asynchronous mode (RFC 35): each is posted to the endpoint of
/// the peer that sent the Prepare, again and again until a response is final or the Prepare has expired. Used on the
/// loop's thread only.
///
/// A Prepare is taken only if there is room for the largest answer to it, so no answer is ever dropped for lack of
/// memory: a Fulfill that is dropped would leave its sender's books without a payment that ours have.
class reply_sender final : public answer_sink, private link_listener {
public:
    struct surroundings {
        std::function<const peering::peer*(std::uint32_t id)> find_peer;               ///< null if it has been removed
        std::function<std::unique_ptr<request_link>(const peering::peer&)> make_link;  ///< null if that fails
        /// True if a link that was made for the first also suits the second.
        bool (*is_same_link)(const peering::peer&, const peering::peer&) = nullptr;
        /// The peer has not taken the answer, as far as is known, and it is not posted again.
        std::function<void(std::uint32_t peer, bool is_fulfill)> undelivered;
        std::size_t replies_max = 0;  ///< Prepares and answers at one time
        std::size_t bytes_max = 0;    ///< of answers, and of the room for those that have not come
    };

    /// The room that is kept for an answer until it comes, beside that for the target to which it is posted.
    static constexpr std::size_t reply_size_max = ilp::reject_size_max;

    reply_sender(event_loop& loop, surroundings around);

    /// Makes room for the answer to a Prepare that expires after `left`. Returns the request's number in this sink. A
    /// peer can have a fair share of the places and of the memory.
    std::expected<std::uint64_t, acceptance> begin(const peering::peer& from, const request_id& id,
                                                   const std::string& target, std::chrono::milliseconds left);
    /// True if the request turned out to contain no Prepare.
    bool was_malformed(std::uint64_t request) const noexcept { return malformed_ == request; }

    void peers_changed(std::span<const peering::peer_update> updates);
    /// Destroys links that have finished. Call it at the end of a turn.
    void retire_links();

    /// Prepares and answers.
    std::size_t size() const noexcept { return replies_.size(); }
    std::size_t bytes() const noexcept { return bytes_; }

    /// True while a stop has to wait: for answers that have not been posted once, and during the grace for the others.
    bool has_to_wait(bool is_grace_over) const noexcept { return is_grace_over ? unposted_ != 0 : !replies_.empty(); }

    /// The daemon stops: what has not been taken yet is not posted again. No answer may be waited for or held.
    void give_up_all();

    // answer_sink
    void answer(std::uint64_t request, ilp::bytes_view packet, bool held) override;
    void reject(std::uint64_t request, ilp::bytes_view packet, const failure& failure) override;
    void release(std::uint64_t request) override;
    void refuse_malformed(std::uint64_t request) override;

private:
    struct key {
        std::uint32_t peer = 0;
        request_id id;
        friend bool operator==(const key&, const key&) = default;
        friend std::size_t hash_value(const key& key) noexcept { return hash_value(key.id) ^ key.peer; }
    };

    struct reply : deadline, carried_packet {
        explicit reply(reply_sender& owner);

        bool is_fulfill() const noexcept;

        reply_sender& owner;
        std::uint64_t number = 0;
        reply_sender::key key;
        std::string target;
        ilp::steady_time until;
        ilp::bytes packet;
        trace_id::text_form trace_text{};
        bool has_trace = false;  ///< the packet is a Reject, and `trace_text` goes with it
        std::size_t room = 0;    ///< counted in bytes_
        unsigned failed_attempts = 0;
        bool may_have_arrived = false;    ///< an attempt was sent, and its response has not come
        request_link* carrier = nullptr;  ///< while an attempt is in progress
    };

    struct link_of_peer {
        std::unique_ptr<request_link> link;
        std::size_t replies = 0;
        std::size_t bytes = 0;
    };

    // link_listener
    void answered(carried_packet& packet, ilp::bytes_span answer) override;
    void failed(carried_packet& packet, reject_reason reason) override;

    bool is_full_for(std::uint32_t peer, std::size_t room) const;
    void set_room(reply& reply, std::size_t room);
    void attempt(reply& reply);
    void attempt_failed(reply& reply);
    void count_failure(reply& reply);
    void break_off(reply& reply);
    void on_deadline(reply& reply);
    void give_up(reply& reply, const char* why);
    void end(reply& reply);

    event_loop& loop_;
    const surroundings around_;
    boost::unordered_flat_map<std::uint64_t, std::unique_ptr<reply>> replies_;
    boost::unordered_flat_map<key, std::uint64_t> numbers_;
    boost::unordered_flat_map<std::uint32_t, link_of_peer> links_;
    std::vector<std::unique_ptr<request_link>> retired_links_;
    std::uint64_t next_number_ = 0;
    std::optional<std::uint64_t> malformed_;  ///< the last one
    std::size_t bytes_ = 0;
    std::size_t unposted_ = 0;  ///< replies whose first attempt has not ended
};

}  // namespace connector

#pragma once

#include "connector/routing/pool_shares.hpp"
#include "connector/transport/answer_sink.hpp"
#include "connector/worker/peer_state.hpp"
#include "ilp/amount.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"
#include "peering/directory/limits.hpp"
#include "peering/records/posting.hpp"
#include "peering/splitting/part_sets.hpp"
#include "peering/splitting/split_outcomes.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace connector {

/// A packet that comes in parts, from its first part until its answer has been passed to the sender of each.
struct collected_packet {
    peer_state* from = nullptr;
    std::deque<owed_answer> parts{};  ///< their addresses are known to the sender's connection
    peering::split_outcome outcome{};

    // What is held and taken until the last part is here.
    peering::packet_transfer transfer{};
    peering::taken_limits limits{};
    pool_shares::held_amount* pool_share = nullptr;
    ilp::amount incoming_amount{};
    ilp::amount outgoing_amount{};
    ilp::steady_time held_at{};
};

/// The packets of one worker that come in parts. As a sink, it takes the answer to a whole packet, whose request is the
/// place of its set, and passes it to all parts; the set then ends.
class part_collector final : public answer_sink {
public:
    using place = peering::part_sets::place;

    /// `durable` gets the outcome of a packet that is about to be answered with a Fulfill.
    explicit part_collector(std::function<void(peering::split_outcome)> durable) : durable_{std::move(durable)} {}

    peering::part_sets& sets() noexcept { return sets_; }
    const peering::part_sets& sets() const noexcept { return sets_; }

    /// What belongs to a set that has just been opened.
    collected_packet& open(place set);
    /// Null once the set has ended.
    collected_packet* find(place set) noexcept { return set < packets_.size() ? packets_[set].get() : nullptr; }
    void close(place set);

    /// The Fulfill is about to be made durable. Returns what the store keeps of it.
    const peering::split_outcome& fulfilled(place set, ilp::bytes_view fulfill);

    // answer_sink
    void answer(std::uint64_t request, ilp::bytes_view packet, bool held) override;
    void reject(std::uint64_t request, ilp::bytes_view packet, const failure& failure) override;
    void revoke(std::uint64_t request, ilp::bytes_view packet, const failure& failure) override;
    void release(std::uint64_t request) override;
    void refuse_malformed(std::uint64_t request) override;

private:
    peering::part_sets sets_;
    std::vector<std::unique_ptr<collected_packet>> packets_;  ///< by place
    std::function<void(peering::split_outcome)> durable_;
};

}  // namespace connector

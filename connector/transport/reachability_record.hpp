#pragma once

#include "config/settings.hpp"
#include "connector/routing/accepted_parts.hpp"
#include "connector/routing/reject_reason.hpp"
#include "connector/transport/link.hpp"
#include "ilp/clock.hpp"
#include "peering/directory/peer_reachability.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace connector {

/// How one worker's packets to a peer have fared over one link. The worker writes it, and any thread reads it.
class reachability_record {
public:
    /// Packets without an answer, one after the other, that make a peer unreachable: one may have been lost on its way
    /// behind the peer, or with a single connection.
    static constexpr unsigned unanswered_max = 3;
    static constexpr std::size_t error_size_max = 200;

    /// `on_change` is called on the worker's thread when the state has changed.
    /// `accepted` is shared by all links to the peer.
    explicit reachability_record(std::function<void()> on_change,
                                 std::shared_ptr<accepted_terms> accepted = std::make_shared<accepted_terms>())
        : on_change_{std::move(on_change)}, accepted_{std::move(accepted)} {}

    // For the worker's thread.

    /// The peer has answered a packet. `round_trip` is the time since it was sent.
    void answered(const ilp::instant& now, std::chrono::nanoseconds round_trip) {
        last_answer_.store(now);
        const float sample = std::chrono::duration<float>(round_trip).count();
        const std::uint64_t before = answers_.load(std::memory_order_relaxed);
        const float smoothed = round_trip_.load(std::memory_order_relaxed);
        round_trip_.store(before == 0 ? sample : smoothed + (sample - smoothed) / 8,  // as TCP does: RFC 6298
                          std::memory_order_relaxed);
        answers_.store(before + 1, std::memory_order_relaxed);
        if (has_failed_ || !is_reachable_) [[unlikely]]
            recover(now);
    }

    /// `reason` is why the link has failed a packet, or refused it. Reasons that say nothing about the peer are
    /// ignored. `link` may name the cause more precisely.
    void failed(const ilp::instant& now, reject_reason reason, const link& link);

    /// `accepted` is what an answer of the peer says that it takes in parts (`carried_packet::accepts`).
    void note_split(const config::split_settings& accepted) {
        if (accepted != accepted_->load()) [[unlikely]]
            accepted_->store(accepted);
    }

    // For any thread.

    peering::peer_reachability read() const;

private:
    /// Written by one thread and read by others. They may see the two clocks of different moments that are close to
    /// each other.
    class atomic_instant {
    public:
        void store(const ilp::instant& now) noexcept {
            wall_.store(now.wall, std::memory_order_relaxed);
            steady_.store(now.steady, std::memory_order_relaxed);
        }
        ilp::instant load() const noexcept {
            return {wall_.load(std::memory_order_relaxed), steady_.load(std::memory_order_relaxed)};
        }

    private:
        std::atomic<ilp::timestamp> wall_{};
        std::atomic<ilp::steady_time> steady_{};
    };

    void recover(const ilp::instant& now);
    void keep_cause(std::string_view text);
    void change(peering::reachability_state state, const ilp::instant& since);

    const std::function<void()> on_change_;
    const std::shared_ptr<accepted_terms> accepted_;

    // Used by the worker's thread only.
    bool is_reachable_ = false;
    bool has_failed_ = false;     ///< a packet since the last answer
    ilp::instant first_failure_;  ///< since the last answer
    unsigned unanswered_ = 0;     ///< in a row
    std::string cause_;           ///< of the last failure, as the link gave it: usually the same again

    atomic_instant last_answer_;
    std::atomic<std::uint64_t> answers_{0};
    std::atomic<float> round_trip_{0};  ///< in seconds
    atomic_instant last_failure_;
    std::atomic<bool> has_ever_failed_{false};

    mutable std::mutex mutex_;
    // Guarded by mutex_. The worker, which alone writes them, reads them without it.
    peering::reachability_state state_ = peering::reachability_state::unknown;
    ilp::instant since_;
    std::string error_;
};

}  // namespace connector

#pragma once

#include "connector/payments/stream_run.hpp"
#include "ilp/payment/outgoing_payment.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace connector {

/// Any thread may read here how far a payment has come. It is at most a commit ahead of the store, and no number falls.
struct run_progress {
    std::atomic<std::uint64_t> sent{0};       ///< in the smallest units of the account that pays
    std::atomic<std::uint64_t> delivered{0};  ///< of it, as the receiver says
    std::atomic<std::uint64_t> packets{0};    ///< fulfilled, since the payment was started or taken up
    std::atomic<std::uint64_t> rejects{0};    ///< likewise; most of them teach the payment something
};

struct payment_order {
    std::uint64_t number = 0;  ///< of its record
    run_parties parties;
    ilp::payment_terms terms;
    ilp::payment_state state{};
    ilp::known_path path{};
    ilp::payment_limits limits{};
    std::uint64_t numbers_used = 0;  ///< on the connection, by a quote
    std::shared_ptr<run_progress> progress = std::make_shared<run_progress>();
    /// Called on the worker's thread when the payment begins to wait for something, or for something else; with an
    /// empty text when it gets on.
    std::function<void(std::string)> on_wait = [](const std::string&) {};
};

struct payment_outcome {
    ilp::outgoing_payment::finished how;
    bool was_interrupted = false;  ///< the daemon stops: the payment goes on after the start
    ilp::payment_state state;
    ilp::known_path path;
    std::optional<ilp::stream::receiver_asset> asset;
    std::uint64_t numbers_used = 0;         ///< on the connection
    std::optional<refusal> last_refusal{};  ///< nullopt if the last packet that was answered was fulfilled
};

/// One payment, or the rest of one, on a worker. With the posting of each packet it has its progress written
/// (own_packets::advance), so what the store says is what the account was debited, after every crash.
class payment_run final : public stream_run {
public:
    payment_run(const run_surroundings& around, payment_order order);

    /// Precondition: the run has ended.
    payment_outcome outcome() const;

    void cancel() override;
    void interrupt() override;

private:
    step next(ilp::steady_time now) override;
    void fulfilled(std::uint64_t number, std::optional<ilp::amount> delivered, ilp::steady_time now) override;
    void rejected(std::uint64_t number, const ilp::payment_rejection& rejection, ilp::steady_time now) override;
    void withdrawn(std::uint64_t number, ilp::steady_time now) override;
    std::optional<packet> closing(ilp::steady_time now) override;
    void say(std::string waits_for);

    const std::uint64_t number_;
    const ilp::amount send_;
    ilp::outgoing_payment payment_;
    std::shared_ptr<run_progress> progress_;
    std::function<void(std::string)> on_wait_;
    std::string said_;
    std::optional<ilp::amount> said_maximum_;  ///< if said_ is about it
    std::optional<ilp::outgoing_payment::finished> how_;
    bool is_interrupted_ = false;
};

}  // namespace connector

#pragma once

#include "config/http_endpoint.hpp"
#include "connector/control/spsp_client.hpp"
#include "connector/payments/path_memory.hpp"
#include "connector/payments/payment_runs.hpp"
#include "connector/payments/receiver_memory.hpp"
#include "ilp/clock.hpp"
#include "ilp/payment/exchange_ratio.hpp"
#include "peering/book/committer.hpp"
#include "peering/book/payments.hpp"
#include "peering/directory/directory.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace connector {

/// Carries out the payments that `peering::payments` has: asks the receiver where to pay, has a worker quote and pay,
/// and writes how each ended. Whoever wants a payment calls peering::payments::create(); this object learns of it, and
/// of cancellations, by its callback.
///
/// **Nothing is paid twice.** The account that pays is debited by the posting of a packet, and the transaction of the
/// posting says how much the payment has sent then (own_packets::advance). What is left to send after a crash is
/// therefore exactly what was not debited. No amount is set aside for a payment: the same money can be withdrawn or
/// paid elsewhere, and then the payment ends for lack of it.
///
/// **Nobody waits for ever.** While others wait, a payment that has been sent for `turn` stops as it does when the
/// daemon stops, and goes on when its turn comes again. So no receiver keeps a place by being slow. It goes on where it
/// was, on the same connection, and asks its receiver again only if nothing is taken there any more.
///
/// Used on the control loop, except for start().
class payment_service {
public:
    using found = std::expected<spsp_found, std::string>;

    /// The service uses these. The functions of the workers may call back on any thread.
    struct parts {
        boost::asio::io_context& control;
        peering::committer& committer;
        peering::payments& payments;
        const peering::directory& directory;
        std::function<void(quote_order, payment_runs::quoted)> quote;
        std::function<void(payment_order, payment_runs::paid)> pay;
        std::function<void(std::uint64_t number)> cancel;
        std::function<void(config::http_endpoint, std::function<void(found)>)> resolve;  ///< see query_spsp()
        /// The id of the receiving account of this node to which an address leads; nullopt if it leads to none.
        std::function<std::optional<std::uint32_t>(const ilp::address&)> own_account;
        /// Packets that were in flight when the daemon ended may be fulfilled for so long; see ilp::payment_state.
        /// Whatever the settings were then, no packet of a payment lives longer.
        std::chrono::nanoseconds pause_after_start = ilp::round_trip_times::lifetime_max;
        /// A payment keeps its place for so long although others wait, and a little longer.
        std::chrono::nanoseconds turn = std::chrono::minutes{1};
        /// A payment fails if it has not ended so long after it was created.
        std::chrono::nanoseconds time_max = std::chrono::hours{24};
        /// Before an account is looked at again whose money is held by packets.
        std::chrono::nanoseconds pause_while_held = std::chrono::milliseconds{100};
        /// Before the receiver of a payment that is being sent is asked again; it doubles up to `lookup_pause_max`.
        std::chrono::nanoseconds lookup_pause = std::chrono::seconds{10};
        /// So long after a payment has arrived, the next one to its receiver needs no quote.
        std::chrono::nanoseconds rate_age_max = std::chrono::seconds{30};
        std::function<ilp::instant()> clock = ilp::read_clocks;
    };

    static constexpr std::chrono::nanoseconds lookup_pause_max = std::chrono::minutes{5};

    /// A payment that needs what packets of its account hold waits that often for it: as long as a packet may last.
    static constexpr unsigned waits_max = 300;

    /// Payments that are carried out at a time; others wait for their turn. Each has up to
    /// `ilp::payment_limits::packets_in_flight_max` packets in flight, which share the worker's.
    static constexpr std::size_t running_max = 100;

    explicit payment_service(parts parts) : parts_{std::move(parts)}, receivers_{parts_.rate_age_max} {}

    /// Goes on with the payments that had not ended at the last stop. Call it before the committer starts, once.
    void start();

    /// Begins nothing more: the daemon stops. The workers interrupt what they are doing (worker::drain).
    void stop() noexcept { is_stopping_ = true; }

    /// Returns how far a payment has come; null if it is not being sent. Its record says as much, a commit later.
    std::shared_ptr<const run_progress> progress_of(std::uint64_t number) const;

private:
    struct active_payment {
        peering::payment_record record;
        ilp::steady_time since{};                          ///< when it was created
        ilp::amount sent_before{};                         ///< the start of the daemon
        bool is_begun = false;                             ///< it is one of running_max
        bool has_run = false;                              ///< a worker quotes or pays
        bool gives_way = false;                            ///< its run was told to end, so that the payment waits again
        std::chrono::steady_clock::time_point began_at{};  ///< when it got its place
        unsigned lookups = 0;                              ///< of the receiver, since it has last answered
        std::string unanswered{};                          ///< why the last of them has failed
        unsigned waits = 0;                                ///< for money that is held
        std::optional<peering::spsp_details> to{};         ///< where to pay; known once the receiver was looked up
        bool is_kept = false;                              ///< that was before the payment gave way
        std::uint64_t numbers_used = 0;                    ///< on that connection
        ilp::known_path path{};                            ///< what its quote has learned, or other payments
        bool has_rate_of_another = false;                  ///< no quote was made: an earlier payment has shown the rate
        std::shared_ptr<run_progress> progress{};
    };

    void changed(const peering::payment_record& record);
    void add(const peering::payment_record& record);
    static std::chrono::nanoseconds pause_after(unsigned lookups, std::chrono::nanoseconds first);
    void begin_waiting();
    void begin(std::uint64_t number);
    void wait_again(std::uint64_t number);
    void give_back_place(active_payment& payment);
    void end_turns();
    bool is_overdue(const active_payment& payment) const;
    void look_up(std::uint64_t number);
    void looked_up(std::uint64_t number, const found& answer);
    void find_rate(active_payment& payment, const peering::receiving_account& account);
    void quote(std::uint64_t number);
    void quoted(std::uint64_t number, const std::optional<quote_outcome>& outcome);
    void offer(std::uint64_t number, const ilp::exchange_ratio& rate);
    void agree(std::uint64_t number, const peering::payment_offer& offer);
    void agreed(std::uint64_t number, const peering::payment_offer& offer,
                std::expected<void, peering::payment_refusal> written);
    void go_on(active_payment& payment);
    void pay(active_payment& payment, const peering::receiving_account& account);
    void learn(const active_payment& payment, const peering::receiving_account& account,
               const payment_outcome& outcome);
    void paid(std::uint64_t number, const payment_outcome& outcome);
    void fail(std::uint64_t number, std::string why);
    void end(std::uint64_t number, peering::payment_status status, std::string failure);
    void forget(std::uint64_t number);

    active_payment* find(std::uint64_t number);
    /// The account that pays. If it cannot, the payment fails, and the result is null.
    std::shared_ptr<const peering::receiving_account> find_payer(const active_payment& payment);
    /// Calls `again` after a while. Returns false if the payment has waited for too long.
    bool wait_while_held(active_payment& payment, std::function<void()> again);
    run_parties parties_of(const active_payment& payment, const peering::receiving_account& account) const;
    /// Calls `action` on the control loop after this time.
    void later(std::chrono::nanoseconds pause, std::function<void()> action);

    parts parts_;
    bool is_stopping_ = false;
    ilp::steady_time started_at_{};
    std::unordered_map<std::uint64_t, active_payment> active_;  ///< by number; references stay valid
    std::deque<std::uint64_t> waiting_;                         ///< that have not begun, the oldest first
    std::size_t begun_ = 0;
    path_memory paths_;
    receiver_memory receivers_;
};

}  // namespace connector

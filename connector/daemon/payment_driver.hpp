#pragma once

#include "connector/worker/payment_order.hpp"
#include "ilp/amount.hpp"
#include "ilp/payment/outgoing_payment.hpp"
#include "ilp/payment/payment_quote.hpp"
#include "peering/book/committer.hpp"
#include "peering/book/payments.hpp"
#include "peering/records/account.hpp"
#include "peering/records/payment.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// Brings the payments of the book forward: finds out where each goes, has a worker quote it and pay it, and writes how
/// it has ended. Each step is durable before the next one begins, so a payment goes on from the last one after a
/// restart.
///
/// Used on the control thread. The book is used on the committer's thread; the two tell each other by posting.
class payment_driver {
public:
    /// Where the payment goes, or a sentence that says why it cannot be made.
    using resolved = std::expected<payment_run::receiver, std::string>;

    struct surroundings {
        boost::asio::io_context& control;
        peering::committer& committer;
        peering::payments& payments;
        /// Asks the receiver's SPSP server. Calls back on the control thread, and not before it returns.
        std::function<void(const std::string& receiver, std::function<void(resolved)>)> resolve;
        /// Give the order to a worker, which is the same for the same number.
        std::function<void(payment_order)> start;
        std::function<void(std::uint64_t number)> cancel;
        /// The account that has this number in the ledger; nullopt if it was deleted.
        std::function<std::optional<std::uint32_t>(peering::account_id)> account_of;
        ilp::payment_limits limits{};
    };

    /// Before the committer starts. From now on it learns of every change of the book.
    explicit payment_driver(surroundings around);
    payment_driver(const payment_driver&) = delete;
    payment_driver& operator=(const payment_driver&) = delete;

    /// Takes up the payments of an earlier run, after `pause`: what was in flight then has expired by then, and can be
    /// sent again without being paid twice (ilp::payment_state). Call it before the committer starts.
    void resume(std::chrono::milliseconds pause = round_trip_times_max);

    /// Of the payments that have not ended.
    std::size_t size() const noexcept { return open_.size(); }

private:
    static constexpr std::chrono::milliseconds round_trip_times_max =
        std::chrono::duration_cast<std::chrono::milliseconds>(ilp::round_trip_times::lifetime_max);

    void changed(const peering::payment_record& record);
    void begin(std::uint64_t number);
    void found(std::uint64_t number, resolved receiver);
    void quoted(std::uint64_t number, const ilp::payment_quote::finished& outcome);
    void send(const peering::payment_record& record, const ilp::known_path& path);
    void ended(std::uint64_t number, const ilp::outgoing_payment::finished& finished);
    void end(std::uint64_t number, peering::payment_status status, std::string failure);
    void write(peering::store_task task);
    payment_order order_of(const peering::payment_record& record);

    struct open_payment {
        peering::payment_record record;
        payment_run::receiver receiver{};
        ilp::known_path path{};
        bool is_with_worker = false;
    };

    surroundings around_;
    std::map<std::uint64_t, open_payment> open_;  // by number
    boost::asio::steady_timer pause_{around_.control};
};

}  // namespace connector

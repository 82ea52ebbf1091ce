#pragma once

#include "ilp/amount.hpp"
#include "ilp/timestamp.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/book/payment_waits.hpp"
#include "peering/records/account.hpp"
#include "peering/records/payment.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace peering {

/// Why a payment is not accepted, or not changed.
enum class payment_refusal : std::uint8_t {
    amount_is_zero,
    invalid_id,              ///< not a version 4 UUID
    already_exists,          ///< the id has been used before
    invalid_slippage,        ///< above ilp::slippage_max
    invalid_receiver,        ///< empty, longer than payments::receiver_size_max, or not printable ASCII
    insufficient_liquidity,  ///< the account has less than is to be sent
    above_at_most,           ///< what is to be sent is more than the request allows
    too_many,                ///< payments::open_max have not ended
    unknown_payment,
    already_ended,
    store_unavailable,  ///< nothing was done; a retry is possible
};

std::string_view describe(payment_refusal refusal) noexcept;

struct payment_request {
    std::string uuid{};
    account_id account{};
    std::string receiver{};
    bool is_fixed_delivery = false;
    ilp::amount amount;
    std::uint16_t slippage = 0;
    std::optional<ilp::amount> at_most{};  ///< more than this is never sent
};

/// The payments that are made from accounts. Each is stored under its own UUID, which is never accepted twice, so that
/// a request that is repeated never pays twice. Here they begin, change their status and end; what they send and what
/// has arrived is written with the postings of their packets (posting_batch::advance).
///
/// An account is not reserved for a payment: each packet holds its amount, as any packet does. While it is sent, a
/// payment for which the account has too little waits for liquidity until it gives up; before, it is refused or fails.
///
/// Used on the committer's thread, one call after another, and before it starts. Each call that changes something
/// writes one transaction, which includes `beside`; when it returns success, the change is durable. It reads no clock.
class payments {
public:
    static constexpr std::size_t open_max = 1'000;
    static constexpr std::size_t receiver_size_max = 2'000;

    /// Called after each change has become durable.
    using callback = std::function<void(const payment_record&)>;

    void on_change(callback callback) { on_change_ = std::move(callback); }

    /// Call before the committer starts, with what the store has. Returns false if the book is broken: an account that
    /// does not exist, more sent than was agreed, or more agreed than was allowed. A payment that was cancelled and not
    /// ended ends with the next end().
    bool restore(std::span<const payment_record> open, std::uint64_t last_number, const ledger& ledger);

    /// Those that have not ended, by number. Their amounts are those of the start.
    const std::map<std::uint64_t, payment_record>& open() const noexcept { return open_; }

    /// Of those that have not ended. Any thread may use it.
    payment_waits& waits() noexcept { return waits_; }

    std::expected<payment_record, payment_refusal> create(bookkeeper& keeper, const payment_request& request,
                                                          ilp::timestamp now, const changes& beside);

    /// The quote is there: packets may leave. Refused if the payment was cancelled meanwhile. Precondition: the offer
    /// is within the payment's at_most.
    std::expected<void, payment_refusal> start_sending(bookkeeper& keeper, std::uint64_t number,
                                                       const payment_offer& offer);

    /// The payment is over and none of its packets is in flight. `status` is one that has ended; `failure` is empty
    /// unless it is `failed`.
    std::expected<void, payment_refusal> end(bookkeeper& keeper, std::uint64_t number, payment_status status,
                                             std::string_view failure, ilp::timestamp now);

    /// Ends a payment of which nothing was sent; otherwise nothing more is sent, and it ends when its packets are
    /// answered. Success also if it is being cancelled already.
    std::expected<payment_record, payment_refusal> cancel(bookkeeper& keeper, std::string_view uuid, ilp::timestamp now,
                                                          const changes& beside);

private:
    using open_payment = std::map<std::uint64_t, payment_record>::iterator;

    bool change(bookkeeper& keeper, open_payment payment, payment_standing standing, changes with);

    std::map<std::uint64_t, payment_record> open_;
    std::uint64_t last_number_ = 0;
    callback on_change_;
    payment_waits waits_;
};

}  // namespace peering

#pragma once

#include "tests/bench/proxies.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class delayed_path;

inline constexpr std::uint64_t packet_amount = 1000;  ///< the most that a packet between two of these daemons carries

/// Where that maximum is set.
enum class maximum_of : std::uint8_t {
    sender,    ///< at the first daemon, which knows it before it sends
    receiver,  ///< at the last one, which says so with F08
};

struct path_of_nodes {
    std::string_view variant;  ///< ilpd-memory or ilpd-sqlite
    std::size_t nodes = 2;
    std::chrono::nanoseconds round_trip{0};  ///< between the first two of them
    maximum_of maximum = maximum_of::sender;
    std::size_t max_parts = 0;  ///< in which a packet crosses the first link; 0: none. For two daemons
};

/// How a payment has ended.
struct ended_payment {
    double seconds = 0;        ///< from its creation until its end, as the daemon has stored both
    double quote_seconds = 0;  ///< from the request until it was agreed; about a millisecond too long
    std::uint64_t sent = 0;
    std::uint64_t delivered = 0;
    std::string failure{};  ///< empty: it is complete
};

/// Daemons in a row, each a peer of the next. An account on the first pays an account on the last, over the SPSP server
/// there.
class payment_nodes {
public:
    /// Throws if a daemon does not start. `name` is that of their directory.
    payment_nodes(const setup& setup, std::string_view name, const path_of_nodes& path);
    ~payment_nodes();
    payment_nodes(const payment_nodes&) = delete;
    payment_nodes& operator=(const payment_nodes&) = delete;

    /// Throws if the payment does not end.
    ended_payment pay(std::uint64_t amount);

    /// Of the account that is paid.
    std::uint64_t received();

    /// The first is the sender.
    const std::vector<proxy>& daemons() const noexcept { return daemons_; }

    /// Packets of the payments that the first has made: all of them, or those that were fulfilled.
    double packets_of_payments(bool fulfilled) const;

    /// For a program that pays as a peer of the first daemon: where that listens, and whom to pay.
    std::string packets_url() const;
    std::string receiver_url() const;

    static constexpr std::string_view client = "client";  ///< the name of that peer, whose tokens follow from it

private:
    std::vector<proxy> daemons_;
    std::unique_ptr<delayed_path> delay_;
    std::uint16_t spsp_port_ = 0;
    std::string account_;  // id of the account that pays
};

/// What the program has said that pays with @interledger/pay.
struct paid_by_pay {
    double quote_seconds = 0;
    double seconds = 0;     ///< with the quote
    double packets = 0;     ///< that were fulfilled
    std::string trouble{};  ///< empty: all of the amount has arrived
};

/// A payment by @interledger/pay, as a peer of the first daemon. Nullopt without node or without the packages of the
/// interop tests.
std::optional<paid_by_pay> pay_with_pay(const setup& setup, payment_nodes& path, std::uint64_t amount);

}  // namespace bench

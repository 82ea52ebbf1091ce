#pragma once

#include "ilp/clock.hpp"
#include "tests/unit/peering/world.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

/// Shared by the crash test and the program that it kills. The program writes a line for everything that is durable: "b
/// N" for batch N, "m N" for a transfer N that was made, "p N" for a transfer N that was posted.
namespace peering::testing {

inline constexpr std::size_t crash_peers = 4;
inline constexpr std::size_t crash_owners = crash_peers + 1;               ///< and a receiving account
inline constexpr std::uint64_t crash_liquidity = std::uint64_t{1} << 60U;  ///< of each owner at the beginning

inline config::settings crash_settings() {
    config::settings settings;
    settings.assets = {make_asset("USD", 9)};
    for (std::size_t i = 0; i < crash_peers; ++i) {
        settings.peers.push_back(make_peer("p" + std::to_string(i), "USD", 9, crash_liquidity));
    }
    settings.accounts = {make_account("received", "USD", 9)};
    return settings;
}

inline liquidity_account& crash_account(const known_peers& registry, std::size_t owner) {
    if (owner < crash_peers) return *registry.peers()[owner].liquidity;
    return *registry.directory->find_receiving_account_by_name("received")->liquidity;
}

/// The transfers in batch `ticket` of a run: the amount moved from one owner to another, and how often.
struct crash_batch {
    std::size_t debit;
    std::size_t credit;
    std::uint64_t amount;
    std::uint64_t packets;
};

/// The kinds of a run's operators' transfers, by number: deposits, immediate withdrawals, and two-phase withdrawals,
/// half of which are posted after the next ones have been made.
enum class crash_transfer : std::uint8_t { deposit, withdrawal, pending, posted_later };

inline crash_transfer crash_transfer_of(std::uint32_t number) {
    return static_cast<crash_transfer>(number % 4);
}

inline std::string crash_uuid(std::uint32_t run, std::uint32_t number) {
    return fmt::format("{:08x}-0000-4000-8000-{:012x}", run, number);
}

inline std::uint64_t crash_amount(std::uint32_t number) {
    return 1 + number % 100;
}

inline std::size_t crash_owner_of(std::uint32_t number) {
    return number % crash_owners;
}

inline constexpr std::uint32_t crash_posts_after = 3;  // counted in further transfers

/// The outcome of a packet that came in parts, which is committed with batch `ticket` of a run.
inline split_outcome crash_outcome(std::uint32_t run, commit_ticket ticket) {
    split_outcome outcome{.peer = 1, .until = ilp::wall_clock() + std::chrono::hours{1}};
    for (std::size_t i = 0; i < 8; ++i) {
        outcome.id[i] = static_cast<ilp::octet>(run >> 8 * (i % 4));
        outcome.id[8 + i] = static_cast<ilp::octet>(ticket >> 8 * i);
    }
    outcome.fulfill.assign(outcome.id.begin(), outcome.id.end());
    return outcome;
}

inline crash_batch crash_batch_of(commit_ticket ticket) {
    return {ticket % crash_owners, (ticket + 1 + ticket % crash_peers) % crash_owners, 1 + ticket % 1000,
            1 + ticket % 3};
}

}  // namespace peering::testing

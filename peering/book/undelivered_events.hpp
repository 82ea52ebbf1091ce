#pragma once

#include "peering/records/event.hpp"
#include "peering/store/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace peering {

/// Counts the events that are still to be delivered, so that nobody has to ask the store. Used by one thread at a time,
/// with the bookkeeper.
class undelivered_events {
public:
    /// What a store has at start.
    void restore(std::span<const pending_count> pending, std::span<const event_record> open);

    /// What a transaction has written.
    void written(const changes& changes);

    /// Of both lines, without those that are open.
    std::uint64_t pending() const noexcept { return pending_; }

    /// The events of payments to this receiving account, with those that are open.
    std::uint64_t of_account(std::string_view receiving_account) const;

private:
    void add(const std::string& receiving_account, std::uint64_t events);

    std::uint64_t pending_ = 0;
    std::map<std::string, std::uint64_t, std::less<>> of_account_;  // above zero
};

}  // namespace peering

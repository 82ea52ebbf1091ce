#pragma once

#include <cstdint>

namespace peering {

/// How much a daemon uses of an account in a second. It rises at once and sinks slowly.
class part_use {
public:
    /// Call it once a second with what was debited during the second and what is held now.
    void observe(std::uint64_t debited, std::uint64_t held) noexcept;

    std::uint64_t per_second() const noexcept { return per_second_; }

private:
    std::uint64_t per_second_ = 0;
};

/// What a daemon would like to have of an account whose largest packet is `packet_max`: twice its use, but no less than
/// some packets need. Never above part_max.
std::uint64_t part_target(const part_use& use, std::uint64_t packet_max) noexcept;

/// The target of a daemon that has never used the account.
std::uint64_t first_target(std::uint64_t packet_max) noexcept;

/// What a daemon asks the vault for: at least what a packet lacks, and as much more as it would like to have.
struct lease_request {
    std::uint64_t lacking = 0;
    std::uint64_t wanted = 0;
    friend bool operator==(const lease_request&, const lease_request&) = default;
};

/// The request of a daemon that can spend `available` and has a packet of `amount`.
lease_request request_for(std::uint64_t amount, std::uint64_t available, std::uint64_t target) noexcept;

/// What the vault grants: what is wanted, but no more than half of what it has unless a packet lacks more. 0 if it has
/// less than the packet lacks, because that would help nobody.
std::uint64_t granted_lease(std::uint64_t vault, const lease_request& request) noexcept;

/// What a daemon that can spend `available` returns unasked: all that is above its target, if that is enough to be
/// worth a transaction.
std::uint64_t surplus(std::uint64_t available, std::uint64_t target) noexcept;

/// What a daemon returns because another one wants `wanted` and the vault does not have it: no more than what it does
/// not use itself.
std::uint64_t released_for_others(std::uint64_t available, const part_use& use, std::uint64_t wanted) noexcept;

}  // namespace peering

#pragma once

#include <algorithm>
#include <cstdint>

namespace peering {

/// Several daemons can work on one store. Each has a place, from 1 on, and at that place a part of each account from
/// which it alone spends. What no daemon has is in the vault.
inline constexpr std::uint32_t places_max = 16;
/// The place of the vaults. A daemon that works alone has it.
inline constexpr std::uint32_t vault_place = 0;

/// The largest balance of a part. Each place can receive as much without asking.
inline constexpr std::uint64_t part_max = std::uint64_t{1} << 59U;
/// A return to the vault, and the first use of an account by a place, require that the vault then has no more than
/// this.
inline constexpr std::uint64_t vault_max = (std::uint64_t{1} << 63U) - 1;

static_assert(vault_max + (places_max - 1) * part_max > vault_max, "an account with all its parts is below 2^64");

/// Numbers the rows of transfers so that no two places give the same number, and so that a row which another one may
/// depend on has the lower number.
class place_numbers {
public:
    explicit place_numbers(std::uint32_t place) noexcept : place_{place} {}

    /// Some place has given this number.
    void has_seen(std::uint64_t number) noexcept { counter_ = std::max(counter_, number / places_max); }

    std::uint64_t next() noexcept { return ++counter_ * places_max + place_; }

    static std::uint32_t place_of(std::uint64_t number) noexcept {
        return static_cast<std::uint32_t>(number % places_max);
    }

private:
    std::uint32_t place_;
    std::uint64_t counter_ = 0;
};

}  // namespace peering

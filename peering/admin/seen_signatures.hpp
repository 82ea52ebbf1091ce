#pragma once

#include "peering/admin/signature_check.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>

namespace peering::admin {

inline constexpr std::size_t seen_signatures_max = 65'536;

/// Remembers signatures for as long as they would pass check_signature(), so that none is used twice. When it is full,
/// further ones are refused: nothing is forgotten early. Any thread may use it.
class seen_signatures {
public:
    enum class use : std::uint8_t { first, again, no_room };

    explicit seen_signatures(std::size_t size_max = seen_signatures_max) : size_max_{size_max} {}

    /// Precondition: the signature has passed at `now`. A clock that goes back does not open the past again: what is
    /// older than the oldest that may still be remembered counts as used.
    use note(const checked_signature& signature, ilp::timestamp now);

private:
    const std::size_t size_max_;
    std::mutex mutex_;
    std::set<checked_signature> seen_;  ///< the oldest first
    ilp::timestamp forgotten_before_ = ilp::timestamp::min();
};

}  // namespace peering::admin

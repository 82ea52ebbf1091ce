#pragma once

#include "peering/admin/signature_check.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>

namespace peering::admin {

inline constexpr std::size_t seen_signatures_max = 65'536;
/// Number of signatures that are remembered although they are no longer valid.
inline constexpr std::size_t old_signatures_max = 4096;

/// Remembers each signature for as long as it would pass check_signature(), so that none is accepted twice. When the
/// set is full, new signatures are refused rather than old ones forgotten early. Thread-safe.
///
/// The latest signatures are remembered for longer, so that a clock that is set back does not have to lock out every
/// client until it is again where it was.
class seen_signatures {
public:
    enum class verdict : std::uint8_t { first_use, repeated, before_start, full };

    /// `started_at` is when the daemon started. An earlier signature may already have been used by a previous run, so
    /// it is refused.
    explicit seen_signatures(ilp::timestamp started_at, std::size_t size_max = seen_signatures_max)
        : started_at_{started_at}, size_max_{size_max} {}

    /// Precondition: the signature passed the check at `now`. A clock set back does not make old signatures usable
    /// again: a signature older than anything that may still be remembered counts as used.
    verdict record(const checked_signature& signature, ilp::timestamp now);

private:
    const ilp::timestamp started_at_;
    const std::size_t size_max_;
    std::mutex mutex_;
    std::set<checked_signature> seen_;  ///< oldest first
    ilp::timestamp forgotten_before_ = ilp::timestamp::min();
};

}  // namespace peering::admin

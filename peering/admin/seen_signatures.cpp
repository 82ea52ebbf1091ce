#include "peering/admin/seen_signatures.hpp"

#include <algorithm>
#include <chrono>

namespace peering::admin {

seen_signatures::verdict seen_signatures::record(const checked_signature& signature, ilp::timestamp now) {
    if (signature.time < started_at_) return verdict::before_start;
    const std::lock_guard lock{mutex_};
    const std::size_t kept_anyway = std::min(old_signatures_max, size_max_ - 1);
    while (seen_.size() > kept_anyway && seen_.begin()->time < now - signature_window) {
        forgotten_before_ = seen_.begin()->time + std::chrono::milliseconds{1};
        seen_.erase(seen_.begin());
    }
    if (signature.time < forgotten_before_ || seen_.contains(signature)) return verdict::repeated;
    if (seen_.size() >= size_max_) return verdict::full;
    seen_.insert(signature);
    return verdict::first_use;
}

}  // namespace peering::admin

#include "peering/admin/seen_signatures.hpp"

#include <algorithm>

namespace peering::admin {

seen_signatures::verdict seen_signatures::record(const checked_signature& signature, ilp::timestamp now) {
    if (signature.time < started_at_) return verdict::before_start;
    const std::lock_guard lock{mutex_};
    forgotten_before_ = std::max(forgotten_before_, now - signature_window);
    seen_.erase(seen_.begin(), seen_.lower_bound({forgotten_before_, {}}));
    if (signature.time < forgotten_before_ || seen_.contains(signature)) return verdict::repeated;
    if (seen_.size() >= size_max_) return verdict::full;
    seen_.insert(signature);
    return verdict::first_use;
}

}  // namespace peering::admin

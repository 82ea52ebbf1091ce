#include "peering/splitting/split_plan.hpp"

#include "ilp/invariant.hpp"

namespace peering {

std::optional<split_plan> split_plan::make(ilp::amount total, ilp::amount part_max, std::uint32_t parts_max) noexcept {
    if (part_max.is_zero() || total <= part_max) return std::nullopt;
    const std::uint64_t parts = (total.value - 1) / part_max.value + 1;
    if (parts > parts_max) return std::nullopt;
    return split_plan{total, part_max, static_cast<std::uint32_t>(parts)};
}

ilp::amount split_plan::largest_total(ilp::amount part_max, std::uint32_t parts_max) noexcept {
    const std::uint64_t bound = ilp::amount::max().value;
    if (parts_max != 0 && part_max.value > bound / parts_max) return {bound};
    return {part_max.value * parts_max};
}

ilp::amount split_plan::amount_of(std::uint32_t part) const noexcept {
    ilp::require(part < parts_, "a part belongs to its set");
    // The product of all parts but the last is less than the total, so it does not overflow.
    return part + 1 < parts_ ? size_ : ilp::amount{total_.value - size_.value * (parts_ - 1)};
}

}  // namespace peering

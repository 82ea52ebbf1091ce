#pragma once

#include "ilp/amount.hpp"

#include <cstdint>
#include <optional>

namespace peering {

/// How a total is cut: all parts but the last have `size`, and the last has what remains.
class split_plan {
public:
    /// The fewest parts of at most `part_max` each. Nullopt if the total needs no more than one part, or more than
    /// `parts_max`, or if `part_max` is zero.
    static std::optional<split_plan> make(ilp::amount total, ilp::amount part_max, std::uint32_t parts_max) noexcept;

    std::uint32_t parts() const noexcept { return parts_; }
    ilp::amount total() const noexcept { return total_; }
    /// The largest total that can be cut so.
    static ilp::amount largest_total(ilp::amount part_max, std::uint32_t parts_max) noexcept;

    /// `part` is counted from 0. The amounts of all parts add up to the total.
    ilp::amount amount_of(std::uint32_t part) const noexcept;

private:
    split_plan(ilp::amount total, ilp::amount size, std::uint32_t parts) noexcept
        : total_{total}, size_{size}, parts_{parts} {}

    ilp::amount total_;
    ilp::amount size_;
    std::uint32_t parts_;
};

}  // namespace peering

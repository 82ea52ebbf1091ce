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
    /// `part` is counted from 0. The amounts of all parts add up to the total.
    ilp::amount amount_of(std::uint32_t part) const noexcept;

private:
    split_plan(ilp::amount total, ilp::amount size, std::uint32_t parts) noexcept
        : total_{total}, size_{size}, parts_{parts} {}

    ilp::amount total_;
    ilp::amount size_;
    std::uint32_t parts_;
};

/// What the node that splits knows of a set it has sent. The first answer that decides ends the set for good, whatever
/// comes later.
class sent_set {
public:
    enum class step : std::uint8_t {
        wait,
        fulfill,  ///< post the transfer of the whole set, and relay this Fulfill
        reject,   ///< void it and relay this Reject
        refuse,   ///< void it and answer T01: the next hop cannot have a complete set
        ignore,   ///< the set has ended
    };

    /// The next hop has answered one part with a Fulfill that matches the condition. It fulfills the set: the next hop
    /// posts all parts in one transaction.
    step fulfilled() noexcept { return end(step::fulfill); }
    step rejected() noexcept { return end(step::reject); }
    /// One part has certainly not reached the next hop.
    step never_left() noexcept { return end(step::refuse); }
    /// One part may have reached the next hop, which will not answer it on this connection. The answers to the others,
    /// or the expiry, decide.
    step lost() const noexcept { return has_ended_ ? step::ignore : step::wait; }

    bool has_ended() const noexcept { return has_ended_; }

private:
    step end(step with) noexcept {
        if (has_ended_) return step::ignore;
        has_ended_ = true;
        return with;
    }

    bool has_ended_ = false;
};

}  // namespace peering

#pragma once

#include "ilp/clock.hpp"
#include "ilp/condition.hpp"
#include "peering/splitting/split_header.hpp"

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace peering {

/// One part as it has arrived.
struct arrived_part {
    std::uint32_t peer = 0;
    std::uint64_t connection = 0;  ///< all parts of a set come on one
    part_label label;
    ilp::digest common{};  ///< a hash of everything in the Prepare but the amount
    ilp::amount amount;
};

/// Collects the parts of packets that peers have split, until each is whole. It knows neither packets nor money: its
/// user holds the total of a set when the first part arrives, and answers all parts when the set ends.
class part_sets {
public:
    struct bounds {
        std::size_t open_per_peer = 16;
        std::size_t open = 1024;
        std::size_t ended = 16'384;                    ///< ids that are remembered after their set has ended
        std::chrono::milliseconds longest_wait{1000};  ///< for the last part, from the first one
    };

    /// Names an open set. A user can keep what belongs to the set in a table of `bounds::open` places.
    using place = std::uint32_t;

    enum class step : std::uint8_t {
        open,           ///< the first part of a set: hold the total, and close() the set if that is refused
        keep,           ///< one more part
        complete,       ///< the last one that was missing: forward the whole, and close() the set when it is decided
        duplicate,      ///< this part has come before: refuse it with F00, while the set stays as it is
        contradiction,  ///< it does not belong to its set: refuse the set with F00, and close() it
        late,           ///< the set has ended: refuse this part with T00
        too_many,       ///< too many sets are open: refuse this part with T03
    };

    struct outcome {
        step what = step::too_many;
        std::optional<place> set{};  ///< for what is not `late` or `too_many`
    };

    part_sets() : part_sets{bounds{}} {}
    explicit part_sets(const bounds& allowed);

    /// `latest`: when the whole packet has to be on its way at the latest. The terms of the peer, among them how many
    /// parts and how much it may send together, have been checked.
    outcome take(const arrived_part& part, ilp::steady_time latest, ilp::steady_time now);

    /// Ends an open set, and remembers its id.
    void close(place set);

    /// When the next set that is not complete runs out of time; nullopt if there is none.
    std::optional<ilp::steady_time> next_timeout() const;
    /// A set that has run out of time. It stays open until its user has refused its parts with T00 and closed it.
    std::optional<place> timed_out(ilp::steady_time now) const;

    /// The sets of a connection that has ended and that are not complete: their missing parts can no longer come.
    std::vector<place> incomplete_on(std::uint64_t connection) const;

    std::size_t open() const noexcept { return by_id_.size(); }

private:
    using key = std::pair<std::uint32_t, split_id>;  // of a peer

    struct hash {
        std::size_t operator()(const key& of) const noexcept;
    };

    struct open_set {
        key id;
        std::uint64_t connection = 0;
        std::uint32_t parts = 0;
        ilp::amount total;
        ilp::digest common{};
        std::bitset<split_parts_limit> arrived;
        std::uint32_t missing = 0;
        ilp::amount missing_amount;
        ilp::steady_time timeout;
    };

    outcome open_first(const arrived_part& part, ilp::steady_time latest, ilp::steady_time now);
    outcome add(open_set& to, place at, const arrived_part& part);
    void remember(const key& ended);

    bounds bounds_;
    std::vector<open_set> sets_;
    std::vector<place> free_;
    std::unordered_map<key, place, hash> by_id_;
    std::unordered_map<std::uint32_t, std::size_t> open_of_peer_;
    std::set<std::pair<ilp::steady_time, place>> timeouts_;  ///< of the sets that are not complete
    std::unordered_map<key, std::size_t, hash> ended_;       ///< how often the id stands in `ended_order_`
    std::deque<key> ended_order_;
};

}  // namespace peering

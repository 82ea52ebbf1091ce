#pragma once

#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"
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
    ilp::bytes_view prepare{};  ///< a canonical packet, as prepare_view::parse() leaves it
    ilp::amount amount;         ///< of this part
};

/// Collects the parts of packets that peers have split, until each is whole. It knows neither routes nor money: its
/// user holds the total of a set when the first part arrives, and answers all parts when the set ends.
///
/// A set is open until its user closes it, and incomplete until its last part has come. Only incomplete sets count
/// towards the bounds: a whole packet is in flight like any other.
class part_sets {
public:
    struct bounds {
        std::size_t incomplete_per_peer = 16;
        std::size_t incomplete = 1024;
        std::size_t ended = 16'384;  ///< ids that are remembered after their set has ended, of all peers
        std::chrono::milliseconds longest_wait{1000};  ///< for the last part, from the first one
    };

    /// Names an open set. Places are small numbers that are used again, so a user can keep what belongs to a set in a
    /// table.
    using place = std::uint32_t;

    enum class step : std::uint8_t {
        open,           ///< the first part of a set: hold the total, and close() the set if that is refused
        keep,           ///< one more part
        complete,       ///< the last one that was missing: forward the whole, and close() the set when it is decided
        duplicate,      ///< this part has come before: refuse it with F00, while the set stays as it is
        contradiction,  ///< it does not belong to its set: refuse the set with F00, and close() it
        late,           ///< the set has ended, or came on another connection: refuse this part with T00
        too_many,       ///< too many sets are incomplete: refuse this part with T03
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

    /// The open set of a peer with this id.
    std::optional<place> find(std::uint32_t peer, const split_id& id) const;

    /// The first part of an open set; the other parts differ only in their amounts.
    ilp::bytes& prepare(place set) { return sets_[set].prepare; }
    ilp::amount total(place set) const { return sets_[set].total; }
    bool is_incomplete(place set) const { return sets_[set].missing != 0; }
    /// This part is missing, and has to come on this connection.
    bool awaits(place set, std::uint32_t part, std::uint64_t connection) const {
        return is_incomplete(set) && sets_[set].connection == connection && !sets_[set].arrived.test(part);
    }

    /// The packet is whole and on its way: what its parts were compared with is not needed any more.
    void drop_prepare(place set) { sets_[set].prepare = ilp::bytes{}; }

    /// Ends an open set, and remembers its id.
    void close(place set);
    /// A part was refused before it could open a set: the others come too late.
    void end_unopened(std::uint32_t peer, const split_id& id) { remember({peer, id}); }

    /// When the next set that is not complete runs out of time; nullopt if there is none.
    std::optional<ilp::steady_time> next_timeout() const;
    /// A set that has run out of time. It stays open until its user has refused its parts with T00 and closed it.
    std::optional<place> timed_out(ilp::steady_time now) const;

    std::size_t open() const noexcept { return by_id_.size(); }
    std::size_t incomplete() const noexcept { return timeouts_.size(); }

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
        ilp::bytes prepare;  ///< keeps its memory for the next set, unless that is large
        std::bitset<split_parts_limit> arrived;
        std::uint32_t missing = 0;
        ilp::amount missing_amount;
        ilp::steady_time timeout;
    };

    outcome open_first(const arrived_part& part, ilp::steady_time latest, ilp::steady_time now);
    outcome add(open_set& to, place at, const arrived_part& part);
    void no_longer_incomplete(open_set& set, place at);
    void remember(const key& ended);
    void forget_oldest(std::uint32_t peer);

    bounds bounds_;
    std::vector<open_set> sets_;
    std::vector<place> free_;
    std::unordered_map<key, place, hash> by_id_;
    std::unordered_map<std::uint32_t, std::size_t> incomplete_of_peer_;
    std::set<std::pair<ilp::steady_time, place>> timeouts_;  ///< of the sets that are not complete
    std::unordered_map<key, std::size_t, hash> ended_;       ///< how often the id stands in `ended_order_`
    std::unordered_map<std::uint32_t, std::deque<split_id>> ended_order_;  ///< by peer
    std::set<std::pair<std::size_t, std::uint32_t>> most_ended_;           ///< the peers, by the number of their ids
    std::size_t ended_count_ = 0;
};

}  // namespace peering

#pragma once

#include "connector/routing/recent_users.hpp"
#include "ilp/clock.hpp"

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>
#include <limits>

namespace connector {

/// Something that wants to do a small piece of work, such as a connection that has a request to handle. If it waits
/// when it is destroyed, it is forgotten.
class turn_taker : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    /// It is the taker's turn, for which it has waited: it may do one piece of work. It may be destroyed here.
    virtual void on_turn() = 0;

    bool is_waiting() const noexcept { return is_linked(); }
    void stop_waiting() noexcept {
        if (is_linked()) unlink();
    }

protected:
    ~turn_taker() = default;
};

class fair_turns;

/// Says whose work a share is for.
enum class turn_user : std::uint8_t {
    peer,
    /// Everybody whom no peer is known to be behind yet. Peers that are busy have turns as long as they would have
    /// alone, because it costs them much to have shorter ones, and who is not known may wait for as long.
    stranger,
};

/// The share that one peer has of a loop's turns, whatever the number of its connections.
class turn_share : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    /// `peer`: a number that no other share of these turns has. `turns` must outlive the share. `most`: the number of
    /// pieces of work that may be done in one turn even if nobody else has work, for pieces that take long.
    turn_share(fair_turns& turns, std::uint32_t peer, turn_user user = turn_user::peer,
               std::uint32_t most = std::numeric_limits<std::uint32_t>::max()) noexcept
        : turns_{turns}, peer_{peer}, user_{user}, most_{most} {}

    /// Returns true if the taker may do one piece of work now. If not, it waits: on_turn() will be called once those
    /// that have waited longer have had their turn. A taker that waits already goes on waiting.
    bool try_take(turn_taker& taker);

private:
    friend class fair_turns;

    bool has_left();

    fair_turns& turns_;
    const std::uint32_t peer_;
    const turn_user user_;
    const std::uint32_t most_;
    std::uint64_t turn_ = 0;  ///< in which `left_` is valid
    std::uint32_t left_ = 0;  ///< pieces of work that may still be done in that turn
    boost::intrusive::list<turn_taker, boost::intrusive::constant_time_size<false>> waiting_;
};

/// Divides the turns of a loop among the peers that have work: round robin by peer. No deficit is counted, because all
/// pieces of work cost about the same. While several peers have work, each gets the same small number of pieces per
/// turn, so that turns are short and no peer waits long for its next one. What is left waits for the next turn, in
/// order. A peer alone gets much more, because there is nobody to wait for it.
///
/// The owner calls next_turn() when a turn has ended, and serve_waiting() in the next turn if anything waits.
class fair_turns {
public:
    /// `now` is the time of the turn that has ended. Returns true if anything waits.
    bool next_turn(ilp::steady_time now) noexcept {
        ++turn_;
        now_ = now;
        return !waiting_.empty();
    }

    /// Gives turns to what waits, as far as the shares allow.
    void serve_waiting();

    /// Per peer and turn, while several peers have work. A peer with ten connections seldom has more than three
    /// requests ready in turns this short, because the others are on their way; with more pieces, it would get less
    /// than half.
    static constexpr std::uint32_t pieces = 3;
    static constexpr std::uint32_t pieces_alone = 256;  ///< as many as there are events in a batch of a socket_set
    /// A peer counts as busy for this long after its last work. Short turns cost a few percent of the CPU.
    static constexpr std::chrono::milliseconds memory{20};

private:
    friend class turn_share;

    std::uint64_t turn_ = 1;
    ilp::steady_time now_{};
    recent_users users_{memory};
    boost::intrusive::list<turn_share, boost::intrusive::constant_time_size<false>> waiting_;
};

}  // namespace connector

#pragma once

#include "connector/transport/packet_in_flight.hpp"

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <iterator>

namespace connector {

class durable_answers;

/// The fulfilled packets of one sender whose answers may not be sent yet. It must be empty when it is destroyed, unless
/// its durable_answers is not used any more.
class sender_answers
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
private:
    friend class durable_answers;

    commit_queue packets_;
};

/// The fulfilled packets of a worker that wait until their transfer is durable, by sender. A commit may contain the
/// packets of very many connections of one sender. If their answers were all sent in one turn, the next requests of
/// the other senders would wait for that, and again for the commit after it; so each sender may have a few in a turn.
class durable_answers {
public:
    /// Precondition: the packet's ticket is set, and no earlier one of the sender has a later ticket.
    void add(sender_answers& of, packet_in_flight& packet) {
        of.packets_.push(packet);
        ++size_;
        if (!of.is_linked()) senders_.push_back(of);
    }

    /// Calls `release` for packets of batches up to `durable`: at most `of_each` of each sender, in the order of their
    /// batches. Returns true if some of these batches are left. `release` must not add packets.
    template <typename action>
    bool release(peering::commit_ticket durable, std::size_t of_each, action release) {
        bool are_left = false;
        for (auto next = senders_.begin(); next != senders_.end();) {
            sender_answers& sender = *next++;
            commit_queue& packets = sender.packets_;
            const auto has_durable = [&] { return !packets.empty() && packets.front().ticket <= durable; };
            for (std::size_t left = of_each; left != 0 && has_durable(); --left) {
                packet_in_flight& packet = packets.front();
                packets.pop();
                --size_;
                release(packet);
            }
            if (packets.empty()) {
                sender.unlink();
            } else {
                are_left = are_left || has_durable();
            }
        }
        return are_left;
    }

    /// True while several senders have packets here.
    bool have_several_senders() const noexcept {
        return !senders_.empty() && std::next(senders_.begin()) != senders_.end();
    }

    /// The number of packets that wait.
    std::size_t size() const noexcept { return size_; }

private:
    std::size_t size_ = 0;
    boost::intrusive::list<sender_answers, boost::intrusive::constant_time_size<false>> senders_;  ///< that have some
};

}  // namespace connector

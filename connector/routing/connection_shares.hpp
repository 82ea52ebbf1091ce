#pragma once

#include <boost/intrusive/set.hpp>

#include <cstddef>

namespace connector {

class connection_shares;

/// How many incoming connections one peer has. When it is destroyed, it is forgotten.
class connection_count
    : public boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    std::size_t connections() const noexcept { return connections_; }

private:
    friend class connection_shares;

    std::size_t connections_ = 0;
};

/// Divides a worker's incoming connections among peers. While there is room, a peer may have any number of them. When
/// there is none, a peer gets another one only at the expense of the peer that has most, and only if it still has no
/// more than that one afterwards. So peers that want more than there is end up with the same number, whoever came
/// first, and a peer that wants little has all of it.
class connection_shares {
public:
    struct decision {
        bool may_stay = false;
        connection_count* gives_way = nullptr;  ///< the peer that must end one of its connections for it, if any
    };

    /// Whether one more connection of a peer may stay, if all peers together may have `room`.
    decision decide(const connection_count& of, std::size_t room) noexcept {
        if (total_ < room) return {.may_stay = true, .gives_way = nullptr};
        if (counts_.empty()) return {};
        connection_count& most = *counts_.rbegin();
        if (most.connections_ < of.connections_ + 2) return {};
        return {.may_stay = true, .gives_way = &most};
    }

    void add(connection_count& of) {
        if (of.is_linked()) of.unlink();
        ++of.connections_;
        ++total_;
        counts_.insert(of);
    }

    /// Precondition: it has one.
    void remove(connection_count& of) {
        of.unlink();
        --total_;
        if (--of.connections_ != 0) counts_.insert(of);
    }

    /// Of all peers.
    std::size_t total() const noexcept { return total_; }

private:
    struct has_fewer {
        bool operator()(const connection_count& a, const connection_count& b) const noexcept {
            return a.connections_ < b.connections_;
        }
    };

    std::size_t total_ = 0;
    boost::intrusive::multiset<connection_count, boost::intrusive::compare<has_fewer>,
                               boost::intrusive::constant_time_size<false>>
        counts_;  ///< of the peers that have connections
};

}  // namespace connector

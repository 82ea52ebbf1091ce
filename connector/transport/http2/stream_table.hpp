#pragma once

#include "connector/transport/http2/frame.hpp"
#include "connector/transport/http2/message_head.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"
#include "ilp/invariant.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace connector::http2 {

/// One exchange of a request and a response, until both are complete and sent.
struct stream {
    std::uint32_t id = 0;  ///< 0: its place in the table is free
    bool has_head = false;
    bool remote_ended = false;  ///< everything from the other side has been received
    bool local_ended = false;   ///< everything for the other side has been sent, or is in `unsent` as the last
    bool is_dropping = false;   ///< what still comes in is dropped
    std::uint8_t interims = 0;  ///< interim responses
    std::int64_t send_window = 0;
    std::int64_t receive_window = 0;
    std::uint32_t padding = 0;  ///< received, and not yet given back to the window
    std::size_t received = 0;   ///< bytes of the body
    head_facts facts;
    ilp::steady_time began_at;
    ilp::bytes body{};    ///< received so far, if it did not come in one piece
    ilp::bytes unsent{};  ///< what a window does not allow yet
    std::size_t unsent_at = 0;
    bool is_blocked = false;  ///< it is in the session's list of streams with something unsent
};

/// Spreads the ids of streams, which follow one another: in one long run, a search for the end of the run would pass
/// all open streams. The other side must not be able to choose ids with the same hash, because each search would pass
/// them all; therefore it has a secret.
class stream_id_hash {
public:
    explicit stream_id_hash(std::uint32_t secret = std::random_device{}()) noexcept : secret_{secret} {}

    /// The upper bits are the better ones.
    std::uint32_t operator()(std::uint32_t id) const noexcept {
        constexpr std::uint32_t golden_ratio = 2'654'435'769;
        constexpr std::uint32_t mixer = 0x2c1b'3c6d;
        const std::uint32_t hash = ((id >> 1U) ^ secret_) * golden_ratio;
        return (hash ^ (hash >> 15U)) * mixer;
    }

private:
    std::uint32_t secret_;
};

/// The streams of a connection by their id. Each has a place, which is a small number: `place() << 32 | id` finds it
/// without a search. References are valid until the next open().
class stream_table {
public:
    stream& open(std::uint32_t id) {
        if (free_.empty()) grow();
        const std::uint32_t place = free_.back();
        free_.pop_back();
        stream& opened = places_[place];
        opened.id = id;
        std::size_t at = home(id);
        while (index_[at] != nothing) at = next(at);
        index_[at] = place;
        return opened;
    }

    /// Null if there is none.
    stream* find(std::uint32_t id) noexcept {
        if (index_.empty()) return nullptr;
        for (std::size_t at = home(id); index_[at] != nothing; at = next(at)) {
            if (places_[index_[at]].id == id) return &places_[index_[at]];
        }
        return nullptr;
    }
    stream* find_number(std::uint64_t number) noexcept {
        const auto place = static_cast<std::size_t>(number >> 32U);
        const auto id = static_cast<std::uint32_t>(number);
        return id != 0 && place < places_.size() && places_[place].id == id ? &places_[place] : nullptr;
    }
    std::uint64_t number_of(const stream& of) const noexcept { return std::uint64_t{place_of(of)} << 32U | of.id; }

    void close(stream& closed) {
        std::size_t hole = home(closed.id);
        while (index_[hole] != place_of(closed)) hole = next(hole);
        // Those behind it that could not have their own place move up, so that no search ends too early.
        for (std::size_t at = next(hole); index_[at] != nothing; at = next(at)) {
            const std::size_t wanted = home(places_[index_[at]].id);
            if (((at - wanted) & mask()) < ((at - hole) & mask())) continue;
            index_[hole] = index_[at];
            hole = at;
        }
        index_[hole] = nothing;
        free_.push_back(place_of(closed));
        std::destroy_at(&closed);  // an assignment would move each member from another one
        std::construct_at(&closed);
    }

    std::size_t size() const noexcept { return places_.size() - free_.size(); }
    /// Bytes that the table takes.
    std::size_t memory() const noexcept {
        return places_.capacity() * sizeof(stream) + (free_.capacity() + index_.capacity()) * sizeof(std::uint32_t);
    }
    /// All places, also those that are free.
    std::vector<stream>& places() noexcept { return places_; }
    const std::vector<stream>& places() const noexcept { return places_; }

private:
    static constexpr std::uint32_t nothing = 0xffff'ffff;

    std::uint32_t place_of(const stream& of) const noexcept { return static_cast<std::uint32_t>(&of - places_.data()); }
    std::size_t mask() const noexcept { return index_.size() - 1; }
    std::size_t home(std::uint32_t id) const noexcept { return static_cast<std::size_t>(hash_(id) >> shift_); }
    std::size_t next(std::size_t at) const noexcept { return (at + 1) & mask(); }

    void grow() {
        constexpr std::size_t places_min = 4;
        const std::size_t before = places_.size();
        places_.resize(before == 0 ? places_min : before * 2);
        free_.reserve(places_.size());
        for (std::size_t place = places_.size(); place-- > before;) free_.push_back(static_cast<std::uint32_t>(place));
        index_.assign(places_.size() * 2, nothing);
        shift_ = static_cast<unsigned>(33 - std::bit_width(index_.size()));
        for (std::size_t place = 0; place < before; ++place) {
            std::size_t at = home(places_[place].id);
            while (index_[at] != nothing) at = next(at);
            index_[at] = static_cast<std::uint32_t>(place);
        }
    }

    stream_id_hash hash_;
    std::vector<stream> places_;
    std::vector<std::uint32_t> free_;
    std::vector<std::uint32_t> index_;  ///< places by a hash of the id, with linear probing; a power of two
    unsigned shift_ = 0;                ///< leaves as many bits of a hash as the index has
};

}  // namespace connector::http2

#pragma once

#include "ilp/clock.hpp"
#include "ilp/timestamp.hpp"
#include "peering/records/posting.hpp"
#include "peering/records/uuid.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace peering {

/// Names a STREAM connection to one of our accounts, which is one payment. It comes from the token of the address, so
/// no two connections have the same, and nobody else can choose one.
using connection_id = std::array<std::uint8_t, 16>;

/// What the packets of one connection have brought to a receiving account.
struct received_packets {
    uuid_text account;  ///< the receiving account
    std::string asset_code;
    std::uint8_t asset_scale = 0;
    ilp::timestamp address_expires_at{};
    wide_amount amount = 0;
    std::uint64_t packets = 0;  ///< that were fulfilled
    ilp::instant first{};
    ilp::instant last{};
    bool has_ended = false;  ///< the sender has closed the connection or a stream

    /// Adds packets to the same account.
    void add(const received_packets& more) noexcept {
        amount += more.amount;
        packets += more.packets;
        if (more.first.steady < first.steady) first = more.first;
        if (more.last.steady > last.steady) last = more.last;
        if (more.address_expires_at > address_expires_at) address_expires_at = more.address_expires_at;
        has_ended = has_ended || more.has_ended;
    }
};

/// Takes the octets as they are: they are as good as random.
struct connection_hash {
    std::size_t operator()(const connection_id& id) const noexcept {
        std::size_t prefix = 0;
        std::memcpy(&prefix, id.data(), sizeof prefix);
        return prefix;
    }
};

/// It keeps its memory when it is cleared.
template <class Value>
using table_by_connection = boost::unordered_flat_map<connection_id, Value, connection_hash>;

}  // namespace peering

#pragma once

#include "ilp/amount.hpp"
#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "ilp/packet.hpp"
#include "ilp/timestamp.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace support {

ilp::timestamp now();

/// A Prepare in a form that is convenient for tests. Its fulfillment follows from destination and data (see
/// `fulfillment_for`), so any receiver can fulfill it without further information.
struct prepare {
    std::uint64_t amount = 1;
    std::string destination = "test.p2.receiver";
    ilp::bytes data{};
    std::chrono::milliseconds expires_in{10'000};  ///< counted from encoding
    std::optional<ilp::timestamp> expires_at{};    ///< instead of `expires_in`
    std::optional<ilp::condition> condition{};     ///< instead of the one from `fulfillment_for`
};

ilp::bytes encode(const prepare& prepare);

/// SHA-256 of destination and data.
ilp::fulfillment fulfillment_for(std::string_view destination, ilp::bytes_view data);
ilp::condition condition_for(const ilp::fulfillment& fulfillment);

ilp::bytes encode_fulfill(const ilp::fulfillment& fulfillment, ilp::bytes_view data = {});
ilp::bytes encode_reject(std::string_view code, std::string_view triggered_by = "test.p2",
                         std::string_view message = "", ilp::bytes_view data = {});

/// A received Prepare that owns a copy of all its fields.
struct received_prepare {
    std::uint64_t amount = 0;
    ilp::timestamp expires_at{};
    ilp::condition condition{};
    std::string destination{};
    ilp::bytes data{};
};

/// Throws std::runtime_error unless the bytes are exactly one canonical Prepare.
received_prepare decode_prepare(ilp::bytes_view octets);

ilp::bytes random_bytes(std::size_t size);
ilp::bytes from_hex(std::string_view digits);
std::string to_hex(ilp::bytes_view octets);
inline ilp::bytes to_bytes(std::string_view text) {
    const auto octets = ilp::as_bytes(text);
    return {octets.begin(), octets.end()};
}

}  // namespace support

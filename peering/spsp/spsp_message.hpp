#pragma once

#include "ilp/address.hpp"
#include "ilp/condition.hpp"

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

/// The answers of SPSP (RFC 9): JSON over HTTPS, by which a receiver tells a sender where and how to pay over STREAM.
namespace peering {

inline constexpr std::string_view spsp_media_type = "application/spsp4+json";

/// Longer answers are not read.
inline constexpr std::size_t spsp_answer_size_max = std::size_t{64} * 1024;

/// What a sender needs for one STREAM connection to a receiver.
struct spsp_details {
    ilp::address destination;
    ilp::digest shared_secret{};  ///< known to this sender and the receiver only; never logged
    friend bool operator==(const spsp_details&, const spsp_details&) = default;
};

/// `{destination_account, shared_secret}`, with the secret in base64.
std::string to_json(const spsp_details& details);

/// Fields that are not known are ignored. The secret may be written in either alphabet of base64, with or without
/// padding, because both are in use. The error says what is wrong, and contains nothing of the answer.
std::expected<spsp_details, std::string> parse_spsp_answer(std::string_view json);

/// What an endpoint answers, with status 404, if it has no such receiver.
std::string invalid_receiver_json();

}  // namespace peering

#pragma once

#include "connector/transport/http/message.hpp"
#include "ilp/bytes.hpp"
#include "peering/splitting/split_header.hpp"

#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// How packets in parts look in HTTP (docs/splitting.md).
namespace connector::http {

/// What a request has to do with packets in parts.
struct split_request {
    std::optional<peering::part_label> part;  ///< its body is this part; absent: it asks for an outcome
    peering::split_id asked{};                ///< of the packet whose outcome it asks for

    friend bool operator==(const split_request&, const split_request&) = default;
};

/// Nullopt if the request has nothing to do with them. The error is that its `ILP-Split` cannot be read.
std::expected<std::optional<split_request>, status> split_request_of(const request_head& head);

/// Where the outcome of a packet is asked for. The answer is its Fulfill, or an empty body if there is none, at the
/// endpoint with this target: `/ilp` -> `/ilp/outcome/<id>`.
std::string outcome_target(std::string_view endpoint_target, const peering::split_id& id);

/// An outcome's target, taken apart.
struct outcome_path {
    std::string_view endpoint;  ///< the target of packets
    peering::split_id id{};
};
std::optional<outcome_path> parse_outcome_target(std::string_view target) noexcept;

}  // namespace connector::http

#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"

#include <cstdint>
#include <string_view>

/// Echo ("ping"): never an RFC; what the connectors in the field agree on.
namespace ilp::echo {

enum class kind : std::uint8_t {
    none,       ///< the data does not begin with the echo prefix
    request,    ///< prefix, 00, address to answer to
    response,   ///< prefix, 01
    malformed,  ///< begins with the prefix, and is neither
};

struct payload {
    kind what;
    /// Of a request: a valid address that points into the parsed data; else empty.
    std::string_view source;
};

payload parse(bytes_view data) noexcept;

void serialize_request(bytes& out, std::string_view source);
void serialize_response(bytes& out);

/// Of the one-way ping, which the pinged node fulfills itself.
extern const condition one_way_condition;
extern const fulfillment one_way_fulfillment;

}  // namespace ilp::echo

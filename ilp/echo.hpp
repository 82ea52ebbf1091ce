#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"

#include <cstdint>
#include <string_view>

/// Echo ("ping"). It was never an RFC; this is what deployed connectors agree on.
namespace ilp::echo {

enum class kind : std::uint8_t {
    none,       ///< the data does not begin with the echo prefix
    request,    ///< prefix, 00, address to reply to
    response,   ///< prefix, 01
    malformed,  ///< begins with the prefix but is neither a request nor a response
};

struct payload {
    kind what;
    /// Source address of a request: valid, and a view into the parsed data. Empty for other kinds.
    std::string_view source;
};

payload parse(bytes_view data) noexcept;

/// Appends the data of a request. Precondition: `source`, to which the response goes, is an address.
void serialize_request(bytes& out, std::string_view source);

void serialize_response(bytes& out);

/// Condition of the one-way ping, which the pinged node fulfills itself.
extern const condition one_way_condition;
extern const fulfillment one_way_fulfillment;

}  // namespace ilp::echo

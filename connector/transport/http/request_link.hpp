#pragma once

#include "connector/transport/http/message.hpp"
#include "connector/transport/link.hpp"
#include "ilp/bytes.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace connector {

/// What makes a request differ from the usual one of its link.
struct request_form {
    std::string_view target{};                     ///< if empty, that of the endpoint
    bool is_get = false;                           ///< GET instead of POST; the body is empty
    std::span<const http::header_field> fields{};  ///< further ones
};

/// A link that sends packets in requests, in any version of HTTP. It tells the listener of each packet the status of
/// the response in `carried_packet::status`.
class request_link : public link {
public:
    using link::send;

    /// Sends any packet in a request of this form, which need not outlive the call.
    virtual std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view body,
                                              const request_form& form) = 0;
};

}  // namespace connector

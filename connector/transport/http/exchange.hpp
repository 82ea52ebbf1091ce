#pragma once

#include "config/settings.hpp"
#include "connector/transport/http/message.hpp"
#include "connector/transport/prepare_handler.hpp"
#include "connector/transport/request_id.hpp"
#include "ilp/bytes.hpp"

#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace connector::http {

/// What the fields of a request say about the asynchronous mode of RFC 35: Prefer, Request-Id and Callback-Url.
struct exchange {
    request_id id;                        ///< a Prepare and its answer have it in common
    std::optional<std::string> reply_at;  ///< target of the URL to which the answer is posted; absent: synchronous
    trace_id trace{};                     ///< of a Reject, where the peer tells it
};

/// The response to a request of this mode. It has no body if the status is ok or accepted.
struct exchange_response {
    http::status status{};
    std::string_view detail{};  ///< a sentence for the other side, safe inside a JSON string
};

/// Nullopt if the request has nothing to do with this mode. The error is what to refuse it with: a Request-Id that is
/// missing or no UUID of version 4, or a Callback-Url that is too long or elsewhere than `peer`'s endpoint. Answers go
/// nowhere else, because a request must not make this node post to any URL.
std::expected<std::optional<exchange>, exchange_response> exchange_of(const request_head& head,
                                                                      const config::outgoing_http_settings& peer);

/// Passes the body of such a request on. Nullopt if it is to be answered synchronously after all.
std::optional<exchange_response> pass_on(prepare_handler& handler, const exchange& exchange, const peering::peer& from,
                                         ilp::bytes_span body);

/// True if the body is the answer to a Prepare rather than a Prepare: it begins as a Fulfill or a Reject does.
bool begins_as_answer(ilp::bytes_view body) noexcept;

}  // namespace connector::http

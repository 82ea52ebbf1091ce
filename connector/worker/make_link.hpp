#pragma once

#include "connector/loop/event_loop.hpp"
#include "connector/transport/http/async_link.hpp"
#include "connector/transport/http/link_tls.hpp"
#include "connector/transport/http/request_link.hpp"
#include "connector/transport/http2/flood_counts.hpp"
#include "connector/transport/link.hpp"
#include "peering/directory/peer.hpp"

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>

namespace connector {

/// What an asynchronous link needs of its worker.
struct asynchronous_terms {
    const std::optional<config::http_endpoint>& callback_url;  ///< absent: every link is synchronous
    awaited_replies& replies;
};

/// Makes the link to a peer. The peer's terms decide which kind it is: ILP over HTTP/1.1 or HTTP/2, with or without
/// TLS, synchronous or asynchronous. `loop`, `tls` and `floods` must outlive the link; the peer need not.
/// `connection_age_max` is the time after which it replaces a connection.
std::unique_ptr<link> make_link(event_loop& loop, const peering::peer& peer,
                                std::chrono::milliseconds connection_age_max, const links_tls& tls,
                                http2::flood_counts& floods, const asynchronous_terms& asynchronous);

/// Makes a synchronous link, which also sends other requests to the peer. The error says what is wrong with its terms
/// for TLS.
std::expected<std::unique_ptr<request_link>, std::string> make_request_link(
    event_loop& loop, const peering::peer& peer, std::chrono::milliseconds connection_age_max, const links_tls& tls,
    http2::flood_counts& floods);

/// True if a link that was made for `before` also suits `after`, which has the same id.
bool is_same_link(const peering::peer& before, const peering::peer& after);

}  // namespace connector

#include "connector/worker/make_link.hpp"

#include "connector/transport/http/http_link.hpp"
#include "connector/transport/http/next_hop.hpp"
#include "connector/transport/http2/alpn_link.hpp"
#include "connector/transport/http2/http2_link.hpp"
#include "connector/transport/refusing_link.hpp"

#include <expected>
#include <string>
#include <utility>

namespace connector {

std::expected<std::unique_ptr<request_link>, std::string> make_request_link(
    event_loop& loop, const peering::peer& peer, std::chrono::milliseconds connection_age_max, const links_tls& tls,
    http2::flood_counts& floods) {
    std::string name{peer.name()};
    const bool is_https = peer.outgoing.endpoint.is_https();
    std::expected<std::unique_ptr<link_tls>, std::string> of_link;  // null for http://
    if (is_https) of_link = link_tls::make(tls, peer.outgoing);
    if (!of_link) return std::unexpected{std::move(of_link).error()};
    auto hop =
        std::make_shared<next_hop>(loop, peer.outgoing, std::move(name), connection_age_max, *std::move(of_link));
    switch (peer.outgoing.protocol) {
        case config::http_protocol::http2:
            return std::make_unique<http2_link>(loop, std::move(hop), floods, nullptr);
        case config::http_protocol::automatic:
            if (is_https) return std::make_unique<alpn_link>(loop, std::move(hop), floods, connection_age_max);
            break;
        case config::http_protocol::http1:
            break;
    }
    return std::make_unique<http_link>(loop, std::move(hop));
}

std::unique_ptr<link> make_link(event_loop& loop, const peering::peer& peer,
                                std::chrono::milliseconds connection_age_max, const links_tls& tls,
                                http2::flood_counts& floods, const asynchronous_terms& asynchronous) {
    auto synchronous = make_request_link(loop, peer, connection_age_max, tls, floods);
    if (!synchronous) {
        return std::make_unique<refusing_link>(reject_reason::next_hop_unreachable, std::string{peer.name()},
                                               peer.outgoing.endpoint.url(), std::move(synchronous).error());
    }
    if (peer.outgoing.mode == config::answer_mode::synchronous || !asynchronous.callback_url) {
        return *std::move(synchronous);
    }
    return std::make_unique<async_link>(*std::move(synchronous), peer.id, *asynchronous.callback_url,
                                        asynchronous.replies);
}

bool is_same_link(const peering::peer& before, const peering::peer& after) {
    return before.outgoing == after.outgoing && before.name() == after.name();  // the link logs the name
}

}  // namespace connector

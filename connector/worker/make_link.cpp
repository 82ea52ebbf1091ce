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

std::unique_ptr<link> make_link(event_loop& loop, const peering::peer& peer,
                                std::chrono::milliseconds connection_age_max, const links_tls& tls,
                                http2::flood_counts& floods) {
    std::string name{peer.name()};
    const bool is_https = peer.outgoing.endpoint.is_https();
    std::expected<std::unique_ptr<link_tls>, std::string> of_link;  // null for http://
    if (is_https) of_link = link_tls::make(tls, peer.outgoing);
    if (!of_link) {
        return std::make_unique<refusing_link>(reject_reason::next_hop_unreachable, std::move(name),
                                               peer.outgoing.endpoint.url(), std::move(of_link).error());
    }
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

bool is_same_link(const peering::peer& before, const peering::peer& after) {
    return before.outgoing == after.outgoing && before.name() == after.name();  // the link logs the name
}

}  // namespace connector

#include "connector/worker/make_link.hpp"

#include "connector/transport/http/http_link.hpp"
#include "connector/transport/refusing_link.hpp"

#include <string>

namespace connector {

std::unique_ptr<link> make_link(event_loop& loop, const peering::peer& peer,
                                std::chrono::milliseconds connection_age_max) {
    if (peer.outgoing.endpoint.is_https()) {
        return std::make_unique<refusing_link>(
            reject_reason::next_hop_needs_tls, std::string{peer.name()}, peer.outgoing.endpoint.url(),
            "give the peer an http:// endpoint, for example that of a TLS proxy on this host");
    }
    return std::make_unique<http_link>(loop, peer.outgoing, std::string{peer.name()}, connection_age_max);
}

bool is_same_link(const peering::peer& before, const peering::peer& after) {
    return before.outgoing == after.outgoing && before.name() == after.name();  // the link logs the name
}

}  // namespace connector

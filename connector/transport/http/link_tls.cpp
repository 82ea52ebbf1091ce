#include "connector/transport/http/link_tls.hpp"

#include "connector/tls/tls_filter.hpp"

#include <string_view>
#include <utility>

namespace connector {
namespace {

/// They are written as ALPN writes them, the preferred one first.
std::string_view protocols_of(http_offer offer) {
    switch (offer) {
        case http_offer::http1:
            break;
        case http_offer::http2:
            return "\x02h2";
        case http_offer::both:
            return "\x02h2\x08http/1.1";
    }
    return "\x08http/1.1";
}

}  // namespace

link_tls::link_tls(const links_tls& common, const config::outgoing_http_settings& settings)
    : common_{common}, host_{settings.endpoint.host()}, roots_{settings.ca_file ? settings.ca_file->pem : ""} {}

std::expected<std::unique_ptr<link_tls>, std::string> link_tls::make(const links_tls& common,
                                                                     const config::outgoing_http_settings& settings) {
    std::unique_ptr<link_tls> made{new link_tls{common, settings}};
    if (std::string problem = made->renew(); !problem.empty()) return std::unexpected{std::move(problem)};
    return made;
}

/// Follows a change of the common context. Returns what is wrong, and then the old context remains.
std::string link_tls::renew() {
    auto context = common_.context;
    if (!roots_.empty()) {
        auto own = tls_context::client({.roots = roots_, .same_identity_as = context});
        if (!own) return std::move(own).error();
        context = *std::move(own);
    }
    context_ = std::move(context);
    made_from_ = common_.context;
    session_ = std::make_shared<tls_session>();  // it shows our earlier certificate, and the peer's was verified by it
    return {};
}

std::unique_ptr<stream_filter> link_tls::make_filter(http_offer offer) {
    if (made_from_ != common_.context) renew();
    return tls_filter::for_client(context_, host_, session_, protocols_of(offer));
}

}  // namespace connector

#include "connector/transport/http/link_tls.hpp"

#include "connector/tls/tls_filter.hpp"

#include <utility>

namespace connector {

link_tls::link_tls(const links_tls& common, const config::outgoing_http_settings& settings, std::string_view protocol)
    : common_{common},
      host_{settings.endpoint.host()},
      protocol_{protocol},
      roots_{settings.ca_file ? settings.ca_file->pem : ""} {}

std::expected<std::unique_ptr<link_tls>, std::string> link_tls::make(const links_tls& common,
                                                                     const config::outgoing_http_settings& settings,
                                                                     std::string_view protocol) {
    std::unique_ptr<link_tls> made{new link_tls{common, settings, protocol}};
    if (std::string problem = made->renew(); !problem.empty()) return std::unexpected{std::move(problem)};
    return made;
}

/// Follows a change of the common context. Returns what is wrong, and then the old context remains.
std::string link_tls::renew() {
    auto context = common_.context;
    if (!roots_.empty() || protocol_ != common_protocol) {
        auto own = tls_context::client({.roots = roots_, .same_identity_as = context, .protocols = {protocol_}});
        if (!own) return std::move(own).error();
        context = *std::move(own);
    }
    context_ = std::move(context);
    made_from_ = common_.context;
    session_ = std::make_shared<tls_session>();  // it shows our earlier certificate, and the peer's was verified by it
    return {};
}

std::unique_ptr<stream_filter> link_tls::make_filter() {
    if (made_from_ != common_.context) renew();
    return tls_filter::for_client(context_, host_, session_);
}

}  // namespace connector

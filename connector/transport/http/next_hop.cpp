#include "connector/transport/http/next_hop.hpp"

#include "connector/transport/allowed_addresses.hpp"
#include "connector/transport/peer_news.hpp"

#include <utility>

namespace connector {

next_hop::next_hop(event_loop& loop, const config::outgoing_http_settings& settings, std::string name,
                   std::chrono::milliseconds connection_age_max, std::unique_ptr<link_tls> tls)
    : loop_{loop}, settings_{settings}, name_{std::move(name)}, tls_{std::move(tls)}, renewal_{connection_age_max} {}

dial_target next_hop::target() const {
    dial_target target{settings_.endpoint.host(), settings_.endpoint.port()};
    restrict_addresses(target, settings_);
    return target;
}

void next_hop::connected() {
    if (const auto* const news = reachability_.connected()) report(*news);
}

void next_hop::connect_failed(const dial_failure& failure) {
    const std::string why = failure.not_allowed ? why_not_allowed(settings_) : failure.why;
    if (const auto* const news = reachability_.connect_failed(loop_.now().steady, why)) {
        report(*news, failure.lacks_descriptors);
    }
}

void next_hop::refused(std::string_view why) {
    if (const auto* const news = reachability_.connection_refused(why)) report(*news);
}

void next_hop::report(const reachability::news& news, bool lacks_descriptors) {
    report_peer_news(news, name_, settings_.endpoint.url(), lacks_descriptors);
}

}  // namespace connector

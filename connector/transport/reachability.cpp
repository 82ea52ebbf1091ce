#include "connector/transport/reachability.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace connector {
namespace {

constexpr std::chrono::milliseconds pause_min{50};
constexpr std::chrono::milliseconds pause_max{1000};
constexpr std::chrono::milliseconds caution_time{10'000};  // after the pause, while a connect is in progress

// The other kinds are numbers below 10 or above 99: an HTTP status that only an operator can fix, or the first digit of
// any other status.
constexpr unsigned kind_reachable = 10;
constexpr unsigned kind_unreachable = 11;
constexpr unsigned kind_accepts = 12;
constexpr unsigned kind_refuses_connections = 13;

constexpr unsigned no_status = 0;

}  // namespace

bool reachability::refuses(ilp::steady_time now, bool connecting) const noexcept {
    return is_failing() && now < paused_until_ + (connecting ? caution_time : std::chrono::milliseconds{0});
}

const reachability::news* reachability::connected() {
    pause_ = std::chrono::milliseconds{0};
    return reported_ == reported::unreachable ? report(reported::reachable, "peer is reachable again", kind_reachable)
                                              : nullptr;
}

const reachability::news* reachability::connect_failed(ilp::steady_time now, std::string_view why) {
    pause_ = std::clamp(pause_ * 2, pause_min, pause_max);
    paused_until_ = now + pause_;
    if (reported_ == reported::unreachable) return nullptr;
    return report(reported::unreachable, fmt::format("peer is unreachable: {}", why), kind_unreachable);
}

const reachability::news* reachability::connection_refused(std::string_view why) {
    if (reported_ == reported::refuses && status_ == no_status) return nullptr;
    status_ = no_status;
    return report(reported::refuses, fmt::format("peer refuses our connections: {}", why), kind_refuses_connections);
}

const reachability::news* reachability::answered_unusually(unsigned status) {
    if (status < 300) return report(reported::accepts, "peer accepts our packets again", kind_accepts);
    if (reported_ == reported::refuses && status_ == status) return nullptr;
    status_ = status;
    const bool misconfigured = status == 401 || status == 403 || status == 404;
    return report(reported::refuses,
                  misconfigured ? fmt::format("peer refuses our packets with HTTP status {}: check endpoint, "
                                              "auth_token or jwt_secret of http.outgoing, and whether the peer knows "
                                              "the certificate that we show",
                                              status)
                                : fmt::format("peer answers with HTTP status {}", status),
                  misconfigured ? status : status / 100);
}

const reachability::news* reachability::report(reported what, std::string text, unsigned kind) {
    reported_ = what;
    news_ = {what == reported::reachable || what == reported::accepts, std::move(text), kind};
    return &news_;
}

}  // namespace connector

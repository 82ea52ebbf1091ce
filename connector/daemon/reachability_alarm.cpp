#include "connector/daemon/reachability_alarm.hpp"

#include "peering/records/text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <string>

namespace connector {

using peering::peer_reachability;

auto reachability_alarm::look(const peer_reachability& found, ilp::steady_time now) -> decision {
    if (!found.is_down()) {
        // Nothing is known of a new endpoint before the first packet, which is not yet good news.
        if (!has_reported_loss_ || found.state == peering::reachability_state::unknown) return decision::nothing;
        has_reported_loss_ = false;
        return decision::back;
    }
    const bool is_confirmed =
        found.since && found.last_failure && found.last_failure->steady - found.since->steady >= confirmed_after;
    if (has_reported_loss_ || !is_confirmed || is_paused(now)) return decision::nothing;
    has_reported_loss_ = true;
    lost_since_ = found.since;
    last_lost_ = now;
    return decision::lost;
}

bool reachability_alarm::is_idle(const peer_reachability& found, ilp::steady_time now) const noexcept {
    return !found.is_down() && !has_reported_loss_ && !is_paused(now);
}

namespace {

boost::json::value time_text(const std::optional<ilp::instant>& time) {
    return time ? boost::json::value(peering::iso_text(time->wall)) : boost::json::value(nullptr);
}

}  // namespace

peering::event_record peer_lost(const peering::uuid_text& peer, const peer_reachability& found) {
    const boost::json::object data{{"id", peer.text()},
                                   {"state", peering::to_text(found.state)},
                                   {"since", time_text(found.since)},
                                   {"lastError", found.last_error},
                                   {"lastAnswerAt", time_text(found.last_answer)}};
    return {peering::new_uuid(), "peer.unreachable", boost::json::serialize(data)};
}

peering::event_record peer_back(const peering::uuid_text& peer, const peer_reachability& found,
                                const std::optional<ilp::instant>& lost_since) {
    const boost::json::object data{{"id", peer.text()},
                                   {"state", peering::to_text(found.state)},
                                   {"since", time_text(found.since)},
                                   {"unreachableSince", time_text(lost_since)}};
    return {peering::new_uuid(), "peer.reachable", boost::json::serialize(data)};
}

}  // namespace connector

#include "connector/daemon/reachability_watch.hpp"

#include "connector/base/log.hpp"

#include <chrono>
#include <utility>

namespace connector {
namespace {

constexpr std::chrono::seconds look_pause{1};

}  // namespace

void reachability_watch::look(ilp::steady_time now) {
    if (now < next_look_ || !committer_.store_is_healthy()) return;
    next_look_ = now + look_pause;
    for (const auto& changed : board_.take_changed()) watched_.try_emplace(changed.peer, watched_peer{changed.uuid});

    std::vector<peering::event_record> events;
    for (auto place = watched_.begin(); place != watched_.end();) {
        auto& [id, watched] = *place;
        const auto peer = directory_.find_peer(watched.uuid.text());
        const auto found = board_.of(id);
        if (peer != nullptr && peer->enabled) {  // nothing is sent to a disabled peer
            switch (watched.alarm.look(found, now)) {
                case reachability_alarm::decision::nothing:
                    break;
                case reachability_alarm::decision::lost:
                    events.push_back(peer_lost(watched.uuid, found));
                    break;
                case reachability_alarm::decision::back:
                    events.push_back(peer_back(watched.uuid, found, watched.alarm.lost_since()));
                    break;
            }
        }
        const bool is_done = peer == nullptr || watched.alarm.is_idle(found, now);
        place = is_done ? watched_.erase(place) : std::next(place);
    }
    if (!events.empty()) raise(std::move(events));
}

void reachability_watch::raise(std::vector<peering::event_record> events) {
    const std::size_t count = events.size();
    const bool accepted = committer_.execute([events = std::move(events)](peering::bookkeeper& keeper) {
        if (const auto written = keeper.write({.new_events = events}); !written) {
            log::write(log::level::error, "events about the reachability of peers could not be written",
                       {{"events", events.size()}, {"error", written.error().message}});
        }
    });
    if (accepted) return;
    log::write(log::level::error, "events about the reachability of peers were dropped: the store has too much to do",
               {{"events", count}});
}

}  // namespace connector

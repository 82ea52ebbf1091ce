#include "connector/transport/reachability_board.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace connector {

using peering::peer_reachability;
using peering::reachability_state;

namespace {

bool is_later(const std::optional<ilp::instant>& a, const std::optional<ilp::instant>& b) {
    return a && (!b || a->steady > b->steady);
}

/// The time of the outcome that gave a view its state.
const std::optional<ilp::instant>& latest_outcome(const peer_reachability& view) {
    return view.is_down() ? view.last_failure : view.last_answer;
}

/// Since when a peer has been in the state of `latest`: since the earliest view says so, but not while another view
/// said the opposite.
std::optional<ilp::instant> since_when(std::span<const peer_reachability> views, const peer_reachability& latest) {
    std::optional<ilp::instant> since = latest.since;
    std::optional<ilp::instant> opposite;
    for (const peer_reachability& view : views) {
        if (view.state == reachability_state::unknown) continue;
        if (view.is_down() != latest.is_down()) {
            if (is_later(latest_outcome(view), opposite)) opposite = latest_outcome(view);
        } else if (is_later(since, view.since)) {
            since = view.since;
        }
    }
    return is_later(opposite, since) ? opposite : since;
}

}  // namespace

peer_reachability merge(std::span<const peer_reachability> views) {
    peer_reachability merged;
    const peer_reachability* latest = nullptr;
    std::chrono::duration<double, std::nano> round_trips{0};  // weighted by the number of answers
    for (const peer_reachability& view : views) {
        if (view.state != reachability_state::unknown &&
            (latest == nullptr || is_later(latest_outcome(view), latest_outcome(*latest)))) {
            latest = &view;
        }
        if (is_later(view.last_answer, merged.last_answer)) {
            merged.last_answer = view.last_answer;
            merged.split_accepted = view.split_accepted;
        }
        if (is_later(view.last_failure, merged.last_failure)) {
            merged.last_failure = view.last_failure;
            merged.last_error = view.last_error;
        }
        merged.answers += view.answers;
        if (view.round_trip) round_trips += *view.round_trip * static_cast<double>(view.answers);
    }
    if (merged.answers != 0) {
        merged.round_trip =
            std::chrono::duration_cast<std::chrono::nanoseconds>(round_trips / static_cast<double>(merged.answers));
    }
    if (latest == nullptr) return merged;
    merged.state = latest->state;
    merged.since = since_when(views, *latest);
    return merged;
}

std::shared_ptr<reachability_record> reachability_board::open(std::uint32_t peer, const peering::uuid_text& uuid) {
    auto record = std::make_shared<reachability_record>([this, peer] { note_change(peer); }, accepted_.of(peer));
    const std::lock_guard lock{mutex_};
    known_peer& known = peers_[peer];
    known.uuid = uuid;
    known.of_workers.push_back(record);
    return record;
}

void reachability_board::close(std::uint32_t peer, const std::shared_ptr<reachability_record>& record) {
    accepted_.of(peer)->store({});
    const std::lock_guard lock{mutex_};
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    std::erase(found->second.of_workers, record);
    if (found->second.of_workers.empty()) peers_.erase(found);
}

void reachability_board::note_change(std::uint32_t peer) {
    const std::lock_guard lock{mutex_};
    changed_.insert(peer);
}

peer_reachability reachability_board::read(const records& of_workers) {
    std::vector<peer_reachability> views;
    views.reserve(of_workers.size());
    for (const auto& record : of_workers) views.push_back(record->read());
    return merge(views);
}

peer_reachability reachability_board::of(std::uint32_t peer) const {
    records of_workers;
    {
        const std::lock_guard lock{mutex_};
        if (const auto found = peers_.find(peer); found != peers_.end()) of_workers = found->second.of_workers;
    }
    return read(of_workers);
}

std::vector<reachability_board::entry> reachability_board::all() const {
    std::vector<std::pair<std::uint32_t, known_peer>> peers;
    {
        const std::lock_guard lock{mutex_};
        peers.assign(peers_.begin(), peers_.end());
    }
    std::vector<entry> found;
    found.reserve(peers.size());
    for (const auto& [peer, known] : peers) {
        entry made{peer, known.uuid, read(known.of_workers)};
        if (made.reachability.state != reachability_state::unknown) found.push_back(std::move(made));
    }
    return found;
}

std::vector<reachability_board::entry> reachability_board::take_changed() {
    std::vector<std::pair<std::uint32_t, known_peer>> peers;
    {
        const std::lock_guard lock{mutex_};
        for (const std::uint32_t peer : changed_) {
            if (const auto found = peers_.find(peer); found != peers_.end()) peers.emplace_back(*found);
        }
        changed_.clear();
    }
    std::vector<entry> found;
    found.reserve(peers.size());
    for (const auto& [peer, known] : peers) found.push_back({peer, known.uuid, read(known.of_workers)});
    return found;
}

}  // namespace connector

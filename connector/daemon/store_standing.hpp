#pragma once

#include "connector/metrics/metrics.hpp"
#include "ilp/clock.hpp"
#include "ilp/timestamp.hpp"
#include "peering/admin/services.hpp"
#include "peering/book/committer.hpp"
#include "peering/store/tenancy.hpp"

#include <optional>
#include <string>
#include <utility>

namespace connector {

/// What this daemon knows of those with which it shares its store: before it has the store, whom it waits for, and
/// afterwards since when. Used on the control loop.
class store_standing {
public:
    /// `host` says to people where this daemon runs. `is_shared`: daemons on other machines can reach the store.
    store_standing(std::string host, bool is_shared) : host_{std::move(host)}, is_shared_{is_shared} {}

    const std::string& host() const noexcept { return host_; }

    /// An attempt to open the store has failed. `holder` is the daemon that has it, if that is why.
    void note_wait(const std::optional<peering::daemon_place>& holder, ilp::steady_time now);
    /// This daemon has the store.
    void note_open(ilp::timestamp now);

    /// For the Admin API, once this daemon has the store.
    peering::admin::daemon_standing for_admin() const {
        return {.host = host_, .active_since = active_since_, .has_taken_over = has_waited_};
    }

    /// For a scrape before this daemon has the store; nullopt if it is not shared.
    std::optional<cluster_figures> while_waiting(ilp::steady_time now) const;
    /// For a scrape afterwards.
    std::optional<cluster_figures> while_open(const peering::committer& committer, ilp::steady_time now) const;

private:
    struct holder {
        std::string host;
        std::uint64_t epoch = 0;
        ilp::steady_time lease_until;
    };

    const std::string host_;
    const bool is_shared_;
    bool has_waited_ = false;
    std::optional<holder> waits_for_;
    ilp::timestamp active_since_{};
};

}  // namespace connector

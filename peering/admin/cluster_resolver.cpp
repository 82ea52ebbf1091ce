#include "peering/admin/resolvers.hpp"
#include "peering/admin/store_reading.hpp"
#include "peering/records/text.hpp"

#include <chrono>
#include <string_view>
#include <vector>

namespace peering::admin {
namespace {

using graphql::call;
using graphql::field_result;
using graphql::object;
using graphql::value;

double in_seconds(std::chrono::duration<double> time) {
    return time.count();
}

std::string_view state_of(const daemon_place& place) {
    if (place.instance.empty()) return "FREE";
    return place.lease_left.count() > 0 ? "ACTIVE" : "OVERDUE";
}

value to_value(const daemon_place& place) {
    const bool is_free = place.instance.empty();
    return object{"ClusterDaemon",
                  {{"slot", place.slot},
                   {"state", state_of(place)},
                   {"isSelf", place.is_own},
                   {"host", is_free ? value{} : value{place.host}},
                   {"instance", is_free ? value{} : value{place.instance}},
                   {"epoch", place.epoch},
                   {"lastCommit", place.last_commit},
                   {"leaseUntil", is_free ? value{} : value{iso_text(place.lease_until)}},
                   {"leaseSeconds", is_free ? value{} : value{in_seconds(place.lease_left)}}}};
}

bool is_shared(const services& services) {
    return services.committer.lease_until().has_value();
}

value cluster(const services& services) {
    const auto lease_until = services.committer.lease_until();
    const std::uint64_t epoch = services.committer.stats().store_epoch.load(std::memory_order_relaxed);
    return object{
        "Cluster",
        {{"isShared", is_shared(services)},
         {"host", services.standing.host},
         {"activeSince", iso_text(services.standing.active_since)},
         {"hasTakenOver", services.standing.has_taken_over},
         {"epoch", lease_until ? value{epoch} : value{}},
         {"leaseSeconds", lease_until ? value{in_seconds(*lease_until - std::chrono::steady_clock::now())} : value{}}}};
}

/// Null if the store cannot be read, so that the rest of the answer, which is known without it, still comes.
field_result daemons(const services& services) {
    value::list places;
    if (!is_shared(services)) {
        places.push_back(object{"ClusterDaemon",
                                {{"slot", 0},
                                 {"state", "ACTIVE"},
                                 {"isSelf", true},
                                 {"host", services.standing.host},
                                 {"instance", value{}},
                                 {"epoch", value{}},
                                 {"lastCommit", value{}},
                                 {"leaseUntil", value{}},
                                 {"leaseSeconds", value{}}}});
        return places;
    }
    const auto found = read_from_store<std::vector<daemon_place>>(
        services.committer, [](bookkeeper& keeper) { return keeper.store().list_daemons(); });
    if (!found) return value{};
    for (const daemon_place& place : *found) places.push_back(to_value(place));
    return places;
}

}  // namespace

void add_cluster(graphql::resolvers& to, services& services) {
    const auto read = [&services](const call&) -> field_result { return cluster(services); };
    to["Query.cluster"] = read;
    to["Node.cluster"] = read;
    to["Cluster.daemons"] = [&services](const call&) { return daemons(services); };
}

}  // namespace peering::admin

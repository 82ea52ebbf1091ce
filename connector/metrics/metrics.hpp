#pragma once

#include "connector/metrics/counters.hpp"
#include "connector/rates/rate_keeper.hpp"
#include "connector/webhooks/webhooks.hpp"
#include "peering/book/committer.hpp"
#include "peering/directory/directory.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// The input of one scrape. Components keep plain numbers of their own; nothing is counted just for the metrics.
struct scrape {
    const peering::directory& directory;
    const peering::committer::counters& commits;
    std::vector<peer_sample> samples;              ///< from all workers, in any order
    std::optional<webhooks::statistics> events{};  ///< nullopt if webhooks are not configured
    std::vector<rate_age> rate_ages{};
};

/// Returns the Prometheus text exposition format. One table in metrics.cpp defines the name, type, labels and help of
/// every metric. May be called from any thread.
std::string expose(const scrape& scrape);

/// The list of metrics in Markdown, byte for byte the contents of docs/operating/metrics.md.
std::string metrics_markdown();

}  // namespace connector

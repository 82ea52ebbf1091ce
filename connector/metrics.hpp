#pragma once

#include "connector/counters.hpp"
#include "connector/rate_keeper.hpp"
#include "connector/webhooks.hpp"
#include "connector/worker.hpp"
#include "peering/committer.hpp"
#include "peering/directory.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// Everything that one scrape shows. Components own plain numbers; nothing is counted for the metrics' sake.
struct scrape {
    const peering::directory& directory;
    const peering::committer::counters& commits;
    std::vector<peer_sample> samples;           ///< of all workers, in any order
    std::optional<webhooks::figures> events{};  ///< empty: none are posted
    std::vector<rate_age> rate_ages{};
};

/// The text exposition format. One table in metrics.cpp defines name, type, labels and help of every metric. Any
/// thread.
std::string expose(const scrape& scrape);

/// The list of metrics in Markdown: docs/operating/metrics.md is this text, to the letter.
std::string metrics_markdown();

}  // namespace connector

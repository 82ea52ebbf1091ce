#pragma once

#include "config/settings.hpp"
#include "peering/administration/administration.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/book/committer.hpp"
#include "peering/book/ledger.hpp"
#include "peering/book/operator_transfers.hpp"
#include "peering/book/payments.hpp"
#include "peering/book/thresholds.hpp"
#include "peering/directory/directory.hpp"
#include "peering/splitting/split_outcomes.hpp"
#include "peering/store/store.hpp"

#include <memory>
#include <optional>
#include <string>

namespace connector {

/// The peers, their terms and their money, over the store of the settings. Everything here is used on the committer's
/// thread once that runs, except where its own header says otherwise.
struct book {
    explicit book(const ilp::address& own_address) : directory{own_address} {}

    /// Recovers what the store has, and brings it in line with the file. The committer does not run yet. Returns what
    /// prevents the start, if anything does.
    std::optional<std::string> open(std::unique_ptr<peering::store> opened, const config::settings& settings,
                                    peering::bookkeeper::event_callback on_events);

    // In the order of construction. Those that need the store are null until open() has succeeded.

    std::unique_ptr<peering::store> store{};
    peering::ledger ledger{};
    peering::thresholds thresholds{};
    std::unique_ptr<peering::bookkeeper> keeper{};
    peering::directory directory;
    peering::administration administration{directory};
    std::unique_ptr<peering::committer> committer{};
    std::unique_ptr<peering::operator_transfers> transfers{};
    peering::payments payments{};
    std::shared_ptr<peering::split_outcomes> split_outcomes{};  ///< for all workers
};

}  // namespace connector

// Commits one batch after the other to the store named by its argument, and writes the number of each durable one to
// standard output, until it is killed.
#include "tests/unit/peering/commit_forever.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

using namespace peering;
using namespace peering::testing;

int main(int count, char** arguments) {
    if (count != 2) return EXIT_FAILURE;
    const auto store = open_or_throw(arguments[1]);
    books books{*store};
    const auto registry = build_or_throw(crash_settings(), books.keeper);
    committer committer{books.keeper};
    std::atomic<commit_ticket> known{0};
    const std::size_t listener = committer.add_listener([&known](commit_ticket durable) {
        const std::string line = std::to_string(durable) + "\n";
        if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::abort();
        known = durable;
        known.notify_one();
    });
    committer.start();
    posting_batch batch;
    for (commit_ticket ticket = 1;; ++ticket) {
        const crash_batch wanted = crash_batch_of(ticket);
        for (std::uint64_t i = 0; i < wanted.packets; ++i) {
            packet_transfer transfer;
            transfer.add(*registry->peers()[wanted.debit].liquidity, *registry->peers()[wanted.credit].liquidity,
                         {wanted.amount});
            if (!ledger::hold(transfer.legs())) return EXIT_FAILURE;
            batch.add(transfer.legs());
        }
        if (committer.submit(listener, batch) != ticket) return EXIT_FAILURE;
        // Not more than a few batches ahead, so that commits stay small and many.
        for (commit_ticket durable = known; durable + 5 < ticket; durable = known) known.wait(durable);
    }
}

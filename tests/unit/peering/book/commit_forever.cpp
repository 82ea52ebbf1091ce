// Commits one batch after the other to the store named by its first argument, with operators' transfers in between, and
// writes to standard output what has become durable, until it is killed. The second argument is the number of the run.
#include "tests/unit/peering/book/commit_forever.hpp"

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace peering;
using namespace peering::testing;

namespace {

void report(char what, std::uint64_t number) {
    const std::string line = fmt::format("{} {}\n", what, number);
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::abort();
}

/// Makes transfers one after the other, each by a task of its own on the committer's thread. Each is requested once the
/// last one is durable.
class teller {
public:
    teller(committer& committer, operator_transfers& transfers, const known_peers& registry, std::uint32_t run)
        : committer_{committer}, transfers_{transfers}, registry_{registry}, run_{run} {}

    void make(std::uint32_t number) {
        request([this, number](bookkeeper& keeper) {
            if (!transfer(keeper, number)) std::abort();
            report('m', number);
            const std::uint32_t earlier = number - crash_posts_after;
            const bool is_due =
                number > crash_posts_after && crash_transfer_of(earlier) == crash_transfer::posted_later;
            return is_due ? post(earlier, number + 1) : make(number + 1);
        });
    }

private:
    void request(store_task task) {
        if (!committer_.execute(std::move(task))) std::abort();
    }

    operator_transfers::outcome transfer(bookkeeper& keeper, std::uint32_t number) {
        const std::string id = crash_uuid(run_, number);
        const transfer_accounts accounts{crash_account(registry_, crash_owner_of(number)),
                                         *registry_.assets()[0].settlement};
        const ilp::amount amount{crash_amount(number)};
        switch (crash_transfer_of(number)) {
            case crash_transfer::deposit:
                return transfers_.deposit(keeper, id, accounts, amount, {});
            case crash_transfer::withdrawal:
                return transfers_.withdraw(keeper, id, accounts, amount, std::chrono::seconds{0}, now_, {});
            case crash_transfer::pending:
            case crash_transfer::posted_later:
                return transfers_.withdraw(keeper, id, accounts, amount, std::chrono::hours{1}, now_, {});
        }
        std::abort();
    }

    void post(std::uint32_t earlier, std::uint32_t next) {
        request([this, earlier, next](bookkeeper& keeper) {
            const std::string id = crash_uuid(run_, earlier);
            if (!transfers_.end_withdrawal(keeper, id, transfer_state::posted, now_, {})) std::abort();
            report('p', earlier);
            make(next);
        });
    }

    committer& committer_;
    operator_transfers& transfers_;
    const known_peers& registry_;
    std::uint32_t run_;
    ilp::instant now_{clocks_at(ilp::timestamp{std::chrono::milliseconds{1'800'000'000'000}})};
};

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return EXIT_FAILURE;
    const std::string_view given = arguments[2];
    std::uint32_t run = 0;
    if (std::from_chars(given.data(), given.data() + given.size(), run).ec != std::errc{}) return EXIT_FAILURE;
    const auto store = open_or_throw(arguments[1], killed_before);
    books books{*store};
    const auto registry = build_or_throw(crash_settings(), books.keeper);
    committer committer{books.keeper};
    operator_transfers transfers{committer};
    if (!transfers.restore(store->load().value().pending_withdrawals, books.ledger)) return EXIT_FAILURE;
    std::atomic<commit_ticket> known{0};
    const std::size_t listener = committer.add_listener([&known](commit_ticket durable) {
        report('b', durable);
        known = durable;
        known.notify_one();
    });
    committer.start();
    teller teller{committer, transfers, *registry, run};
    teller.make(1);
    posting_batch batch;
    for (commit_ticket ticket = 1;; ++ticket) {
        const crash_batch wanted = crash_batch_of(ticket);
        for (std::uint64_t i = 0; i < wanted.packets; ++i) {
            packet_transfer transfer;
            transfer.add(crash_account(*registry, wanted.debit), crash_account(*registry, wanted.credit),
                         {wanted.amount});
            if (!ledger::hold(transfer.legs())) return EXIT_FAILURE;
            batch.add(transfer.legs());
        }
        batch.keep(crash_outcome(run, ticket));
        if (committer.submit(listener, batch) != ticket) return EXIT_FAILURE;
        // Stays only a few batches ahead, so that commits are small and numerous.
        for (commit_ticket durable = known; durable + 5 < ticket; durable = known) known.wait(durable);
    }
}

#pragma once

#include "config/settings.hpp"
#include "config/value.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/book/committer.hpp"
#include "peering/book/ledger.hpp"
#include "peering/book/operator_transfers.hpp"
#include "peering/book/thresholds.hpp"
#include "peering/open_store.hpp"
#include "peering/store/forwarding_store.hpp"
#include "tests/support/known_peers.hpp"
#include "tests/support/ledger_snapshot.hpp"

#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Helpers shared by the tests in this folder.
namespace peering::testing {

__extension__ typedef __int128 wide_balance;

inline constexpr std::uint64_t amount_max = std::numeric_limits<std::uint64_t>::max();

/// The factor by which a sanitizer slows everything down.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int slowness = 10;
#else
inline constexpr int slowness = 1;
#endif

/// The number of operations of a random test. ILPD_SCALE=N multiplies it by N.
inline int scaled(int operations) {
    const char* const given = std::getenv("ILPD_SCALE");
    return operations / slowness * (given != nullptr ? std::atoi(given) : 1);
}

/// ILPD_SEED=N repeats an earlier run.
inline std::uint64_t printed_seed(std::string_view of) {
    const char* const given = std::getenv("ILPD_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << of << " from seed " << seed << '\n';
    return seed;
}

inline config::peer_settings make_peer(const std::string& name, const std::string& code, std::uint8_t scale,
                                       std::uint64_t liquidity) {
    config::peer_settings peer;
    peer.name = name;
    peer.ilp_address = *ilp::address::parse("test." + name);
    peer.asset = {code, scale};
    peer.liquidity = {liquidity};
    peer.http.incoming.auth_tokens = {config::secret{"from-" + name}};
    peer.http.outgoing.auth_token = config::secret{"to-" + name};
    peer.http.outgoing.endpoint = config::http_url().parse("http://127.0.0.1:4002/").value();
    return peer;
}

inline config::asset_settings make_asset(const std::string& code, std::uint8_t scale, std::uint64_t liquidity = 0) {
    config::asset_settings asset;
    asset.code = code;
    asset.scale = scale;
    asset.liquidity = {liquidity};
    return asset;
}

inline config::account_settings make_account(const std::string& name, const std::string& code, std::uint8_t scale) {
    config::account_settings account;
    account.name = name;
    account.asset = {code, scale};
    return account;
}

/// Throws if the store cannot be opened.
inline std::unique_ptr<store> open_or_throw(const std::string& url, const store_tenant& who = {}) {
    auto opened = open_store(url, who);
    if (!opened) throw std::runtime_error{opened.error().message};
    return std::move(*opened);
}

/// Opens a store in place of a process of the same name that was killed, which has not given it back.
inline const store_tenant killed_before{.instance = "the process that was killed"};

/// The number of events that the store has to deliver.
inline std::uint64_t count_pending_events(store& store) {
    std::uint64_t sum = 0;
    const catalogue loaded = store.load().value();
    for (const pending_count& each : loaded.pending_events) sum += each.events;
    return sum;
}

using support::account_balance;
using support::known_peers;
using support::snapshot_of;

inline std::expected<std::shared_ptr<const known_peers>, std::string> build(const config::settings& settings,
                                                                            bookkeeper& keeper,
                                                                            const known_peers* previous = nullptr) {
    return known_peers::build(settings, keeper, previous);
}

inline std::shared_ptr<const known_peers> build_or_throw(const config::settings& settings, bookkeeper& keeper,
                                                         const known_peers* previous = nullptr) {
    return known_peers::build_or_throw(settings, keeper, previous);
}

/// For tests that do not use thresholds.
inline std::shared_ptr<const known_peers> build_or_throw(const config::settings& settings, store& store, ledger& ledger,
                                                         const known_peers* previous = nullptr) {
    thresholds thresholds;
    bookkeeper keeper{ledger, store, thresholds};
    return build_or_throw(settings, keeper, previous);
}

/// Ledger and thresholds over a store, as in the daemon.
struct books {
    explicit books(store& store) : keeper{ledger, store, thresholds} {}
    peering::ledger ledger;
    peering::thresholds thresholds;
    bookkeeper keeper;
};

inline bool sums_are_zero(const std::vector<account_balance>& balances) {
    std::map<std::uint32_t, wide_amount> sums;
    for (const account_balance& account : balances) {
        sums[account.asset] += account.posted.credits_posted - account.posted.debits_posted;
    }
    for (const auto& [asset, sum] : sums) {
        if (sum != 0) return false;
    }
    return true;
}

inline std::uint64_t balance_of(const ledger& ledger, const liquidity_account& account) {
    const account_totals totals = ledger.posted(account.id);
    return static_cast<std::uint64_t>(totals.credits_posted - totals.debits_posted);
}

/// Two peers in one asset with 100 each, and a commit that moves 10 from bob to carol in three packets.
struct traffic {
    explicit traffic(store& store) : books{store} {
        config::settings settings;
        settings.assets = {make_asset("USD", 9)};
        settings.peers = {make_peer("bob", "USD", 9, 100), make_peer("carol", "USD", 9, 100)};
        registry = build_or_throw(settings, books.keeper);
        postings = {{bob(), carol(), 10, 3}};
        books.ledger.changes_of(postings, accounts);
    }
    liquidity_account* bob() { return registry->find_by_name("bob")->liquidity; }
    liquidity_account* carol() { return registry->find_by_name("carol")->liquidity; }
    changes commit() const {
        peering::changes changes;
        changes.postings = postings;
        changes.accounts = accounts;
        return changes;
    }

    peering::testing::books books;
    std::shared_ptr<const known_peers> registry;
    std::vector<posting> postings;
    std::vector<account_change> accounts;
};

/// Both clocks, as if the wall clock had never been set: equal times of one are equal times of the other.
inline ilp::instant clocks_at(ilp::timestamp wall) {
    return {wall, ilp::steady_time{wall.time_since_epoch()}};
}

/// The reason why an operator's transfer was refused, or empty if it was done.
using transfer_result = std::optional<transfer_refusal>;

/// Makes operators' transfers as the Admin API's mutations do: a request is decided and written by one task on the
/// committer's thread, and refused at once while the store is unhealthy. The futures throw if the committer stops
/// before it runs the task.
class operator_requests {
public:
    using answer = std::future<transfer_result>;

    operator_requests(committer& committer, operator_transfers& transfers)
        : committer_{committer}, transfers_{transfers} {}

    answer deposit(std::string id, transfer_accounts accounts, ilp::amount amount) {
        return request([this, id = std::move(id), accounts, amount](bookkeeper& keeper) {
            return transfers_.deposit(keeper, id, accounts, amount, {});
        });
    }
    answer correct(std::string id, transfer_accounts accounts, ilp::amount amount) {
        return request([this, id = std::move(id), accounts, amount](bookkeeper& keeper) {
            return transfers_.correct(keeper, id, accounts, amount, {});
        });
    }
    answer agree(liquidity_account& account) {
        return request([&account](bookkeeper& keeper) { return operator_transfers::agree(keeper, account, {}); });
    }
    answer withdraw(std::string id, transfer_accounts accounts, ilp::amount amount, std::chrono::seconds timeout,
                    const ilp::instant& now) {
        return request([this, id = std::move(id), accounts, amount, timeout, now](bookkeeper& keeper) {
            return transfers_.withdraw(keeper, id, accounts, amount, timeout, now, {});
        });
    }
    answer withdraw(std::string id, transfer_accounts accounts, ilp::amount amount, std::chrono::seconds timeout,
                    ilp::timestamp now) {
        return withdraw(std::move(id), accounts, amount, timeout, clocks_at(now));
    }
    /// `state` is posted or voided.
    answer end(std::string id, transfer_state state, ilp::timestamp now) {
        return end(std::move(id), state, clocks_at(now));
    }
    answer end(std::string id, transfer_state state, const ilp::instant& now) {
        return request([this, id = std::move(id), state, now](bookkeeper& keeper) {
            return transfers_.end_withdrawal(keeper, id, state, now, {});
        });
    }

private:
    template <class Attempt>
    answer request(Attempt attempt) {
        const auto promise = std::make_shared<std::promise<transfer_result>>();
        auto answered = promise->get_future();
        auto task = [promise, attempt = std::move(attempt)](bookkeeper& keeper) {
            const operator_transfers::outcome outcome = attempt(keeper);
            promise->set_value(outcome ? std::nullopt : transfer_result{outcome.error()});
        };
        if (!committer_.store_is_healthy() || !committer_.execute(std::move(task))) {
            promise->set_value(transfer_refusal::store_unavailable);
        }
        return answered;
    }

    committer& committer_;
    operator_transfers& transfers_;
};

/// Returns once the committer's thread has processed everything submitted before. False if it accepts nothing any more.
inline bool wait_until_idle(committer& committer) {
    const auto reached = std::make_shared<std::promise<void>>();
    auto idle = reached->get_future();
    if (!committer.execute([reached](bookkeeper&) { reached->set_value(); })) return false;
    idle.get();
    return true;
}

/// A listener that can be waited for.
class durable_watch {
public:
    durable_callback callback() {
        return [this](commit_ticket durable) {
            {
                const std::lock_guard lock{mutex_};
                durable_ = durable;
                ++calls_;
            }
            changed_.notify_all();
        };
    }
    void wait_for(commit_ticket ticket) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return durable_ >= ticket; });
    }
    commit_ticket durable() const {
        const std::lock_guard lock{mutex_};
        return durable_;
    }
    int calls() const {
        const std::lock_guard lock{mutex_};
        return calls_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    commit_ticket durable_ = 0;
    int calls_ = 0;
};

inline std::vector<std::uint64_t> numbers_listed(store& store, account_id account, account_side side) {
    std::vector<std::uint64_t> numbers;
    const auto listed = store.list_transfers(account, side, 1000).value();
    for (const listed_transfer& transfer : listed) numbers.push_back(transfer.number);
    return numbers;
}

/// A store in which a test overrides a call. It counts as durable, also before one that keeps nothing.
class store_decorator : public forwarding_store {
public:
    using forwarding_store::forwarding_store;

    bool is_durable() const noexcept override { return true; }
};

/// Another program that looks at the database file: a second, read-only connection.
class reader {
public:
    explicit reader(const std::string& path) {
        if (sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) {
            throw std::runtime_error{"reader: cannot open " + path};
        }
        sqlite3_busy_timeout(handle_, 10'000);
    }
    ~reader() { sqlite3_close(handle_); }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;

    /// All rows as text, with null as "".
    std::vector<std::vector<std::string>> rows(const std::string& sql) {
        std::vector<std::vector<std::string>> found;
        const auto add = [](void* to, int columns, char** values, char**) {
            auto& row = static_cast<std::vector<std::vector<std::string>>*>(to)->emplace_back();
            for (int i = 0; i < columns; ++i) row.emplace_back(values[i] != nullptr ? values[i] : "");
            return 0;
        };
        char* message = nullptr;
        if (sqlite3_exec(handle_, sql.c_str(), add, &found, &message) != SQLITE_OK) {
            const std::string text = message != nullptr ? message : "unknown error";
            sqlite3_free(message);
            throw std::runtime_error{"reader: " + text};
        }
        return found;
    }

    std::string value(const std::string& sql) { return rows(sql).at(0).at(0); }

    /// True if every asset adds up to zero and no liquidity account is negative or above 2^64-1.
    bool book_is_sound() {
        std::map<std::string, wide_amount> sums;
        for (const auto& row : rows("SELECT asset_id, kind, debits_posted, credits_posted FROM accounts")) {
            const wide_amount debits = parse_wide_amount(row[2]).value();
            const wide_amount credits = parse_wide_amount(row[3]).value();
            sums[row[0]] += credits - debits;
            if (row[1] != "settlement" && (credits < debits || credits - debits > amount_max)) return false;
        }
        for (const auto& [asset, sum] : sums) {
            if (sum != 0) return false;
        }
        return true;
    }

    /// True if the totals of every account equal those recomputed from the stored transfers.
    bool accounts_agree_with_transfers() {
        std::map<std::string, account_totals> recomputed;
        for (const auto& row :
             rows("SELECT debit_account, credit_account, amount FROM transfers WHERE state = 'posted'")) {
            const wide_amount amount = parse_wide_amount(row[2]).value();
            recomputed[row[0]].debits_posted += amount;
            recomputed[row[1]].credits_posted += amount;
        }
        for (const auto& row : rows("SELECT id, debits_posted, credits_posted FROM accounts")) {
            const account_totals kept{parse_wide_amount(row[1]).value(), parse_wide_amount(row[2]).value()};
            if (recomputed[row[0]] != kept) return false;
        }
        return true;
    }

    /// True if every transfer row names its predecessor and every account its last transfer, on either side.
    bool chains_are_sound() {
        std::map<std::string, std::pair<std::string, std::string>> ends;
        for (const auto& row : rows("SELECT id FROM accounts")) ends[row[0]] = {"0", "0"};
        for (const auto& row : rows("SELECT id, debit_account, credit_account, previous_of_debit, previous_of_credit "
                                    "FROM transfers ORDER BY id")) {
            if (std::exchange(ends[row[1]].first, row[0]) != row[3]) return false;
            if (std::exchange(ends[row[2]].second, row[0]) != row[4]) return false;
        }
        for (const auto& row : rows("SELECT id, last_debit_transfer, last_credit_transfer FROM accounts")) {
            if (ends[row[0]] != std::pair{row[1], row[2]}) return false;
        }
        return true;
    }

private:
    sqlite3* handle_ = nullptr;
};

}  // namespace peering::testing

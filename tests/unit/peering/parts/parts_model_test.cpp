#include "peering/book/ledger.hpp"
#include "peering/parts/part_amounts.hpp"
#include "peering/parts/places.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

/// The protocol by which several daemons share balances (docs/decisions/parts.md), as a deterministic model: real
/// ledgers over one store in memory, and a network that delivers late, in any order, or not at all. One step at a time,
/// chosen by a seed, anything happens that may happen; after each step everything that must hold is checked.
namespace parts_model_test {

using namespace peering;
using namespace peering::testing;

namespace {

/// The ways in which the model can break the protocol, so that it can be seen to find them.
enum class fault : std::uint8_t {
    none,
    stale_writers_write,
    leases_ask_no_vault,
    sweeps_keep_the_epoch,
    sweeps_keep_the_part,
    returns_are_not_held,
    fulfills_leave_early,
    doubts_are_forgotten,
    parts_have_no_maximum,
};

struct known_account {
    account_kind kind;
    std::uint32_t asset;
};

constexpr std::size_t accounts_count = 7;
/// By number. Two assets, of which one has two peers.
constexpr std::array<known_account, accounts_count> known_accounts{{{account_kind::settlement, 0},
                                                                    {account_kind::asset_liquidity, 0},
                                                                    {account_kind::peer_liquidity, 0},
                                                                    {account_kind::peer_liquidity, 0},
                                                                    {account_kind::settlement, 1},
                                                                    {account_kind::asset_liquidity, 1},
                                                                    {account_kind::peer_liquidity, 1}}};

constexpr std::uint64_t largest_packet = 300;

bool is_bounded(std::size_t account) {
    return known_accounts.at(account).kind != account_kind::settlement;
}

struct moved {
    std::size_t debit = 0;
    std::size_t credit = 0;
    std::uint64_t amount = 0;
};

/// A packet's transfer, or an operator's.
struct transfer {
    std::size_t id = 0;
    std::vector<moved> legs{};
};

/// One transaction of a daemon, on its way to the store.
struct request {
    enum class kind : std::uint8_t { commit, lease, give_back };

    kind what{};
    std::uint64_t process = 0;
    std::uint64_t session = 0;
    std::uint32_t place = 0;
    std::uint64_t epoch = 0;
    std::uint64_t commit_number = 0;
    std::uint64_t transfer_number = 0;
    std::vector<transfer> transfers{};
    std::size_t account = 0;
    lease_request lease{};
    std::uint64_t amount = 0;
};

struct answer {
    std::uint64_t process = 0;
    std::uint64_t session = 0;
    bool is_fenced = false;
    bool is_granted = false;
    std::uint64_t granted = 0;
};

struct part_row {
    account_totals totals;
    bool is_open = false;
    friend bool operator==(const part_row&, const part_row&) = default;
};

/// A row of `daemons` with the parts of the place.
struct place_row {
    std::uint64_t holder = 0;  ///< a process; 0: nobody
    std::uint64_t epoch = 0;
    std::uint64_t last_commit = 0;
    std::uint64_t commit_epoch = 0;
    std::uint64_t last_number = 0;
    bool lease_is_over = false;
    std::array<part_row, accounts_count> parts{};
};

wide_balance balance_of(const account_totals& totals) {
    return static_cast<wide_balance>(totals.credits_posted) - static_cast<wide_balance>(totals.debits_posted);
}

/// The rows of the store. Each function is one transaction.
class shared_store {
public:
    explicit shared_store(fault broken) : broken_{broken} {}

    const place_row& at(std::uint32_t place) const { return places_.at(place); }
    const account_totals& vault(std::size_t account) const { return vaults_.at(account); }
    bool has(std::size_t transfer) const { return transfer < posted_.size() && posted_[transfer]; }
    std::uint64_t last_number() const {
        std::uint64_t last = 0;
        for (const place_row& row : places_) last = std::max(last, row.last_number);
        return last;
    }
    const std::string& finding() const noexcept { return finding_; }

    answer execute(const request& asked) {
        answer result{.process = asked.process, .session = asked.session};
        place_row& row = places_.at(asked.place);
        const bool is_current = row.epoch == asked.epoch && row.last_commit + 1 == asked.commit_number;
        if (!is_current && broken_ != fault::stale_writers_write) {
            result.is_fenced = true;
            return result;
        }
        row.last_commit = asked.commit_number;
        row.commit_epoch = asked.epoch;
        row.lease_is_over = false;
        switch (asked.what) {
            case request::kind::commit:
                post(row, asked);
                result.is_granted = true;
                break;
            case request::kind::lease:
                result.is_granted = lease(row, asked, result.granted);
                break;
            case request::kind::give_back:
                result.is_granted = give_back(row, asked);
                break;
        }
        check();
        return result;
    }

    /// A new process registers, or, with no process, a daemon ends the registration of another one.
    std::uint64_t take(std::uint32_t place, std::uint64_t process) {
        place_row& row = places_.at(place);
        const std::uint64_t before = row.epoch;
        if (broken_ != fault::sweeps_keep_the_epoch) ++row.epoch;
        row.holder = process;
        row.lease_is_over = false;
        for (std::size_t account = 0; account < accounts_count; ++account) {
            part_row& part = row.parts.at(account);
            vaults_.at(account).debits_posted += part.totals.debits_posted;
            vaults_.at(account).credits_posted += part.totals.credits_posted;
            if (broken_ != fault::sweeps_keep_the_part) part = {};
        }
        if (row.epoch <= before) note("an epoch has not risen", broken_ != fault::sweeps_keep_the_epoch);
        check();
        return row.epoch;
    }

    /// A new session of the same process; nullopt if another one has the place.
    std::optional<std::uint64_t> rejoin(std::uint32_t place, std::uint64_t process) {
        place_row& row = places_.at(place);
        if (row.holder != process) return std::nullopt;
        row.lease_is_over = false;
        return ++row.epoch;
    }

    void leave(std::uint32_t place, std::uint64_t epoch) {
        place_row& row = places_.at(place);
        if (row.epoch == epoch) row.holder = 0;
    }

    void end_lease(std::uint32_t place) { places_.at(place).lease_is_over = true; }

    void note(const std::string& what, bool applies = true) {
        if (applies && finding_.empty()) finding_ = what;
    }

private:
    void post(place_row& row, const request& asked) {
        if (asked.transfer_number <= row.last_number || place_numbers::place_of(asked.transfer_number) != asked.place) {
            note("the number of a transfer is not the next one of its place", broken_ != fault::stale_writers_write);
        }
        row.last_number = std::max(row.last_number, asked.transfer_number);
        for (const transfer& posted : asked.transfers) {
            if (posted.id >= posted_.size()) posted_.resize(posted.id + 1);
            if (posted_[posted.id]) note("a transfer was posted twice");
            posted_[posted.id] = true;
            for (const moved& leg : posted.legs) {
                row.parts.at(leg.debit).totals.debits_posted += leg.amount;
                row.parts.at(leg.credit).totals.credits_posted += leg.amount;
                transfers_.at(leg.debit).debits_posted += leg.amount;
                transfers_.at(leg.credit).credits_posted += leg.amount;
            }
        }
    }

    /// The first one opens the part.
    bool lease(place_row& row, const request& asked, std::uint64_t& granted) {
        account_totals& vault = vaults_.at(asked.account);
        part_row& part = row.parts.at(asked.account);
        const wide_balance balance = balance_of(vault);
        if (!part.is_open && balance > static_cast<wide_balance>(vault_max) && broken_ != fault::parts_have_no_maximum)
            return false;
        part.is_open = true;
        granted = broken_ == fault::leases_ask_no_vault
                      ? asked.lease.wanted
                      : granted_lease(static_cast<std::uint64_t>(balance), asked.lease);
        vault.credits_posted -= granted;
        part.totals.credits_posted += granted;
        return true;
    }

    bool give_back(place_row& row, const request& asked) {
        account_totals& vault = vaults_.at(asked.account);
        if (balance_of(vault) + static_cast<wide_balance>(asked.amount) > static_cast<wide_balance>(vault_max))
            return false;
        vault.credits_posted += asked.amount;
        row.parts.at(asked.account).totals.credits_posted -= asked.amount;
        return true;
    }

    void check() {
        std::array<wide_balance, 2> sums{};
        for (std::size_t account = 0; account < accounts_count; ++account) {
            account_totals sum;
            const auto add = [&](const account_totals& row) {
                sum.debits_posted += row.debits_posted;
                sum.credits_posted += row.credits_posted;
                if (row.debits_posted > total_max || row.credits_posted > total_max) note("a total is too large");
                if (is_bounded(account) && row.credits_posted < row.debits_posted) note("a part is below zero");
            };
            add(vaults_.at(account));
            for (const place_row& row : places_) add(row.parts.at(account).totals);
            if (sum != transfers_.at(account)) note("the parts do not add up to the transfers");
            if (is_bounded(account) && balance_of(sum) > static_cast<wide_balance>(amount_max))
                note("an account has more than the largest amount");
            sums.at(known_accounts.at(account).asset) += balance_of(sum);
        }
        if (sums != std::array<wide_balance, 2>{}) note("the accounts of an asset do not add up to zero");
    }

    fault broken_;
    std::array<account_totals, accounts_count> vaults_{};
    std::array<place_row, places_max> places_{};
    std::array<account_totals, accounts_count> transfers_{};  // what they add up to
    std::vector<bool> posted_;
    std::string finding_;
};

/// What happened how often.
struct tally {
    int told = 0;
    int leases = 0;
    int refused_leases = 0;
    int returns = 0;
    int gifts = 0;
    int doubts_written = 0;
    int doubts_not_written = 0;
    int fenced = 0;
    int swept = 0;
    int left = 0;
    int crashes = 0;
    int lost_fulfillments = 0;
};

/// One process from its registration to its end.
class process {
public:
    process(shared_store& store, tally& seen, fault broken, std::uint64_t id, std::uint32_t place)
        : store_{store}, tally_{seen}, broken_{broken}, id_{id}, place_{place}, numbers_{place} {
        ledger_.keep_parts();
        for (std::size_t account = 0; account < accounts_count; ++account) {
            const auto& [kind, asset] = known_accounts.at(account);
            accounts_.at(account) = &ledger_.open(account_id{static_cast<std::uint32_t>(account)}, kind, asset, {});
        }
        epoch_ = store_.take(place_, id_);
        last_commit_ = store_.at(place_).last_commit;
        numbers_.has_seen(store_.last_number());
    }

    std::uint64_t id() const noexcept { return id_; }
    std::uint32_t place() const noexcept { return place_; }
    bool has_ended() const noexcept { return has_ended_; }
    bool is_waiting() const noexcept { return waits_for_.has_value(); }
    void stop_in_good_order() noexcept { is_leaving_ = true; }
    std::size_t unsaved() const noexcept { return batch_.size() + (waits_for_ ? waits_for_->transfers.size() : 0); }

    bool is_paused = false;

    // Packets and operators' transfers, which never wait for the store.

    void try_transfer(transfer asked) {
        if (is_leaving_) return;
        std::array<leg, 2> legs;
        for (std::size_t i = 0; i < asked.legs.size(); ++i) legs.at(i) = leg_of(asked.legs[i]);
        if (ledger::hold(std::span{legs}.first(asked.legs.size()))) return in_flight_.push_back(std::move(asked));
        for (const moved& leg : asked.legs) {
            lack(leg.debit, leg.amount);
            lack(leg.credit, 0);
        }
    }

    /// The answer to a packet has come.
    void end_transfer(std::size_t which, bool is_fulfilled) {
        if (in_flight_.empty()) return;
        std::swap(in_flight_[which % in_flight_.size()], in_flight_.back());
        transfer ended = std::move(in_flight_.back());
        in_flight_.pop_back();
        if (is_fulfilled) return batch_.push_back(std::move(ended));
        for (const moved& moved : ended.legs) {
            const leg leg = leg_of(moved);
            ledger::release({&leg, 1});
        }
    }

    // The committer: one transaction at a time.

    std::optional<request> commit() {
        if (waits_for_ || batch_.empty()) return std::nullopt;
        request sent = start(request::kind::commit);
        sent.transfers = std::exchange(batch_, {});
        return send_commit(std::move(sent));
    }

    std::optional<request> ask() {
        if (waits_for_ || is_leaving_) return std::nullopt;
        for (std::size_t account = 0; account < accounts_count; ++account) {
            if (!lacking_.at(account)) continue;
            const std::uint64_t amount = *std::exchange(lacking_.at(account), std::nullopt);
            const liquidity_account& part = *accounts_.at(account);
            const std::uint64_t target =
                is_open_.at(account) ? part_target(uses_.at(account), largest_packet) : first_target(largest_packet);
            request sent = start(request::kind::lease);
            sent.account = account;
            sent.lease = request_for(amount, part.available, target);
            // A part that is not open has and holds nothing, so it will have the headroom when it is open.
            const std::uint64_t room = is_open_.at(account) ? part.headroom.load() : part_max;
            if (room < sent.lease.lacking || sent.lease.wanted == 0) continue;
            sent.lease.wanted = std::min(sent.lease.wanted, room);
            if (is_open_.at(account)) {
                ilp::require(ledger::hold(lease_of(account, sent.lease.wanted)), "the model is right about headroom");
            }
            return wait_for(std::move(sent));
        }
        return std::nullopt;
    }

    /// Once a second: what is not needed goes back. `wanted` is what others lack.
    std::optional<request> give_back(std::size_t account, std::uint64_t wanted) {
        if (waits_for_ || !is_open_.at(account)) return std::nullopt;
        const liquidity_account& part = *accounts_.at(account);
        part_use& use = uses_.at(account);
        use.observe(std::exchange(debited_.at(account), 0), held_on(account));
        const std::uint64_t available = part.available;
        std::uint64_t amount = surplus(available, part_target(use, largest_packet));
        if (amount == 0 && wanted > 0) {
            amount = released_for_others(available, use, wanted);
            if (amount > 0) ++tally_.gifts;
        }
        if (is_leaving_) amount = available;
        if (amount == 0) return std::nullopt;
        if (broken_ != fault::returns_are_not_held)
            ilp::require(ledger::hold(return_of(account, amount)), "only one thread spends in the model");
        request sent = start(request::kind::give_back);
        sent.account = account;
        sent.amount = amount;
        return wait_for(std::move(sent));
    }

    void receive(const answer& got) {
        if (!waits_for_ || got.session != session_) return;
        if (got.is_fenced) return fence();
        finish(got.is_granted, got.granted);
    }

    /// The connection is lost: a new session registers and finds out what has become of the last transaction. Returns
    /// it if it has to be sent again.
    std::optional<request> reconnect() {
        const std::uint64_t before = epoch_;
        const auto epoch = store_.rejoin(place_, id_);
        if (!epoch) {
            fence();
            return std::nullopt;
        }
        ++session_;
        epoch_ = *epoch;
        if (epoch_ <= before) store_.note("an epoch has not risen");
        if (!waits_for_) return std::nullopt;
        const place_row& row = store_.at(place_);
        const bool is_written = row.last_commit == waits_for_->commit_number && broken_ != fault::doubts_are_forgotten;
        if (is_written) {
            ++tally_.doubts_written;
            const part_row& part = row.parts.at(waits_for_->account);
            const wide_amount known = accounts_totals(waits_for_->account).credits_posted;
            // The part's row says what was granted, because nobody else writes it.
            switch (waits_for_->what) {
                case request::kind::commit:
                    finish(true, 0);
                    break;
                case request::kind::lease:
                    finish(part.is_open, static_cast<std::uint64_t>(part.totals.credits_posted - known));
                    break;
                case request::kind::give_back:
                    finish(part.totals.credits_posted != known, 0);
                    break;
            }
            return std::nullopt;
        }
        ++tally_.doubts_not_written;
        last_commit_ = row.last_commit;
        if (waits_for_->what == request::kind::commit) {
            request again = start(request::kind::commit);
            again.transfers = std::move(waits_for_->transfers);
            waits_for_.reset();
            return send_commit(std::move(again));
        }
        undo();
        return std::nullopt;
    }

    bool leave_if_empty() {
        if (!is_leaving_ || waits_for_ || !in_flight_.empty() || !batch_.empty()) return false;
        for (std::size_t account = 0; account < accounts_count; ++account) {
            if (is_bounded(account) && accounts_.at(account)->available > 0) return false;
        }
        store_.leave(place_, epoch_);
        ++tally_.left;
        has_ended_ = true;
        return true;
    }

    /// Whatever this process can spend has to be in the part's row, whose only writer it is. Once another one has the
    /// place, what it believes does not matter any more.
    void check() const {
        const place_row& row = store_.at(place_);
        if (has_ended_ || row.holder != id_ || row.epoch != epoch_) return;
        std::array<wide_balance, accounts_count> spendable{};
        const auto add = [&](const std::vector<transfer>& transfers) {
            for (const transfer& each : transfers) {
                for (const moved& leg : each.legs) spendable.at(leg.debit) += static_cast<wide_balance>(leg.amount);
            }
        };
        add(in_flight_);
        add(batch_);
        const bool is_written = waits_for_ && row.last_commit == waits_for_->commit_number;
        if (waits_for_ && !is_written) add(waits_for_->transfers);
        for (std::size_t account = 0; account < accounts_count; ++account) {
            const part_row& part = row.parts.at(account);
            if (is_bounded(account)) {
                const wide_balance most =
                    spendable.at(account) + static_cast<wide_balance>(accounts_.at(account)->available.load());
                if (most > balance_of(part.totals)) store_.note("a daemon can spend more than its part");
            }
            if (!is_written && part.totals != accounts_totals(account)) store_.note("a daemon is wrong about its part");
        }
    }

private:
    leg leg_of(const moved& moved) const {
        return {accounts_.at(moved.debit), accounts_.at(moved.credit), {moved.amount}};
    }
    part_move lease_of(std::size_t account, std::uint64_t amount) const {
        return {accounts_.at(account), amount, part_move::direction::lease};
    }
    part_move return_of(std::size_t account, std::uint64_t amount) const {
        return {accounts_.at(account), amount, part_move::direction::give_back};
    }
    account_totals accounts_totals(std::size_t account) const { return ledger_.posted(accounts_.at(account)->id); }

    void lack(std::size_t account, std::uint64_t amount) {
        if (!is_bounded(account)) return;
        const bool is_short = !is_open_.at(account) || accounts_.at(account)->available < amount;
        if (is_short) lacking_.at(account) = std::max(lacking_.at(account).value_or(0), amount);
    }

    std::uint64_t held_on(std::size_t account) const {
        std::uint64_t held = 0;
        for (const transfer& each : in_flight_) {
            for (const moved& leg : each.legs) held += leg.debit == account ? leg.amount : 0;
        }
        return held;
    }

    request start(request::kind what) {
        return {.what = what,
                .process = id_,
                .session = session_,
                .place = place_,
                .epoch = epoch_,
                .commit_number = last_commit_ + 1};
    }

    request wait_for(request sent) {
        waits_for_ = sent;
        return sent;
    }

    request send_commit(request sent) {
        sent.transfer_number = numbers_.next();
        postings_.clear();
        for (const transfer& each : sent.transfers) {
            for (const moved& leg : each.legs)
                postings_.push_back({accounts_.at(leg.debit), accounts_.at(leg.credit), leg.amount, 1});
        }
        std::vector<account_change> changed;
        ledger_.changes_of(postings_, changed);
        ledger_.check(postings_, changed);
        if (broken_ == fault::fulfills_leave_early) tell(sent.transfers);
        return wait_for(std::move(sent));
    }

    /// Only what is in the book may be told.
    void tell(const std::vector<transfer>& transfers) {
        for (const transfer& told : transfers) {
            ++tally_.told;
            if (!store_.has(told.id)) store_.note("a Fulfill was told that is not in the book");
        }
    }

    /// The transaction is durable.
    void finish(bool is_granted, std::uint64_t granted) {
        const request done = std::move(*waits_for_);
        waits_for_.reset();
        last_commit_ = done.commit_number;
        switch (done.what) {
            case request::kind::commit:
                ledger_.apply(postings_);
                tell(done.transfers);
                for (const transfer& each : done.transfers) {
                    for (const moved& leg : each.legs) debited_.at(leg.debit) += leg.amount;
                }
                break;
            case request::kind::lease:
                finish_lease(done, is_granted, granted);
                break;
            case request::kind::give_back:
                if (is_granted) {
                    ++tally_.returns;
                    ledger_.apply(return_of(done.account, done.amount));
                } else if (broken_ != fault::returns_are_not_held) {
                    ledger::release(return_of(done.account, done.amount));
                }
                break;
        }
    }

    void finish_lease(const request& done, bool is_granted, std::uint64_t granted) {
        if (!is_granted || granted < done.lease.lacking) ++tally_.refused_leases;
        if (is_open_.at(done.account)) {
            ledger::release(lease_of(done.account, done.lease.wanted - granted));
        } else {
            if (!is_granted) return;
            is_open_.at(done.account) = true;
            ledger_.open_part(*accounts_.at(done.account),
                              broken_ == fault::parts_have_no_maximum ? amount_max : part_max);
            ilp::require(ledger::hold(lease_of(done.account, granted)), "a lease fits into a part");
        }
        ++tally_.leases;
        ledger_.apply(lease_of(done.account, granted));
    }

    /// The transaction was not written.
    void undo() {
        const request undone = std::move(*waits_for_);
        waits_for_.reset();
        if (undone.what == request::kind::lease && is_open_.at(undone.account))
            ledger::release(lease_of(undone.account, undone.lease.wanted));
        if (undone.what == request::kind::give_back && broken_ != fault::returns_are_not_held)
            ledger::release(return_of(undone.account, undone.amount));
    }

    void fence() {
        ++tally_.fenced;
        has_ended_ = true;
    }

    shared_store& store_;
    tally& tally_;
    fault broken_;
    std::uint64_t id_;
    std::uint32_t place_;
    std::uint64_t epoch_ = 0;
    std::uint64_t last_commit_ = 0;
    std::uint64_t session_ = 0;
    place_numbers numbers_;
    bool is_leaving_ = false;
    bool has_ended_ = false;

    ledger ledger_;
    std::array<liquidity_account*, accounts_count> accounts_{};
    std::array<bool, accounts_count> is_open_{};
    std::array<part_use, accounts_count> uses_{};
    std::array<std::uint64_t, accounts_count> debited_{};
    std::array<std::optional<std::uint64_t>, accounts_count> lacking_{};  // amounts of packets
    std::vector<transfer> in_flight_;
    std::vector<transfer> batch_;
    std::vector<posting> postings_;  // of the commit under way
    std::optional<request> waits_for_;
};

class cluster {
public:
    cluster(std::uint64_t seed, fault broken)
        : random_{seed}, broken_{broken}, store_{broken}, is_rich_{seed % 4 == 0} {}

    /// The first thing that is wrong, and when; empty: nothing.
    std::string run(int steps) {
        for (int i = 0; i < steps; ++i) {
            step();
            if (!store_.finding().empty()) return store_.finding() + " after step " + std::to_string(i);
        }
        return stop();
    }

    const tally& seen() const noexcept { return tally_; }

private:
    static constexpr std::size_t processes_max = 3;
    static constexpr std::uint32_t places = 4;

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    bool one_in(std::uint64_t times) { return below(times) == 0; }

    void step() {
        const std::uint64_t choice = below(10'000);
        if (processes_.size() < processes_max && choice < 400) return start();
        if (choice < 6000) {
            if (process* const acting = any()) act(*acting);
        } else if (choice < 7900) {
            deliver_request();
        } else if (choice < 9850) {
            deliver_answer();
        } else if (choice < 9910) {
            reconnect();
        } else if (choice < 9925) {
            crash();
        } else if (choice < 9945) {
            pause();
        } else if (choice < 9965) {
            store_.end_lease(any_place());
        } else if (choice < 9990) {
            sweep();
        } else if (process* const leaving = any()) {
            leaving->stop_in_good_order();
        }
    }

    process* any() { return processes_.empty() ? nullptr : processes_[below(processes_.size())].get(); }
    std::uint32_t any_place() { return 1 + static_cast<std::uint32_t>(below(places)); }

    void start() {
        const std::uint32_t place = any_place();
        const place_row& row = store_.at(place);
        if (row.holder != 0 && !row.lease_is_over) return;
        if (row.holder != 0) ++tally_.swept;
        processes_.push_back(std::make_unique<process>(store_, tally_, broken_, ++last_process_, place));
    }

    void act(process& acting) {
        if (acting.is_paused) return;
        switch (below(10)) {
            case 0:
            case 1:
                acting.try_transfer(random_packet());
                break;
            case 2:
                acting.try_transfer(operators_transfer());
                break;
            case 3:
            case 4:
            case 5:
                acting.end_transfer(below(1000), !one_in(4));
                break;
            case 6:
                send(acting.commit());
                break;
            case 7:
                send(acting.ask());
                break;
            default:
                send(acting.give_back(below(accounts_count), one_in(4) ? 1 + below(1000) : 0));
                acting.leave_if_empty();
        }
        acting.check();
        bury(acting);
    }

    void send(std::optional<request> sent) {
        if (sent) requests_.push_back(std::move(*sent));
    }

    std::uint64_t any_amount() {
        if (one_in(50)) return std::uint64_t{1} << below(60);
        return 1 + below(largest_packet);
    }

    transfer random_packet() {
        transfer made{.id = ++last_transfer_};
        const auto peer = [this](std::uint32_t asset) { return asset == 0 ? 2 + below(2) : std::uint64_t{6}; };
        const auto liquidity = [](std::uint32_t asset) { return asset == 0 ? std::size_t{1} : std::size_t{5}; };
        const auto from = static_cast<std::uint32_t>(below(2));
        if (one_in(2)) {
            made.legs = {{2, 3, any_amount()}};
            if (one_in(2)) std::swap(made.legs[0].debit, made.legs[0].credit);
        } else {
            made.legs = {{peer(from), liquidity(from), any_amount()},
                         {liquidity(1 - from), peer(1 - from), any_amount()}};
        }
        return made;
    }

    transfer operators_transfer() {
        const std::uint32_t asset = one_in(2) ? 1 : 0;
        const std::size_t settlement = asset == 0 ? 0 : 4;
        const std::size_t account = settlement + 1 + below(asset == 0 ? 3 : 2);
        std::uint64_t amount = any_amount() * 20;
        if (one_in(is_rich_ ? 2 : 20)) amount = part_max - below(1000);
        transfer made{.id = ++last_transfer_, .legs = {{settlement, account, amount}}};
        if (one_in(is_rich_ ? 8 : 3)) std::swap(made.legs[0].debit, made.legs[0].credit);
        return made;
    }

    void deliver_request() {
        if (requests_.empty()) return;
        std::swap(requests_[below(requests_.size())], requests_.back());
        const request delivered = std::move(requests_.back());
        requests_.pop_back();
        if (one_in(50)) return;  // lost
        answers_.push_back(store_.execute(delivered));
        for (const auto& each : processes_) each->check();
    }

    void deliver_answer() {
        if (answers_.empty()) return;
        std::swap(answers_[below(answers_.size())], answers_.back());
        const answer delivered = answers_.back();
        answers_.pop_back();
        if (one_in(50)) return;  // lost
        for (const auto& each : processes_) {
            if (each->id() != delivered.process) continue;
            if (each->is_paused) return answers_.push_back(delivered);
            each->receive(delivered);
            each->check();
            return bury(*each);
        }
    }

    void reconnect() {
        process* const connecting = any();
        if (connecting == nullptr || connecting->is_paused) return;
        send(connecting->reconnect());
        connecting->check();
        bury(*connecting);
    }

    void crash() {
        process* const crashing = any();
        if (crashing == nullptr) return;
        ++tally_.crashes;
        tally_.lost_fulfillments += static_cast<int>(crashing->unsaved());
        store_.end_lease(crashing->place());
        std::erase_if(processes_, [&](const auto& each) { return each.get() == crashing; });
    }

    void pause() {
        if (process* const stopping = any()) stopping->is_paused = !stopping->is_paused;
    }

    void sweep() {
        const std::uint32_t place = any_place();
        const place_row& row = store_.at(place);
        if (row.holder == 0 || !row.lease_is_over) return;
        ++tally_.swept;
        store_.take(place, 0);
    }

    void bury(const process& ended) {
        if (ended.has_ended()) std::erase_if(processes_, [&](const auto& each) { return each.get() == &ended; });
    }

    /// Everybody stops, the last ones by force. Then all that there is must be in the vaults.
    std::string stop() {
        for (const auto& each : processes_) {
            each->is_paused = false;
            each->stop_in_good_order();
        }
        for (int i = 0; i < 20'000 && !processes_.empty(); ++i) {
            const std::uint64_t choice = below(3);
            if (choice == 0) deliver_request();
            if (choice == 1) deliver_answer();
            if (choice == 2) act(*any());
            if (one_in(100)) reconnect();
            if (!store_.finding().empty()) return store_.finding() + " while stopping";
        }
        for (std::uint32_t place = 1; place <= places; ++place) {
            if (store_.at(place).holder != 0) store_.take(place, 0);
            for (std::size_t account = 0; account < accounts_count; ++account) {
                if (!is_bounded(account)) continue;
                if (balance_of(store_.at(place).parts.at(account).totals) != 0)
                    store_.note("something is left in the part of a place that nobody has");
            }
        }
        for (const request& late : requests_) store_.execute(late);
        return store_.finding();
    }

    std::mt19937_64 random_;
    fault broken_;
    shared_store store_;
    bool is_rich_;  // accounts get near to the largest amount
    tally tally_;
    std::vector<std::unique_ptr<process>> processes_;
    std::vector<request> requests_;
    std::vector<answer> answers_;
    std::uint64_t last_process_ = 0;
    std::size_t last_transfer_ = 0;
};

}  // namespace

TEST_CASE("daemons that share balances by parts never overdraw, lose or invent anything, whatever happens to them") {
    const std::uint64_t seed = printed_seed("parts of balances");
    const int runs = std::max(4, scaled(50));
    tally all;
    for (int i = 0; i < runs; ++i) {
        const std::uint64_t run = seed + static_cast<std::uint64_t>(i);
        INFO("seed " << run);
        cluster cluster{run, fault::none};
        REQUIRE(cluster.run(10'000) == "");
        const tally& seen = cluster.seen();
        all.told += seen.told;
        all.leases += seen.leases;
        all.refused_leases += seen.refused_leases;
        all.returns += seen.returns;
        all.gifts += seen.gifts;
        all.doubts_written += seen.doubts_written;
        all.doubts_not_written += seen.doubts_not_written;
        all.fenced += seen.fenced;
        all.swept += seen.swept;
        all.left += seen.left;
        all.crashes += seen.crashes;
        all.lost_fulfillments += seen.lost_fulfillments;
    }
    INFO("told " << all.told << ", leases " << all.leases << ", refused " << all.refused_leases << ", returns "
                 << all.returns << ", gifts " << all.gifts << ", written " << all.doubts_written << ", not "
                 << all.doubts_not_written << ", fenced " << all.fenced << ", swept " << all.swept << ", left "
                 << all.left << ", crashes " << all.crashes << ", lost " << all.lost_fulfillments);
    CHECK(all.told > 100 * runs);
    CHECK(all.leases > 50 * runs);
    CHECK(all.returns > 20 * runs);
    CHECK(all.refused_leases > 0);
    CHECK(all.gifts > 0);
    CHECK(all.doubts_written > 0);
    CHECK(all.doubts_not_written > 0);
    CHECK(all.fenced > 0);
    CHECK(all.swept > 0);
    CHECK(all.left > 0);
    CHECK(all.crashes > 0);
    CHECK(all.lost_fulfillments > 0);
}

TEST_CASE("the model of parts finds each way to break the protocol") {
    const fault broken = GENERATE(fault::stale_writers_write, fault::leases_ask_no_vault, fault::sweeps_keep_the_epoch,
                                  fault::sweeps_keep_the_part, fault::returns_are_not_held, fault::fulfills_leave_early,
                                  fault::doubts_are_forgotten, fault::parts_have_no_maximum);
    INFO("fault " << static_cast<int>(broken));
    std::string found;
    for (std::uint64_t seed = 1; found.empty() && seed <= 100; ++seed) found = cluster{seed, broken}.run(30'000);
    INFO(found);
    CHECK_FALSE(found.empty());
}

}  // namespace parts_model_test

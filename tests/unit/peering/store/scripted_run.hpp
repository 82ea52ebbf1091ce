#pragma once

#include "peering/audit.hpp"
#include "tests/unit/peering/world.hpp"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// A short, deterministic life of a daemon, for tests that make one operation in it fail.
namespace peering::testing {

/// The contents of a store in a form that can be compared.
struct store_picture {
    std::map<account_id, account_totals> totals;
    std::map<std::string, transfer_state> transfers;  ///< transfers of the script
    std::uint64_t events = 0;
    friend bool operator==(const store_picture&, const store_picture&) = default;
};

class scripted_run {
public:
    /// The steps run in sequence: opening the book, then commits of packets and operators' transfers.
    static constexpr int steps = 12;

    static config::settings settings() {
        config::settings settings;
        settings.assets = {make_asset("USD", 9, 1000), make_asset("EUR", 2, 50)};
        settings.peers = {make_peer("bob", "USD", 9, 1000), make_peer("carol", "USD", 9, 0),
                          make_peer("dave", "EUR", 2, 77)};
        settings.peers[0].liquidity_threshold = {1100};  // low at first, rearmed by a deposit, crossed by a withdrawal
        return settings;
    }

    static std::string id_of(int step) { return fmt::format("{:08x}-0000-4000-8000-000000000000", step); }

    /// Throws if the store is not as it must be at a start.
    explicit scripted_run(store& store) : books_{store} {
        if (!transfers_.restore(store.load().value().pending_withdrawals, books_.ledger)) {
            throw std::runtime_error{"pending withdrawals are not covered"};
        }
        committer_.start();
    }

    /// Performs the steps from 1, each once the last one is durable, and reports each to `durable`. False if one was
    /// refused.
    bool run(const std::function<void(int done)>& durable = {}) {
        for (int step = 1; step < steps; ++step) {
            if (!take(step)) return false;
            if (durable) durable(step);
        }
        return true;
    }

    committer& commits() noexcept { return committer_; }
    const ledger& accounts() const noexcept { return books_.ledger; }

private:
    bool take(int step) {
        using namespace std::chrono_literals;
        const ilp::timestamp now{1'800'000'000'000ms};
        const transfer_accounts bobs{*registry_->peers()[0].liquidity, *registry_->assets()[0].settlement};
        const transfer_accounts euros{*registry_->assets()[1].liquidity, *registry_->assets()[1].settlement};
        const auto until_taken = [this](auto request) {
            for (;;) {
                const transfer_result answer = request().get();
                // After the last outage the store may not count as healthy yet.
                if (answer != transfer_refusal::store_unavailable) return !answer;
                if (!wait_until_idle(committer_)) return false;
            }
        };
        switch (step) {
            case 3:
                return until_taken([&] { return requests_.deposit(id_of(step), bobs, {500}); });
            case 5:
                return until_taken([&] { return requests_.withdraw(id_of(step), euros, {20}, 0s, now); });
            case 6:
            case 7:
                return until_taken([&] { return requests_.withdraw(id_of(step), bobs, {300}, 10s, now); });
            case 9:
                return until_taken([&] { return requests_.end(id_of(6), transfer_state::posted, now); });
            case 10:
                return until_taken([&] { return requests_.end(id_of(7), transfer_state::voided, now); });
            default:
                return send_packets(step);
        }
    }

    bool send_packets(int step) {
        posting_batch batch;
        for (int i = 0; i < step; ++i) {
            packet_transfer transfer;
            transfer.add(*registry_->peers()[0].liquidity, *registry_->peers()[1].liquidity, {10});
            transfer.add(*registry_->assets()[1].liquidity, *registry_->peers()[2].liquidity, {1});
            if (!ledger::hold(transfer.legs())) return false;
            batch.add(transfer.legs());
        }
        watch_.wait_for(committer_.submit(listener_, batch));
        return true;
    }

    books books_;
    std::shared_ptr<const known_peers> registry_ = build_or_throw(settings(), books_.keeper);
    durable_watch watch_;
    committer committer_{books_.keeper};
    std::size_t listener_ = committer_.add_listener(watch_.callback());
    operator_transfers transfers_{committer_};
    operator_requests requests_{committer_, transfers_};
};

inline store_picture picture_of(store& store) {
    const catalogue loaded = store.load().value();
    store_picture picture;
    for (const asset_record& asset : loaded.assets) {
        picture.totals.emplace(asset.liquidity.id, asset.liquidity.totals);
        picture.totals.emplace(asset.settlement.id, asset.settlement.totals);
    }
    for (const peer_record& peer : loaded.peers) picture.totals.emplace(peer.liquidity.id, peer.liquidity.totals);
    for (int step = 1; step < scripted_run::steps; ++step) {
        const auto found = store.find_transfer(scripted_run::id_of(step)).value();
        if (found) picture.transfers.emplace(found->uuid, found->state);
    }
    picture.events = count_pending_events(store);
    return picture;
}

/// The contents of a store after each step if nothing fails, beginning with step 0.
inline std::vector<store_picture> undisturbed_run(store& store) {
    scripted_run run{store};
    std::vector<store_picture> pictures{picture_of(store)};
    if (!run.run([&](int) { pictures.push_back(picture_of(store)); })) throw std::runtime_error{"a step was refused"};
    return pictures;
}

/// Whether every asset of a ledger adds up to zero, nothing is held, and the totals are those of `picture`.
inline bool agrees_with(const ledger& ledger, const store_picture& picture) {
    const auto balances = snapshot_of(ledger);
    if (!sums_are_zero(balances) || balances.size() != picture.totals.size()) return false;
    for (const account_balance& account : balances) {
        if (account.debits_pending != 0 || account.credits_pending != 0) return false;
        if (account.posted != picture.totals.at(account.id)) return false;
    }
    return true;
}

}  // namespace peering::testing

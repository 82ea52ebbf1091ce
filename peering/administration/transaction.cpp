#include "peering/administration/transaction.hpp"

#include "peering/book/ledger.hpp"
#include "peering/records/uuid.hpp"

#include <algorithm>
#include <utility>

namespace peering {

bool transaction::deposit(account_id settlement, account_id to, ilp::amount amount) {
    return transfer(transfer_kind::deposit, settlement, to, amount);
}

bool transaction::withdraw(account_id from, account_id settlement, ilp::amount amount) {
    return transfer(transfer_kind::withdrawal, from, settlement, amount);
}

bool transaction::close(liquidity_account& account, account_id settlement) {
    ledger& ledger = keeper.ledger();
    if (!ledger.close(account)) return false;
    const account_totals posted = ledger.posted(account.id);
    const ilp::amount balance{static_cast<std::uint64_t>(posted.credits_posted - posted.debits_posted)};
    if (!withdraw(account.id, settlement, balance)) {  // a packet has taken some of it meanwhile
        ledger.reopen(account);
        return false;
    }
    closed.push_back(&account);
    return true;
}

bool transaction::close_empty(liquidity_account& account) {
    ledger& ledger = keeper.ledger();
    if (!ledger.close(account)) return false;
    const account_totals posted = ledger.posted(account.id);
    if (posted.credits_posted != posted.debits_posted) {
        ledger.reopen(account);
        return false;
    }
    closed.push_back(&account);
    return true;
}

void transaction::give_up() noexcept {
    ledger::release(held);
    for (liquidity_account* const account : closed) keeper.ledger().reopen(*account);
}

bool transaction::transfer(transfer_kind kind, account_id debit, account_id credit, ilp::amount amount) {
    if (amount.is_zero()) return true;
    const ledger& ledger = keeper.ledger();
    const leg wanted{&ledger.at(debit), &ledger.at(credit), amount};
    if (!ledger::hold({&wanted, 1})) return false;
    held.push_back(wanted);
    new_transfers.push_back({.uuid = new_uuid(),
                             .kind = kind,
                             .state = transfer_state::posted,
                             .debit = debit,
                             .credit = credit,
                             .amount = amount,
                             .expires_at = {}});
    return true;
}

account_record transaction::open_account(account_kind kind, std::uint32_t asset) {
    const account_id id{std::to_underlying(keeper.ledger().last_id()) + 1};
    keeper.ledger().open(id, kind, asset, {});
    return {id, kind, {}};
}

std::expected<void, store_error> transaction::write(std::span<const watch_change> watches) {
    // A structured binding names every member, so this does not compile when a member is added and forgotten here.
    const auto& [assets_added, assets_changed, peers_added, peers_changed, receivers_added, receivers_changed,
                 transfers, answers, forget_before] = static_cast<const written_part&>(*this);
    const bool nothing = assets_added.empty() && assets_changed.empty() && peers_added.empty() &&
                         peers_changed.empty() && receivers_added.empty() && receivers_changed.empty() &&
                         transfers.empty() && answers.empty();
    // The next start would refuse ids that are above the bound.
    const auto is_beyond = [](const auto& record) {
        return record.id > record_id_max || std::to_underlying(record.liquidity.id) >= record_id_max;
    };
    if (std::ranges::any_of(assets_added, is_beyond) || std::ranges::any_of(peers_added, is_beyond) ||
        std::ranges::any_of(receivers_added, is_beyond)) {
        return std::unexpected{store_error{"all ids of assets, peers and accounts have been used", true}};
    }
    if (nothing) {
        for (const watch_change& changed : watches) keeper.thresholds().watch(changed.account, changed.watch);
    } else {
        if (auto written = keeper.write({.new_assets = assets_added,
                                         .changed_assets = assets_changed,
                                         .new_peers = peers_added,
                                         .changed_peers = peers_changed,
                                         .new_receiving_accounts = receivers_added,
                                         .changed_receiving_accounts = receivers_changed,
                                         .new_transfers = transfers,
                                         .new_answers = answers,
                                         .forget_answers_before = forget_before},
                                        watches);
            !written) {
            return written;
        }
    }
    held.clear();
    closed.clear();
    return {};
}

}  // namespace peering

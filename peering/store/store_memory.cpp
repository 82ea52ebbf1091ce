#include "peering/store/store_memory.hpp"

#include "ilp/clock.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <set>

namespace peering {

std::expected<catalogue, store_error> memory_store::load() {
    catalogue loaded = catalogue_;
    for (const kept_transfer& transfer : transfers_) {
        if (transfer.record.state == transfer_state::pending) loaded.pending_withdrawals.push_back(transfer.record);
    }
    for (const auto& [number, payment] : payments_) {
        if (!has_ended(payment.standing.status)) loaded.open_payments.push_back(payment);
        loaded.last_payment = number;
    }
    return loaded;
}

account_record* memory_store::find_account(account_id id) {
    for (asset_record& asset : catalogue_.assets) {
        if (asset.liquidity.id == id) return &asset.liquidity;
        if (asset.settlement.id == id) return &asset.settlement;
    }
    const auto account_of = [](const auto& owner) { return owner.liquidity.id; };
    const auto peer = std::ranges::find(catalogue_.peers, id, account_of);
    if (peer != catalogue_.peers.end()) return &peer->liquidity;
    const auto receiver = std::ranges::find(catalogue_.receiving_accounts, id, account_of);
    return receiver == catalogue_.receiving_accounts.end() ? nullptr : &receiver->liquidity;
}

/// Receiving accounts that are not deleted have different names.
bool memory_store::has_unique_names_after(const changes& changes) const {
    if (changes.new_receiving_accounts.empty() && changes.changed_receiving_accounts.empty()) return true;
    std::map<std::uint32_t, const receiving_account_terms*> terms;
    for (const auto& record : catalogue_.receiving_accounts) terms[record.id] = &record.terms;
    for (const auto& change : changes.changed_receiving_accounts) terms[change.id] = &change.terms;
    for (const auto& record : changes.new_receiving_accounts) terms[record.id] = &record.terms;
    std::set<std::string_view> names;
    return std::ranges::all_of(
        terms, [&](const auto& each) { return each.second->deleted_at || names.insert(each.second->name).second; });
}

bool memory_store::has_all_payments_of(const changes& changes) const {
    const auto is_new = [this](const payment_record& payment) {
        return !payments_.contains(payment.number) && payment_with(payment.uuid) == nullptr;
    };
    const auto is_open = [this](const payment_change& change) {
        const auto found = payments_.find(change.number);
        return found != payments_.end() && !has_ended(found->second.standing.status);
    };
    const auto is_known = [this](const payment_progress& progress) { return payments_.contains(progress.number); };
    return std::ranges::all_of(changes.new_payments, is_new) &&
           std::ranges::all_of(changes.changed_payments, is_open) &&
           std::ranges::all_of(changes.advanced_payments, is_known);
}

const payment_record* memory_store::payment_with(std::string_view uuid) const {
    const auto found = std::ranges::find_if(payments_, [uuid](const auto& each) { return each.second.uuid == uuid; });
    return found == payments_.end() ? nullptr : &found->second;
}

/// Checks what the database constraints check in the other stores.
bool memory_store::has_all_records_of(const changes& changes) {
    const auto has_id = [](const auto& records, std::uint32_t id) {
        return std::ranges::any_of(records, [id](const auto& record) { return record.id == id; });
    };
    const auto known_peer = [&](const peer_change& change) { return has_id(catalogue_.peers, change.id); };
    const auto known_asset = [&](const auto& owner) {
        return has_id(catalogue_.assets, owner.asset_id) || has_id(changes.new_assets, owner.asset_id);
    };
    const auto known_receiver = [&](const receiving_account_change& change) {
        return has_id(catalogue_.receiving_accounts, change.id);
    };
    const auto is_pending = [this](const transfer_record& transfer) {
        const auto found = number_of_.find(transfer.uuid);
        return found != number_of_.end() && transfers_[found->second - 1].record.state == transfer_state::pending;
    };
    const auto is_new = [this](const transfer_record& transfer) { return !number_of_.contains(transfer.uuid); };
    const auto changes_known_asset = [&](const asset_change& change) { return has_id(catalogue_.assets, change.id); };
    const auto has_free_key = [&](const idempotency_record& answer) {
        const auto found = answers_.find(answer.key);
        return found == answers_.end() || found->second.kept_at < changes.forget_answers_before;
    };
    return std::ranges::all_of(changes.changed_assets, changes_known_asset) &&
           std::ranges::all_of(changes.new_answers, has_free_key) &&
           std::ranges::all_of(changes.changed_peers, known_peer) &&
           std::ranges::all_of(changes.new_peers, known_asset) &&
           std::ranges::all_of(changes.changed_receiving_accounts, known_receiver) &&
           std::ranges::all_of(changes.new_receiving_accounts, known_asset) && has_unique_names_after(changes) &&
           std::ranges::all_of(changes.new_transfers, is_new) && has_all_payments_of(changes) &&
           std::ranges::all_of(changes.ended_transfers, is_pending);
}

std::expected<void, store_error> memory_store::commit(const changes& changes) {
    if (!has_all_records_of(changes)) {
        return std::unexpected{store_error{"memory: a record that is to be changed does not exist", true}};
    }
    const auto now = ilp::wall_clock();
    for (const asset_change& change : changes.changed_assets) {
        std::ranges::find(catalogue_.assets, change.id, &asset_record::id)->terms = change.terms;
    }
    catalogue_.assets.insert(catalogue_.assets.end(), changes.new_assets.begin(), changes.new_assets.end());
    catalogue_.peers.insert(catalogue_.peers.end(), changes.new_peers.begin(), changes.new_peers.end());
    for (const peer_change& change : changes.changed_peers) {
        std::ranges::find(catalogue_.peers, change.id, &peer_record::id)->terms = change.terms;
    }
    for (const receiving_account_change& change : changes.changed_receiving_accounts) {
        std::ranges::find(catalogue_.receiving_accounts, change.id, &receiving_account_record::id)->terms =
            change.terms;
    }
    catalogue_.receiving_accounts.insert(catalogue_.receiving_accounts.end(), changes.new_receiving_accounts.begin(),
                                         changes.new_receiving_accounts.end());
    for (const transfer_record& transfer : changes.new_transfers) {
        const chain_link link = chain_.add(transfer.debit, transfer.credit);
        number_of_.emplace(transfer.uuid, link.number);
        transfers_.push_back({transfer, link, now});
    }
    chain_.keep();
    for (const transfer_record& transfer : changes.ended_transfers) {
        transfers_[number_of_.at(transfer.uuid) - 1].record.state = transfer.state;
    }
    for (const account_change& account : changes.accounts) {
        if (account_record* const known = find_account(account.id)) known->totals = account.after;
    }
    for (const payment_record& payment : changes.new_payments) payments_.emplace(payment.number, payment);
    for (const payment_change& change : changes.changed_payments) {
        payments_.at(change.number).standing = change.standing;
    }
    for (const payment_progress& progress : changes.advanced_payments) {
        payment_record& payment = payments_.at(progress.number);
        payment.sent = progress.sent;
        payment.delivered = progress.delivered;
    }
    if (changes.forget_answers_before) {
        std::erase_if(answers_, [&](const auto& each) { return each.second.kept_at < *changes.forget_answers_before; });
    }
    for (const idempotency_record& answer : changes.new_answers) answers_.emplace(answer.key, answer);
    return {};
}

std::expected<std::optional<transfer_record>, store_error> memory_store::find_transfer(std::string_view uuid) {
    const auto found = number_of_.find(std::string{uuid});
    return found == number_of_.end() ? std::nullopt : std::optional{transfers_[found->second - 1].record};
}

std::expected<std::vector<pending_event>, store_error> memory_store::load_pending_events(event_line, std::size_t) {
    return {};
}

std::expected<std::vector<listed_transfer>, store_error> memory_store::list_transfers(
    account_id account, account_side side, std::size_t limit, std::optional<std::uint64_t> from) {
    const bool is_debit = side == account_side::debit;
    const chain_ends ends = chain_.take_ends(account);
    std::vector<listed_transfer> listed;
    std::uint64_t number = is_debit ? ends.debit : ends.credit;
    if (from) {
        if (*from == 0 || *from > transfers_.size()) return listed;
        const transfer_record& first = transfers_[*from - 1].record;
        if ((is_debit ? first.debit : first.credit) != account) return listed;
        number = *from;
    }
    while (number != 0 && listed.size() < limit) {
        const auto& [record, link, created_at] = transfers_[number - 1];
        listed.push_back({.number = number,
                          .uuid = record.uuid,
                          .kind = record.kind,
                          .state = record.state,
                          .debit = record.debit,
                          .credit = record.credit,
                          .amount = record.amount.value,
                          .packets = 0,
                          .created_at = created_at,
                          .expires_at = record.expires_at});
        number = is_debit ? link.previous_of_debit : link.previous_of_credit;
    }
    return listed;
}

std::expected<std::optional<std::vector<listed_event>>, store_error> memory_store::list_events(
    const event_query& query) {
    if (query.after || query.before) return std::nullopt;
    return std::vector<listed_event>{};
}

std::expected<std::optional<payment_record>, store_error> memory_store::find_payment(std::string_view uuid) {
    const payment_record* const found = payment_with(uuid);
    return found == nullptr ? std::nullopt : std::optional{*found};
}

std::expected<std::optional<std::vector<payment_record>>, store_error> memory_store::list_payments(
    const payment_query& query) {
    const auto bound = [this](const std::optional<std::string>& uuid, std::uint64_t otherwise) {
        if (!uuid) return std::optional{otherwise};
        const payment_record* const found = payment_with(*uuid);
        return found == nullptr ? std::nullopt : std::optional{found->number};
    };
    const auto above = bound(query.newest_first ? query.before : query.after, 0);
    const auto below =
        bound(query.newest_first ? query.after : query.before, std::numeric_limits<std::uint64_t>::max());
    if (!above || !below) return std::nullopt;
    std::vector<payment_record> page;
    for (const auto& [number, payment] : payments_) {
        const bool is_of_account = !query.account || *query.account == payment.account;
        if (number > *above && number < *below && is_of_account) page.push_back(payment);
    }
    const bool is_backwards = query.newest_first != query.from_the_end;
    if (is_backwards) std::ranges::reverse(page);
    page.resize(std::min(page.size(), query.limit));
    if (query.from_the_end) std::ranges::reverse(page);
    return page;
}

std::expected<std::optional<idempotency_record>, store_error> memory_store::find_answer(std::string_view key) {
    const auto found = answers_.find(std::string{key});
    return found == answers_.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace peering

#include "peering/store/transfer_chain.hpp"

#include <ranges>
#include <utility>

namespace peering {

transfer_chain::place& transfer_chain::place_of(account_id account) {
    const auto id = static_cast<std::size_t>(account);
    if (id >= accounts_.size()) accounts_.resize(id + 1);
    return accounts_[id];
}

void transfer_chain::set_untaken(place& place, bool is_untaken) noexcept {
    if (std::exchange(place.is_untaken, is_untaken) == is_untaken) return;
    if (is_untaken) {
        ++untaken_;
    } else {
        --untaken_;
    }
}

chain_link transfer_chain::add(account_id debit, account_id credit) {
    chain_link link{.number = ++last_};
    place& payer = place_of(debit);
    link.previous_of_debit = std::exchange(payer.ends.debit, link.number);
    set_untaken(payer, true);
    place& receiver = place_of(credit);
    link.previous_of_credit = std::exchange(receiver.ends.credit, link.number);
    set_untaken(receiver, true);
    rows_.push_back({link, debit, credit});
    return link;
}

chain_ends transfer_chain::take_ends(account_id account) {
    place& place = place_of(account);
    set_untaken(place, false);
    return place.ends;
}

void transfer_chain::undo() noexcept {
    for (const row& row : std::views::reverse(rows_)) {
        // Nothing throws here, because add() has already created these places.
        place& payer = place_of(row.debit);
        payer.ends.debit = row.link.previous_of_debit;
        set_untaken(payer, false);
        place& receiver = place_of(row.credit);
        receiver.ends.credit = row.link.previous_of_credit;
        set_untaken(receiver, false);
        last_ = row.link.number - 1;
    }
    rows_.clear();
}

}  // namespace peering

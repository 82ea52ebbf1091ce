#include "peering/audit.hpp"

#include "peering/open_store.hpp"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <utility>

namespace peering {
namespace {

std::string digits(wide_amount amount) {
    wide_amount_buffer buffer;
    return std::string{to_text(amount, buffer)};
}

class auditor final : public book_visitor {
public:
    void account(const account_record& account, std::string_view owner, std::string_view asset) override {
        accounts_.insert_or_assign(account.id, entry{account, std::string{owner}, std::string{asset}, {}, 0});
    }

    void transfer(account_id debit, account_id credit, wide_amount amount, transfer_state state) override {
        ++report_.transfers;
        const auto payer = accounts_.find(debit);
        const auto receiver = accounts_.find(credit);
        if (payer == accounts_.end() || receiver == accounts_.end()) {
            return fault("a transfer from account {} to account {} names an account that does not exist",
                         std::to_underlying(debit), std::to_underlying(credit));
        }
        if (payer->second.asset != receiver->second.asset) {
            fault("a transfer goes from the {} to the {}, which have different assets", payer->second.owner,
                  receiver->second.owner);
        }
        if (state == transfer_state::posted) {
            payer->second.recomputed.debits_posted += amount;
            receiver->second.recomputed.credits_posted += amount;
        } else if (state == transfer_state::pending) {
            payer->second.pending += amount;
        }
    }

    void loss(std::uint64_t last, std::uint64_t lost) override {
        fault("transfers are missing: the last one has the number {}, and ilpd had written number {} here", last, lost);
    }

    audit_report finish() {
        std::map<std::string, account_totals> sums;
        for (const auto& [id, account] : accounts_) {
            const account_totals& kept = account.record.totals;
            sums[account.asset].debits_posted += kept.debits_posted;
            sums[account.asset].credits_posted += kept.credits_posted;
            if (kept != account.recomputed) {
                fault("account {} ({}): the store has debits {} and credits {}, but its transfers add up to {} and {}",
                      std::to_underlying(id), account.owner, digits(kept.debits_posted), digits(kept.credits_posted),
                      digits(account.recomputed.debits_posted), digits(account.recomputed.credits_posted));
            }
            check_bounds(account);
        }
        for (const auto& [asset, sum] : sums) {
            if (sum.debits_posted == sum.credits_posted) continue;
            fault("asset {}: its accounts do not add up to zero: debits {}, credits {}", asset,
                  digits(sum.debits_posted), digits(sum.credits_posted));
        }
        report_.accounts = accounts_.size();
        report_.assets = sums.size();
        return std::move(report_);
    }

private:
    struct entry {
        account_record record;
        std::string owner;
        std::string asset;
        account_totals recomputed;
        wide_amount pending;
    };

    void check_bounds(const entry& account) {
        const account_totals& kept = account.record.totals;
        const auto id = std::to_underlying(account.record.id);
        if (kept.debits_posted > total_max || kept.credits_posted > total_max) {
            fault("account {} ({}) has totals that are too large: debits {}, credits {}", id, account.owner,
                  digits(kept.debits_posted), digits(kept.credits_posted));
        }
        if (account.record.kind == account_kind::settlement) return;
        if (kept.credits_posted < kept.debits_posted) {
            return fault("account {} ({}) is below zero: {} in, {} out", id, account.owner, digits(kept.credits_posted),
                         digits(kept.debits_posted));
        }
        const wide_amount balance = kept.credits_posted - kept.debits_posted;
        if (balance > std::numeric_limits<std::uint64_t>::max()) {
            fault("account {} ({}) has more than the largest amount: {}", id, account.owner, digits(balance));
        }
        if (account.pending > balance) {
            fault("account {} ({}): withdrawals of {} are pending, but it has only {}", id, account.owner,
                  digits(account.pending), digits(balance));
        }
    }

    template <class... Arguments>
    void fault(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
        report_.faults.push_back(fmt::format(text, std::forward<Arguments>(arguments)...));
    }

    std::map<account_id, entry> accounts_;
    audit_report report_;
};

}  // namespace

std::expected<audit_report, store_error> audit(const std::string& url) {
    auditor auditor;
    if (auto read = read_book(url, auditor); !read) return std::unexpected{std::move(read).error()};
    return auditor.finish();
}

}  // namespace peering

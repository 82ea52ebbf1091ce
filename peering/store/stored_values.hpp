#pragma once

#include "ilp/amount.hpp"
#include "ilp/bytes.hpp"
#include "peering/records/account.hpp"
#include "peering/records/kept_terms.hpp"
#include "peering/records/payment.hpp"
#include "peering/records/transfer.hpp"
#include "peering/records/wide_amount.hpp"
#include "peering/splitting/split_header.hpp"
#include "peering/store/record_text.hpp"
#include "peering/store/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace peering {

/// Turns what a database has kept into values. Throws a Failure with a message for the operator for anything that ilpd
/// does not write.
template <class Failure>
struct stored_values {
    static transfer_state state_of(std::string_view text) {
        const auto state = parse_transfer_state(text);
        if (!state) throw Failure{fmt::format("a transfer has the unknown state '{}'", text)};
        return *state;
    }

    static transfer_kind kind_of(std::string_view text) {
        for (const transfer_kind kind :
             {transfer_kind::deposit, transfer_kind::withdrawal, transfer_kind::correction}) {
            if (text == to_text(kind)) return kind;
        }
        throw Failure{fmt::format("a transfer has the unknown kind '{}'", text)};
    }

    static peering::origin origin_of(std::string_view text, std::string_view owner) {
        const auto origin = parse_origin(text);
        if (!origin) throw Failure{fmt::format("{} has the unknown origin '{}'", owner, text)};
        return *origin;
    }

    static std::uint32_t id_of(std::int64_t value, std::string_view table) {
        if (value < 1 || value > record_id_max) {
            throw Failure{fmt::format("id {} in table {} is out of range: restore a backup", value, table)};
        }
        return static_cast<std::uint32_t>(value);
    }

    static account_id account_of_transfer(std::int64_t value) { return account_id{id_of(value, "transfers")}; }

    static ilp::amount amount_of(std::string_view text, std::string_view uuid) {
        const std::optional<wide_amount> amount = parse_wide_amount(text);
        if (!amount || *amount > ilp::amount::max().value) {
            throw Failure{fmt::format("transfer {} has an invalid amount: restore a backup", uuid)};
        }
        return {static_cast<std::uint64_t>(*amount)};
    }

    static payment_status payment_status_of(std::string_view text, std::string_view uuid) {
        const auto status = parse_payment_status(text);
        if (!status) throw Failure{fmt::format("payment {} has the unknown status '{}'", uuid, text)};
        return *status;
    }

    static ilp::amount amount_of_payment(std::string_view text, std::string_view uuid) {
        const auto amount = ilp::parse_amount(text);
        if (!amount) throw Failure{fmt::format("payment {} has an invalid amount: restore a backup", uuid)};
        return *amount;
    }

    static ilp::exchange_ratio ratio_of(std::string_view text, std::string_view uuid) {
        const auto ratio = parse_exchange_ratio(text);
        if (!ratio) throw Failure{fmt::format("payment {} has an invalid rate: restore a backup", uuid)};
        return *ratio;
    }

    static std::uint16_t slippage_of(std::int64_t value, std::string_view uuid) {
        if (value < 0 || value > ilp::slippage_max) {
            throw Failure{fmt::format("payment {} has an invalid slippage: restore a backup", uuid)};
        }
        return static_cast<std::uint16_t>(value);
    }

    /// `id` is absent if the database has no such account.
    static account_record account_of(std::optional<std::int64_t> id, std::string_view debits_posted,
                                     std::string_view credits_posted, account_kind kind, std::string_view owner) {
        const auto refuse = [&](std::string_view what) -> Failure {
            return {fmt::format("the {} account of {} {}: restore a backup", to_text(kind), owner, what)};
        };
        if (!id) throw refuse("is missing");
        const std::optional<wide_amount> debits = parse_wide_amount(debits_posted);
        const std::optional<wide_amount> credits = parse_wide_amount(credits_posted);
        if (!debits || !credits) throw refuse(fmt::format("(id {}) has totals that are not valid amounts", *id));
        return {account_id{id_of(*id, "accounts")}, kind, {*debits, *credits}};
    }

    static split_id split_id_of(ilp::bytes_view octets) {
        split_id id{};
        if (octets.size() != id.size()) {
            throw Failure{
                fmt::format("a split_id in table split_outcomes has {} octets, but each has {}: restore a "
                            "backup",
                            octets.size(), id.size())};
        }
        std::ranges::copy(octets, id.begin());
        return id;
    }

    static flight_record flight_of(std::int64_t account, std::string_view ceiling, std::string_view doubt) {
        const auto known_ceiling = ilp::parse_amount(ceiling);
        const auto known_doubt = ilp::parse_amount(doubt);
        if (!known_ceiling || !known_doubt) {
            throw Failure{fmt::format("the flights of account {} have an invalid amount: restore a backup", account)};
        }
        return {account_id{id_of(account, "flights")}, known_ceiling->value, known_doubt->value};
    }

    /// A limit as a database takes it, in a signed integer.
    static std::int64_t row_limit(std::size_t limit) {
        return static_cast<std::int64_t>(std::min<std::size_t>(limit, std::numeric_limits<std::int64_t>::max()));
    }
};

}  // namespace peering

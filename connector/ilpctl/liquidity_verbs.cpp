#include "config/value.hpp"
#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"
#include "ilp/condition.hpp"
#include "ilp/hex.hpp"
#include "peering/records/uuid.hpp"

#include <fmt/format.h>

#include <chrono>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

struct transfer_terms {
    std::string account;
    std::string amount;
    optional_text id;
    optional_text idempotency_key;
    std::chrono::seconds timeout{};
};

struct one_withdrawal {
    std::string id;
    optional_text idempotency_key;
};

struct transfers_terms {
    std::string account;
    page_terms page;
};

/// The id of a transfer whose idempotency key is given: the same for the same verb and key, so that the whole command
/// can be repeated. It is made as a UUID of version 5 is, from SHA-256, but the API requires version 4.
std::string id_for_key(std::string_view verb, std::string_view key) {
    const auto text = fmt::format("ilpctl liquidity {}\n{}", verb, key);
    auto hash = ilp::sha256(ilp::as_bytes(text));
    hash[6] = static_cast<ilp::octet>((hash[6] & 0x0f) | 0x40);  // version
    hash[8] = static_cast<ilp::octet>((hash[8] & 0x3f) | 0x80);  // variant
    auto id = ilp::to_hex(hash).substr(0, 32);
    for (const std::size_t at : {20U, 16U, 12U, 8U}) id.insert(at, 1, '-');
    return id;
}

std::string transfer_id(const transfer_terms& terms, std::string_view verb) {
    if (!terms.id) return terms.idempotency_key ? id_for_key(verb, *terms.idempotency_key) : peering::new_uuid();
    const auto& id = *terms.id;
    if (!peering::is_uuid_v4(id))
        throw failure{exit_status::usage, fmt::format("--id: \"{}\" is not a UUID of version 4", printable(id))};
    return id;
}

/// Makes a transfer and prints the result of `message`, which gets the amount, account and id.
void move(session& s, const transfer_terms& terms, const documents::document& of_peer,
          const documents::document& of_asset, bool is_withdrawal,
          const std::function<std::string(const std::string&, const std::string&, const std::string&)>& message) {
    const auto id = transfer_id(terms, is_withdrawal ? "withdraw" : "deposit");
    const auto account = find_account(s, terms.account);
    const auto amount = read_amount(s, "AMOUNT", terms.amount, account.unit);
    const auto key = terms.idempotency_key ? *terms.idempotency_key : peering::new_uuid();
    auto input =
        json::object{{account.is_peer ? "peerId" : "assetId", account.id}, {"amount", to_string(amount)}, {"id", id}};
    if (is_withdrawal) input["timeoutSeconds"] = std::to_string(terms.timeout.count());
    const auto answer = change(s, account.is_peer ? of_peer : of_asset, std::move(input), key, id);
    if (s.json)
        return print_json(s, json::object{{"id", id}, {"idempotencyKey", key}, {"success", answer.at("success")}});
    s.out << message(printable(show_amount(amount, account.unit, s.form)), printable(account.label), id);
}

void deposit(session& s, const transfer_terms& terms) {
    move(s, terms, documents::deposit_peer, documents::deposit_asset, false,
         [](const auto& amount, const auto& account, const auto& id) {
             return fmt::format("deposited {} to {}: transfer {}\n", amount, account, id);
         });
}

void withdraw(session& s, const transfer_terms& terms) {
    move(s, terms, documents::withdraw_peer, documents::withdraw_asset, true,
         [&](const auto& amount, const auto& account, const auto& id) {
             if (terms.timeout.count() == 0)
                 return fmt::format("withdrew {} from {}: transfer {}\n", amount, account, id);
             return fmt::format(
                 "reserved {} of {} for {} s: withdrawal {}\nilpctl liquidity post with this id completes it, ilpctl "
                 "liquidity void cancels it\n",
                 amount, account, terms.timeout.count(), id);
         });
}

void finish_withdrawal(session& s, const one_withdrawal& terms, const documents::document& what,
                       std::string_view done) {
    const auto key = terms.idempotency_key ? *terms.idempotency_key : peering::new_uuid();
    const auto answer = change(s, what, {{"withdrawalId", terms.id}}, key);
    if (s.json)
        return print_json(s,
                          json::object{{"id", terms.id}, {"idempotencyKey", key}, {"success", answer.at("success")}});
    s.out << fmt::format("{} withdrawal {}\n", done, printable(terms.id));
}

void post_withdrawal(session& s, const one_withdrawal& terms) {
    finish_withdrawal(s, terms, documents::post_withdrawal, "posted");
}

void void_withdrawal(session& s, const one_withdrawal& terms) {
    finish_withdrawal(s, terms, documents::void_withdrawal, "voided");
}

/// The packets of a day, of which the daemon no longer keeps the single transfers.
bool is_sum(const json::object& transfer) {
    const auto* const day = transfer.if_contains("sumOfDay");
    return day != nullptr && !day->is_null();
}

void list_transfers(session& s, const transfers_terms& terms) {
    const auto account = find_account(s, terms.account);
    const auto transfers = fetch_nodes(s, documents::transfers, {{"id", account.id}}, terms.page);
    if (s.json) return print_json(s, transfers);
    auto table = ilpctl::table{{{"CREATED"},
                                {"TYPE"},
                                {"STATE"},
                                {"IN", alignment::right},
                                {"OUT", alignment::right},
                                {"EXPIRES"},
                                {"OTHER ACCOUNT"},
                                {"ID"}}};
    for (const json::value& node : transfers) {
        const auto& transfer = node.as_object();
        const auto is_incoming = transfer.at("incoming").as_bool();
        const auto is_exact = transfer.contains("exactAmount");
        const auto amount = amount_field(s, transfer, is_exact ? "exactAmount" : "amount", account.unit);
        const auto* const other = is_incoming ? "debitAccountName" : "creditAccountName";
        const auto is_named = !transfer.at(other).is_null();
        table.add({field(transfer, is_sum(transfer) ? "sumOfDay" : "createdAt"),
                   is_sum(transfer) ? "SUM OF DAY" : field(transfer, "transferType"), field(transfer, "state"),
                   is_incoming ? amount : "", is_incoming ? "" : amount, field(transfer, "expiresAt"),
                   field(transfer, is_named      ? other
                                   : is_incoming ? "debitAccountId"
                                                 : "creditAccountId"),
                   field(transfer, "id")});
    }
    s.out << table.text();
}

constexpr auto whose = "a peer or an asset, by id or name";

CLI::App& add_transfer_verb(CLI::App& group, chosen_verb& chosen, const std::string& name,
                            const std::string& description, const std::shared_ptr<transfer_terms>& terms,
                            void (*run)(session&, const transfer_terms&)) {
    auto& verb = add_verb(group, chosen, name, description, terms, run);
    add_required(verb, "ACCOUNT", terms->account, "", whose);
    add_required(verb, "AMOUNT", terms->amount, "", "such as 12.50");
    add_text(verb, "--id", terms->id, "UUID",
             "id of the transfer; by default a new one, or one that follows from the idempotency key");
    add_idempotency_key(verb, terms->idempotency_key);
    return verb;
}

void add_withdrawal_verb(CLI::App& group, chosen_verb& chosen, const std::string& name, const std::string& description,
                         void (*run)(session&, const one_withdrawal&)) {
    const auto terms = std::make_shared<one_withdrawal>();
    auto& verb = add_verb(group, chosen, name, description, terms, run);
    add_required(verb, "ID", terms->id, "", "id of the withdrawal");
    add_idempotency_key(verb, terms->idempotency_key);
}

}  // namespace

void add_liquidity_verbs(CLI::App& root, chosen_verb& chosen) {
    auto& group = add_group(root, "liquidity", "deposit and withdraw the liquidity of peers and assets");
    add_transfer_verb(group, chosen, "deposit", "add liquidity to a peer or an asset",
                      std::make_shared<transfer_terms>(), &deposit);

    const auto terms = std::make_shared<transfer_terms>();
    auto& withdraw_verb =
        add_transfer_verb(group, chosen, "withdraw", "withdraw liquidity from a peer or an asset", terms, &withdraw);
    add_duration(withdraw_verb, "--timeout", terms->timeout, std::chrono::hours{24 * 365},
                 "only reserve the amount, to be posted or voided within this time; whole seconds");

    add_withdrawal_verb(group, chosen, "post", "complete a reserved withdrawal", &post_withdrawal);
    add_withdrawal_verb(group, chosen, "void", "cancel a reserved withdrawal", &void_withdrawal);

    const auto list = std::make_shared<transfers_terms>();
    auto& list_verb = add_verb(root, chosen, "transfers", "list the transfers of a peer or an asset, the newest first",
                               list, &list_transfers);
    add_required(list_verb, "ACCOUNT", list->account, "", whose);
    add_page_terms(list_verb, list->page, 20);
}

}  // namespace connector::ilpctl

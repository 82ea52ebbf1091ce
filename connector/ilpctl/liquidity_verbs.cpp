#include "config/value.hpp"
#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"
#include "peering/records/uuid.hpp"

#include <fmt/format.h>

#include <algorithm>
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

struct one_agreement {
    std::string peer;
    optional_text idempotency_key;
};

struct transfers_terms {
    std::string account;
    page_terms page;
    bool csv = false;
};

using find_owner = account (*)(session&, std::string_view);

/// These documents move the money of one kind of owner.
struct money_documents {
    const char* id_field;
    const documents::document& deposit;
    const documents::document& withdraw;
};

money_documents documents_for(account_owner owner) {
    switch (owner) {
        case account_owner::peer:
            return {"peerId", documents::deposit_peer, documents::withdraw_peer};
        case account_owner::asset:
            return {"assetId", documents::deposit_asset, documents::withdraw_asset};
        case account_owner::receiving_account:
            break;
    }
    return {"receivingAccountId", documents::deposit_receiving_account, documents::withdraw_receiving_account};
}

/// Makes a transfer and prints the result of `message`, which gets the amount, account and id.
void move(session& s, const transfer_terms& terms, find_owner find, bool is_withdrawal,
          const std::function<std::string(const std::string&, const std::string&, const std::string&)>& message) {
    const auto id =
        id_of_new(terms.id, terms.idempotency_key, is_withdrawal ? "liquidity withdraw" : "liquidity deposit");
    const auto account = find(s, terms.account);
    const auto documents = documents_for(account.owner);
    const auto amount = read_amount(s, "AMOUNT", terms.amount, account.unit);
    const auto key = terms.idempotency_key ? *terms.idempotency_key : peering::new_uuid();
    auto input = json::object{{documents.id_field, account.id}, {"amount", to_string(amount)}, {"id", id}};
    if (is_withdrawal) input["timeoutSeconds"] = std::to_string(terms.timeout.count());
    const auto answer = change(s, is_withdrawal ? documents.withdraw : documents.deposit, std::move(input), key, id);
    if (s.json)
        return print_json(s, json::object{{"id", id}, {"idempotencyKey", key}, {"success", answer.at("success")}});
    s.out << message(printable(show_amount(amount, account.unit, s.form)), printable(account.label), id);
}

void deposit_to(session& s, const transfer_terms& terms, find_owner find) {
    move(s, terms, find, false, [](const auto& amount, const auto& account, const auto& id) {
        return fmt::format("deposited {} to {}: transfer {}\n", amount, account, id);
    });
}

void withdraw_from(session& s, const transfer_terms& terms, find_owner find) {
    move(s, terms, find, true, [&](const auto& amount, const auto& account, const auto& id) {
        if (terms.timeout.count() == 0) return fmt::format("withdrew {} from {}: transfer {}\n", amount, account, id);
        return fmt::format(
            "reserved {} of {} for {} s: withdrawal {}\nilpctl liquidity post with this id completes it, ilpctl "
            "liquidity void cancels it\n",
            amount, account, terms.timeout.count(), id);
    });
}

void deposit(session& s, const transfer_terms& terms) {
    deposit_to(s, terms, &find_account);
}

void withdraw(session& s, const transfer_terms& terms) {
    withdraw_from(s, terms, &find_account);
}

void deposit_to_receiver(session& s, const transfer_terms& terms) {
    deposit_to(s, terms, &account_of_receiver);
}

void withdraw_from_receiver(session& s, const transfer_terms& terms) {
    withdraw_from(s, terms, &account_of_receiver);
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

/// Makes the transfer that a crash has kept out of our book.
void correct_books(session& s, const transfer_terms& terms) {
    const auto id = id_of_new(terms.id, terms.idempotency_key, "doubt correct");
    const auto peer = find_peer(s, terms.account);
    const auto unit = unit_of(part(peer, "asset"));
    const auto amount = read_amount(s, "AMOUNT", terms.amount, unit);
    const auto key = terms.idempotency_key ? *terms.idempotency_key : peering::new_uuid();
    const auto answer = change(s, documents::correct_peer,
                               {{"peerId", peer.at("id")}, {"amount", to_string(amount)}, {"id", id}}, key, id);
    if (s.json)
        return print_json(s, json::object{{"id", id}, {"idempotencyKey", key}, {"success", answer.at("success")}});
    s.out << fmt::format("credited {} to {}, the books are not in doubt any more: transfer {}\n",
                         printable(show_amount(amount, unit, s.form)), printable(label_of_peer(peer)), id);
}

void agree_books(session& s, const one_agreement& terms) {
    const auto peer = find_peer(s, terms.peer);
    const auto key = terms.idempotency_key ? *terms.idempotency_key : peering::new_uuid();
    const auto answer = change(s, documents::agree_peer, {{"peerId", peer.at("id")}}, key);
    if (s.json) return print_json(s, json::object{{"idempotencyKey", key}, {"success", answer.at("success")}});
    s.out << fmt::format("the books of {} are not in doubt any more\n", printable(label_of_peer(peer)));
}

/// The packets of a day, of which the daemon no longer keeps the single transfers.
bool is_sum(const json::object& transfer) {
    const auto* const day = transfer.if_contains("sumOfDay");
    return day != nullptr && !day->is_null();
}

std::string type_of(const json::object& transfer) {
    if (is_sum(transfer)) return "SUM OF DAY";
    const auto* const correction = transfer.if_contains("isCorrection");
    return correction != nullptr && correction->as_bool() ? "CORRECTION" : field(transfer, "transferType");
}

void list_transfers_of(session& s, const transfers_terms& terms, find_owner find) {
    const auto account = find(s, terms.account);
    const auto transfers = fetch_nodes(s, documents::transfers, {{"id", account.id}}, terms.page);
    if (s.json) return print_json(s, transfers);
    auto table = ilpctl::table{{{"CREATED"},
                                {"TYPE"},
                                {"STATE"},
                                {"IN", alignment::right},
                                {"OUT", alignment::right},
                                {"PACKETS", alignment::right},
                                {"EXPIRES"},
                                {"OTHER ACCOUNT"},
                                {"ID"}}};
    for (const json::value& node : transfers) {
        const auto& transfer = node.as_object();
        const auto is_incoming = transfer.at("incoming").as_bool();
        const auto is_exact = transfer.contains("exactAmount");
        auto amount = amount_field(s, transfer, is_exact ? "exactAmount" : "amount", account.unit);
        // Spreadsheets calculate with numbers only.
        if (terms.csv) amount.resize(std::min(amount.size(), amount.find(' ')));
        const auto* const other = is_incoming ? "debitAccountName" : "creditAccountName";
        const auto packets = field(transfer, "packets");  // of one commit, or of a day; 0 for an operator's transfer
        const auto is_named = !transfer.at(other).is_null();
        table.add({field(transfer, is_sum(transfer) ? "sumOfDay" : "createdAt"), type_of(transfer),
                   field(transfer, "state"), is_incoming ? amount : "", is_incoming ? "" : amount,
                   packets == "0" ? "-" : packets, field(transfer, "expiresAt"),
                   field(transfer, is_named      ? other
                                   : is_incoming ? "debitAccountId"
                                                 : "creditAccountId"),
                   field(transfer, "id")});
    }
    s.out << (terms.csv ? table.csv() : table.text());
}

void list_transfers(session& s, const transfers_terms& terms) {
    list_transfers_of(s, terms, &find_account);
}

void list_transfers_of_receiver(session& s, const transfers_terms& terms) {
    list_transfers_of(s, terms, &account_of_receiver);
}

constexpr auto whose = "a peer or an asset, by id or name";
constexpr auto whose_payments = "a receiving account, by id or name";
constexpr auto reserve_only = "only reserve the amount, to be posted or voided within this time; whole seconds";

CLI::App& add_transfer_verb(CLI::App& group, chosen_verb& chosen, const std::string& name,
                            const std::string& description, const std::shared_ptr<transfer_terms>& terms,
                            void (*run)(session&, const transfer_terms&), const std::string& owner,
                            const std::string& argument = "ACCOUNT") {
    auto& verb = add_verb(group, chosen, name, description, terms, run);
    add_required(verb, argument, terms->account, "", owner);
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

void add_doubt_verbs(CLI::App& root, chosen_verb& chosen) {
    auto& group = add_group(root, "doubt", "end the doubt that a crash has left about a peer's books");
    add_transfer_verb(group, chosen, "correct", "credit a peer with what it has fulfilled and our book lacks",
                      std::make_shared<transfer_terms>(), &correct_books, "a peer, by id or name", "PEER");
    const auto terms = std::make_shared<one_agreement>();
    auto& verb = add_verb(group, chosen, "agree", "note that a peer's book agrees with ours", terms, &agree_books);
    add_required(verb, "PEER", terms->peer, "", "a peer, by id or name");
    add_idempotency_key(verb, terms->idempotency_key);
}

}  // namespace

void add_liquidity_verbs(CLI::App& root, chosen_verb& chosen) {
    auto& group = add_group(root, "liquidity", "deposit and withdraw the liquidity of peers and assets");
    add_transfer_verb(group, chosen, "deposit", "add liquidity to a peer or an asset",
                      std::make_shared<transfer_terms>(), &deposit, whose);

    const auto terms = std::make_shared<transfer_terms>();
    auto& withdraw_verb = add_transfer_verb(group, chosen, "withdraw", "withdraw liquidity from a peer or an asset",
                                            terms, &withdraw, whose);
    add_duration(withdraw_verb, "--timeout", terms->timeout, std::chrono::hours{24 * 365}, reserve_only);

    add_withdrawal_verb(group, chosen, "post", "complete a reserved withdrawal", &post_withdrawal);
    add_withdrawal_verb(group, chosen, "void", "cancel a reserved withdrawal", &void_withdrawal);
    add_doubt_verbs(root, chosen);

    const auto list = std::make_shared<transfers_terms>();
    auto& list_verb = add_verb(root, chosen, "transfers", "list the transfers of a peer or an asset, the newest first",
                               list, &list_transfers);
    add_required(list_verb, "ACCOUNT", list->account, "", whose);
    add_page_terms(list_verb, list->page, 20);
    list_verb.add_flag("--csv", list->csv, "print comma-separated values, with amounts as numbers");
}

void add_account_transfer_verbs(CLI::App& group, chosen_verb& chosen) {
    add_transfer_verb(group, chosen, "deposit", "add money to a receiving account", std::make_shared<transfer_terms>(),
                      &deposit_to_receiver, whose_payments);

    const auto terms = std::make_shared<transfer_terms>();
    auto& withdraw_verb = add_transfer_verb(group, chosen, "withdraw", "withdraw money from a receiving account", terms,
                                            &withdraw_from_receiver, whose_payments);
    add_duration(withdraw_verb, "--timeout", terms->timeout, std::chrono::hours{24 * 365}, reserve_only);

    const auto list = std::make_shared<transfers_terms>();
    auto& list_verb =
        add_verb(group, chosen, "transfers", "list the transfers of a receiving account, the newest first", list,
                 &list_transfers_of_receiver);
    add_required(list_verb, "ACCOUNT", list->account, "", whose_payments);
    add_page_terms(list_verb, list->page, 20);
    list_verb.add_flag("--csv", list->csv, "print comma-separated values, with amounts as numbers");
}

}  // namespace connector::ilpctl

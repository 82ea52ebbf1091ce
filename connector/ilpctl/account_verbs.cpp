#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <fmt/format.h>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

struct one_receiver {
    std::string account;
    optional_text idempotency_key;
};

struct receiver_terms : one_receiver {
    std::string asset;
    optional_text public_name;
    bool no_public_name = false;
};

void print_receiver(session& s, const json::value& answer) {
    if (s.json) return print_json(s, answer);
    const auto& receiver = answer.as_object();
    const auto unit = unit_of(part(receiver, "asset"));
    auto sheet = ilpctl::sheet{};
    sheet.add("id", field(receiver, "id"));
    sheet.add("name", field(receiver, "name"));
    sheet.add("public name", field(receiver, "publicName"));
    sheet.add("pointer", receiver.at("paymentPointer").is_null()
                             ? "none: spsp.public_url, the https:// URL at which payers find this node, is not set"
                             : field(receiver, "paymentPointer"));
    sheet.add("asset", to_string(unit));
    sheet.add("balance", amount_field(s, receiver, "liquidity", unit));
    sheet.add("enabled", receiver.at("enabled").as_bool() ? "yes" : "no");
    sheet.add("origin", field(receiver, "origin"));
    sheet.add("created", field(receiver, "createdAt"));
    s.out << sheet.text();
}

void list_receivers(session& s, const list_terms& terms) {
    const auto receivers = fetch_nodes(s, documents::receiving_accounts, list_variables(terms), terms.page);
    if (s.json) return print_json(s, receivers);
    auto table = ilpctl::table{
        {{"NAME"}, {"PUBLIC NAME"}, {"ASSET"}, {"BALANCE", alignment::right}, {"ENABLED"}, {"ORIGIN"}, {"ID"}}};
    for (const json::value& node : receivers) {
        const auto& receiver = node.as_object();
        const auto unit = unit_of(part(receiver, "asset"));
        table.add({field(receiver, "name"), field(receiver, "publicName"), to_string(unit),
                   amount_field(s, receiver, "liquidity", unit), receiver.at("enabled").as_bool() ? "yes" : "no",
                   field(receiver, "origin"), field(receiver, "id")});
    }
    s.out << table.text();
}

void show_receiver(session& s, const one_receiver& terms) {
    print_receiver(s, find_receiving_account(s, terms.account));
}

void create_receiver(session& s, const receiver_terms& terms) {
    const auto asset = find_asset(s, terms.asset);
    auto input = json::object{{"assetId", asset.at("id")}, {"name", terms.account}};
    put_text(input, "publicName", terms.public_name);
    print_receiver(
        s,
        change(s, documents::create_receiving_account, std::move(input), terms.idempotency_key).at("receivingAccount"));
}

void update_receiver(session& s, const receiver_terms& terms) {
    if (!terms.public_name && !terms.no_public_name)
        throw failure{exit_status::usage, "the command changes nothing: see ilpctl account update --help"};
    const auto receiver = find_receiving_account(s, terms.account);
    auto input = json::object{{"id", receiver.at("id")}, {"publicName", terms.public_name.value_or("")}};
    print_receiver(
        s,
        change(s, documents::update_receiving_account, std::move(input), terms.idempotency_key).at("receivingAccount"));
}

void set_receiver_enabled(session& s, const one_receiver& terms, bool enabled) {
    const auto receiver = find_receiving_account(s, terms.account);
    const auto answer = change(s, documents::update_receiving_account,
                               {{"id", receiver.at("id")}, {"enabled", enabled}}, terms.idempotency_key);
    if (s.json) return print_json(s, answer.at("receivingAccount"));
    s.out << fmt::format("{} receiving account {} ({})\n", enabled ? "enabled" : "disabled",
                         printable(field(receiver, "name")), printable(field(receiver, "id")));
}

void disable_receiver(session& s, const one_receiver& terms) {
    set_receiver_enabled(s, terms, false);
}

void enable_receiver(session& s, const one_receiver& terms) {
    set_receiver_enabled(s, terms, true);
}

void delete_receiver(session& s, const one_receiver& terms) {
    const auto receiver = find_receiving_account(s, terms.account);
    const auto answer =
        change(s, documents::delete_receiving_account, {{"id", receiver.at("id")}}, terms.idempotency_key);
    if (s.json) return print_json(s, answer.at("receivingAccount"));
    s.out << fmt::format("deleted receiving account {} ({})\n", printable(field(receiver, "name")),
                         printable(field(receiver, "id")));
}

constexpr auto which_receiver = "id or name of the receiving account";

}  // namespace

void add_account_verbs(CLI::App& root, chosen_verb& chosen) {
    auto& group = add_group(root, "account", "manage the accounts of this node that receive payments");

    const auto list = std::make_shared<list_terms>();
    auto& list_verb = add_verb(group, chosen, "list", "list receiving accounts", list, &list_receivers);
    add_page_terms(list_verb, list->page, 100);
    add_order(list_verb, *list);

    const auto create = std::make_shared<receiver_terms>();
    auto& create_verb = add_verb(group, chosen, "create", "add a receiving account", create, &create_receiver);
    add_required(create_verb, "NAME", create->account, "",
                 "name in payment pointers: lower-case letters, digits, '.', '_' and '-'");
    add_required(create_verb, "--asset", create->asset, "ASSET",
                 "the asset in which it is kept: id, CODE/SCALE, or CODE");
    add_text(create_verb, "--public-name", create->public_name, "NAME", "name of its owner, which operators see");
    add_idempotency_key(create_verb, create->idempotency_key);

    const auto update = std::make_shared<receiver_terms>();
    auto& update_verb =
        add_verb(group, chosen, "update", "change the public name of a receiving account", update, &update_receiver);
    add_required(update_verb, "ACCOUNT", update->account, "", which_receiver);
    auto& name =
        add_text(update_verb, "--public-name", update->public_name, "NAME", "name of its owner, which operators see");
    update_verb.add_flag("--no-public-name", update->no_public_name, "remove the public name")->excludes(&name);
    add_idempotency_key(update_verb, update->idempotency_key);

    const auto add_one = [&](const std::string& verb_name, const std::string& description, auto run) -> CLI::App& {
        const auto terms = std::make_shared<one_receiver>();
        auto& verb = add_verb(group, chosen, verb_name, description, terms, run);
        add_required(verb, "ACCOUNT", terms->account, "", which_receiver);
        if (verb_name != "show") add_idempotency_key(verb, terms->idempotency_key);
        return verb;
    };
    add_one("show", "show a receiving account and its balance", &show_receiver);
    add_one("disable", "credit no more payments to a receiving account, and begin none from it", &disable_receiver);
    add_one("enable", "credit payments to a receiving account again", &enable_receiver);
    add_one("delete", "delete a receiving account that has no balance", &delete_receiver);
    add_account_transfer_verbs(group, chosen);
}

}  // namespace connector::ilpctl

#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <fmt/format.h>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

struct one_asset {
    std::string asset;
    optional_text idempotency_key;
};

struct asset_terms : one_asset {
    optional_amount liquidity_threshold;
    optional_amount withdrawal_threshold;
    optional_text owner;
};

void print_asset(session& s, const json::value& answer) {
    if (s.json) return print_json(s, answer);
    const auto& asset = answer.as_object();
    const auto unit = unit_of(asset);
    auto sheet = ilpctl::sheet{};
    sheet.add("id", field(asset, "id"));
    sheet.add("asset", to_string(unit));
    sheet.add("liquidity", amount_field(s, asset, "liquidity", unit));
    sheet.add("liquidity threshold", amount_field(s, asset, "liquidityThreshold", unit));
    sheet.add("withdrawal threshold", amount_field(s, asset, "withdrawalThreshold", unit));
    sheet.add("origin", field(asset, "origin"));
    sheet.add("tenant", field(part(asset, "tenant"), "id"));
    sheet.add("created", field(asset, "createdAt"));
    s.out << sheet.text();
}

void list_assets(session& s, const list_terms& terms) {
    const auto assets = fetch_nodes(s, documents::assets, list_variables(terms), terms.page);
    if (s.json) return print_json(s, assets);
    auto table = ilpctl::table{{{"ASSET"},
                                {"LIQUIDITY", alignment::right},
                                {"LOW AT", alignment::right},
                                {"LEAST WITHDRAWAL", alignment::right},
                                {"ORIGIN"},
                                {"ID"}}};
    for (const json::value& node : assets) {
        const auto& asset = node.as_object();
        const auto unit = unit_of(asset);
        table.add({to_string(unit), amount_field(s, asset, "liquidity", unit),
                   amount_field(s, asset, "liquidityThreshold", unit),
                   amount_field(s, asset, "withdrawalThreshold", unit), field(asset, "origin"), field(asset, "id")});
    }
    s.out << table.text();
}

void show_asset(session& s, const one_asset& terms) {
    print_asset(s, find_asset(s, terms.asset));
}

void create_asset(session& s, const asset_terms& terms) {
    const auto unit = parse_asset_unit(terms.asset);
    if (!unit)
        throw failure{
            exit_status::usage,
            fmt::format("\"{}\" is not an asset: expected CODE/SCALE, such as USD/9, with a scale from 0 to 255",
                        printable(terms.asset))};
    auto input = json::object{{"code", unit->code}, {"scale", unit->scale}};
    put_amount(s, input, "liquidityThreshold", terms.liquidity_threshold, *unit);
    put_amount(s, input, "withdrawalThreshold", terms.withdrawal_threshold, *unit);
    put_text(input, "tenantId", terms.owner);
    print_asset(s, change(s, documents::create_asset, std::move(input), terms.idempotency_key).at("asset"));
}

/// The API clears any threshold that an update omits, so unchanged values are sent, too.
void update_asset(session& s, const asset_terms& terms) {
    const auto is_given = [](const optional_amount& amount) { return amount.text || amount.cleared; };
    if (!is_given(terms.liquidity_threshold) && !is_given(terms.withdrawal_threshold))
        throw failure{exit_status::usage, "the command changes nothing: see ilpctl asset update --help"};
    const auto asset = find_asset(s, terms.asset);
    const auto unit = unit_of(asset);
    auto input = json::object{{"id", asset.at("id")},
                              {"liquidityThreshold", asset.at("liquidityThreshold")},
                              {"withdrawalThreshold", asset.at("withdrawalThreshold")}};
    put_amount(s, input, "liquidityThreshold", terms.liquidity_threshold, unit);
    put_amount(s, input, "withdrawalThreshold", terms.withdrawal_threshold, unit);
    print_asset(s, change(s, documents::update_asset, std::move(input), terms.idempotency_key).at("asset"));
}

void delete_asset(session& s, const one_asset& terms) {
    const auto asset = find_asset(s, terms.asset);
    const auto answer = change(s, documents::delete_asset, {{"id", asset.at("id")}}, terms.idempotency_key);
    if (s.json) return print_json(s, answer.at("asset"));
    s.out << fmt::format("deleted asset {} ({})\n", printable(to_string(unit_of(asset))),
                         printable(field(asset, "id")));
}

constexpr auto how_assets_are_named = "id, CODE/SCALE, or CODE if it has only one scale";

void add_thresholds(CLI::App& verb, asset_terms& terms, clearing clearing) {
    add_amount(verb, "--liquidity-threshold", terms.liquidity_threshold,
               "raise an event when liquidity falls to this amount", clearing);
    add_amount(verb, "--withdrawal-threshold", terms.withdrawal_threshold, "the smallest amount that can be withdrawn",
               clearing);
}

}  // namespace

void add_asset_verbs(CLI::App& root, chosen_verb& chosen) {
    auto& group = add_group(root, "asset", "manage the assets that peers are paid in");

    const auto list = std::make_shared<list_terms>();
    auto& list_verb = add_verb(group, chosen, "list", "list assets", list, &list_assets);
    add_page_terms(list_verb, list->page, 100);
    add_order(list_verb, *list);
    add_owner(list_verb, list->owner, "only the assets of this tenant");

    const auto show = std::make_shared<one_asset>();
    auto& show_verb = add_verb(group, chosen, "show", "show an asset", show, &show_asset);
    add_required(show_verb, "ASSET", show->asset, "", how_assets_are_named);

    const auto create = std::make_shared<asset_terms>();
    auto& create_verb = add_verb(group, chosen, "create", "add an asset", create, &create_asset);
    add_required(create_verb, "CODE/SCALE", create->asset, "", "such as USD/9: the smallest unit is 10^-9 USD");
    add_thresholds(create_verb, *create, clearing::no);
    add_owner(create_verb, create->owner, "the tenant that owns it");
    add_idempotency_key(create_verb, create->idempotency_key);

    const auto update = std::make_shared<asset_terms>();
    auto& update_verb = add_verb(group, chosen, "update", "change the thresholds of an asset; those not given remain",
                                 update, &update_asset);
    add_required(update_verb, "ASSET", update->asset, "", how_assets_are_named);
    add_thresholds(update_verb, *update, clearing::yes);
    add_idempotency_key(update_verb, update->idempotency_key);

    const auto remove = std::make_shared<one_asset>();
    auto& delete_verb = add_verb(group, chosen, "delete", "delete an asset that has no peers", remove, &delete_asset);
    add_required(delete_verb, "ASSET", remove->asset, "", how_assets_are_named);
    add_idempotency_key(delete_verb, remove->idempotency_key);
}

}  // namespace connector::ilpctl

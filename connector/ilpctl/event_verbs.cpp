#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

struct event_terms : list_terms {
    std::vector<std::string> types;
    std::vector<std::string> other_types;
};

/// Describes the events of this version in words and prints any other event unchanged.
std::string details(const session& s, const std::string& type, const json::object& data) {
    if (type == "peer.unreachable") {
        const auto* state = data.if_contains("state");
        const bool refuses = state != nullptr && *state == json::value("REFUSING");
        return fmt::format("{} since {}: {}", refuses ? "refuses our packets" : "cannot be reached",
                           field(data, "since"), field(data, "lastError"));
    }
    if (type == "peer.reachable")
        return fmt::format("since {}; it was not since {}", field(data, "since"), field(data, "unreachableSince"));
    if (type == "peer.books_in_doubt" && data.contains("addedAmount") && data.contains("amountInDoubt") &&
        data.contains("asset") && data.at("asset").is_object()) {
        const auto unit = unit_of(data.at("asset").get_object());
        return fmt::format("up to {} may have been fulfilled and is in no book; {} in all",
                           amount_field(s, data, "addedAmount", unit), amount_field(s, data, "amountInDoubt", unit));
    }
    if (const auto* received = data.if_contains("receivedAmount"); received != nullptr && received->is_object()) {
        const auto& amount = received->get_object();
        const auto* scale = amount.if_contains("assetScale");
        if (scale == nullptr || !amount.contains("assetCode") || !amount.contains("value"))
            return json::serialize(data);
        const auto unit = unit_of({{"code", amount.at("assetCode")}, {"scale", *scale}});
        const auto packets = field(data, "packets");
        return fmt::format("received {} in {} {}", amount_field(s, amount, "value", unit), packets,
                           packets == "1" ? "packet" : "packets");
    }
    const auto* asset = data.if_contains("asset");
    if (asset == nullptr || !asset->is_object() || !data.contains("balance") || !data.contains("liquidityThreshold"))
        return json::serialize(data);
    const auto unit = unit_of(asset->get_object());
    return fmt::format("liquidity {}, threshold {}", amount_field(s, data, "balance", unit),
                       amount_field(s, data, "liquidityThreshold", unit));
}

void list_events(session& s, const event_terms& terms) {
    auto variables = list_variables(terms);
    auto type = json::object{};
    if (!terms.types.empty()) type["in"] = list_of(terms.types);
    if (!terms.other_types.empty()) type["notIn"] = list_of(terms.other_types);
    if (!type.empty()) variables["filter"] = json::object{{"type", std::move(type)}};
    const auto events = fetch_nodes(s, documents::events, std::move(variables), terms.page);
    if (s.json) return print_json(s, events);
    auto table = ilpctl::table{{{"CREATED"}, {"TYPE"}, {"OF"}, {"DETAILS"}, {"ID"}}};
    for (const json::value& node : events) {
        const auto& event = node.as_object();
        const auto& data = part(event, "data");
        const auto whose = event.at("name").is_null() ? field(data, "id") : field(event, "name");
        const auto event_type = field(event, "type");
        table.add({field(event, "createdAt"), event_type, whose, details(s, event_type, data), field(event, "id")});
    }
    s.out << table.text();
}

}  // namespace

void add_event_verbs(CLI::App& root, chosen_verb& chosen) {
    const auto terms = std::make_shared<event_terms>();
    auto& verb =
        add_verb(root, chosen, "events", "list the events that webhooks report, the newest first", terms, &list_events);
    add_page_terms(verb, terms->page, 20);
    add_order(verb, *terms);
    add_owner(verb, terms->owner, "only the events of this tenant");
    add_texts(verb, "--type", terms->types, "TYPE", "only this type, such as peer.liquidity_low; may be repeated");
    add_texts(verb, "--not-type", terms->other_types, "TYPE", "all types except this one; may be repeated");
}

}  // namespace connector::ilpctl

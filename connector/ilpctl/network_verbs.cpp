#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <fmt/format.h>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

struct routes_terms {
    page_terms page;
    optional_text prefix;
};

struct lookup_terms {
    std::string address;
    optional_text asset;
};

struct ping_terms {
    std::string address;
    std::chrono::seconds timeout{10};
};

std::string shown_prefix(const json::object& route) {
    const auto prefix = field(route, "prefix");
    return prefix.empty() ? "(default)" : prefix;
}

void add_route(table& table, const json::object& route) {
    const auto& peer = part(route, "peer");
    table.add({shown_prefix(route), field(peer, "name"), field(peer, "staticIlpAddress"),
               to_string(unit_of(part(peer, "asset"))), peer.at("enabled").as_bool() ? "enabled" : "disabled",
               field(peer, "id")});
}

table route_table() {
    return table{{{"PREFIX"}, {"NEXT HOP"}, {"ADDRESS"}, {"ASSET"}, {"STATE"}, {"ID"}}};
}

void list_routes(session& s, const routes_terms& terms) {
    auto variables = json::object{};
    put_text(variables, "prefix", terms.prefix);
    const auto routes = fetch_nodes(s, documents::routes, std::move(variables), terms.page);
    if (s.json) return print_json(s, routes);
    auto table = route_table();
    for (const json::value& route : routes) add_route(table, route.as_object());
    s.out << table.text();
}

void look_up_route(session& s, const lookup_terms& terms) {
    const auto address = find_address(s, terms.address);
    auto variables = json::object{{"address", address}};
    if (terms.asset) variables["assetId"] = find_asset(s, *terms.asset).at("id");
    const auto route = s.daemon.ask(documents::route, std::move(variables));
    if (!route.is_object())
        throw failure{exit_status::refused, fmt::format("no route leads to \"{}\"", printable(address))};
    if (s.json) return print_json(s, route);
    auto table = route_table();
    add_route(table, route.get_object());
    s.out << table.text();
}

std::string describe_ping(const json::object& answer, const std::string& address) {
    const auto text = [&](std::string_view name) { return printable(field(answer, name)); };
    auto result = std::string{};
    if (answer.at("reached").as_bool()) {
        result = fmt::format("{} reached", address);
    } else {
        result = fmt::format("{} not reached: {}", address,
                             field(answer, "message").empty() || answer.at("message").is_null() ? "no reason was given"
                                                                                                : text("message"));
        if (!answer.at("code").is_null()) result += fmt::format(" ({})", text("code"));
        if (!answer.at("triggeredBy").is_null()) result += fmt::format(", says {}", text("triggeredBy"));
    }
    if (!answer.at("milliseconds").is_null())
        result += fmt::format(" {} {:.1f} ms", answer.at("reached").as_bool() ? "in" : "after",
                              answer.at("milliseconds").to_number<double>());
    if (!answer.at("peer").is_null())
        result += fmt::format(", next hop {}", printable(label_of_peer(part(answer, "peer"))));
    return result;
}

void ping(session& s, const ping_terms& terms) {
    const auto address = find_address(s, terms.address);
    const auto answer =
        s.daemon.ask(documents::ping, {{"input", {{"address", address}, {"timeoutSeconds", terms.timeout.count()}}}},
                     {}, terms.timeout);
    const auto result = describe_ping(answer.as_object(), printable(address));
    if (s.json) print_json(s, answer);
    if (!answer.at("reached").as_bool()) throw failure{exit_status::refused, result};
    if (!s.json) s.out << result << '\n';
}

}  // namespace

void add_network_verbs(CLI::App& root, chosen_verb& chosen) {
    auto& group = add_group(root, "route", "show where packets are forwarded to");

    const auto list = std::make_shared<routes_terms>();
    auto& list_verb = add_verb(group, chosen, "list", "list routes by prefix", list, &list_routes);
    add_page_terms(list_verb, list->page, 100);
    add_text(list_verb, "--prefix", list->prefix, "PREFIX", "only prefixes that begin with this");

    const auto lookup = std::make_shared<lookup_terms>();
    auto& lookup_verb =
        add_verb(group, chosen, "lookup", "show the next hop of a packet to an address", lookup, &look_up_route);
    add_required(lookup_verb, "ADDRESS", lookup->address, "", "an ILP address, or a peer by id or name");
    add_text(lookup_verb, "--asset", lookup->asset, "ASSET",
             "the asset of the packet, which decides between peers with the same prefix");

    const auto terms = std::make_shared<ping_terms>();
    auto& ping_verb = add_verb(root, chosen, "ping", "send a packet of amount 0 and wait for the answer", terms, &ping);
    add_required(ping_verb, "ADDRESS", terms->address, "",
                 "an ILP address, such as that of a connector; or a peer by id or name");
    add_duration(ping_verb, "--timeout", terms->timeout, std::chrono::seconds{30},
                 "how long to wait for the answer; whole seconds, 10s by default");
}

}  // namespace connector::ilpctl

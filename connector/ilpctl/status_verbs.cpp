#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

struct no_terms {};

struct one_tenant {
    std::string id;
};

/// One line for each, and none if all peers are reachable.
void add_unreachable_peers(sheet& sheet, const json::object& node) {
    const auto& listed = node.at("unreachablePeers").as_array();
    for (const json::value& each : listed) {
        const auto& peer = each.as_object();
        const auto& found = part(peer, "reachability");
        sheet.add("not reachable", fmt::format("{}: {} since {}: {}", label_of_peer(peer), reachability_of(peer),
                                               field(found, "since"), field(found, "lastError")));
    }
    const auto count = node.at("unreachablePeerCount").to_number<std::size_t>();
    if (count <= listed.size()) return;
    const auto others = count - listed.size();
    sheet.add("not reachable", fmt::format("and {} more {}", others, others == 1 ? "peer" : "peers"));
}

/// One line for each, and none if no crash has left a doubt.
void add_doubts(const session& s, sheet& sheet, const json::object& node) {
    const auto& listed = node.at("peersInDoubt").as_array();
    for (const json::value& each : listed) {
        const auto& peer = each.as_object();
        const auto amount = amount_field(s, peer, "amountInDoubt", unit_of(part(peer, "asset")));
        sheet.add("books in doubt",
                  fmt::format("up to {} may have been fulfilled by {} and is in no book", amount, label_of_peer(peer)));
    }
    const auto count = node.at("peersInDoubtCount").to_number<std::size_t>();
    if (count <= listed.size()) return;
    const auto others = count - listed.size();
    sheet.add("books in doubt", fmt::format("and those of {} more {}", others, others == 1 ? "peer" : "peers"));
}

void show_status(session& s, const no_terms&) {
    const auto answer = s.daemon.ask(documents::status, {});
    if (s.json) return print_json(s, answer);
    const auto& node = answer.as_object();
    auto sheet = ilpctl::sheet{};
    sheet.add("address", field(node, "ilpAddress"));
    sheet.add("version", field(node, "version"));
    sheet.add("started", field(node, "startedAt"));
    sheet.add("ready", node.at("ready").as_bool() ? "yes" : "no");
    if (!node.at("storeError").is_null()) sheet.add("store", field(node, "storeError"));
    add_cluster_line(sheet, part(node, "cluster"));
    sheet.add("peers", field(node, "peers"));
    sheet.add("assets", field(node, "assets"));
    sheet.add("receiving accounts", field(node, "receivingAccounts"));
    sheet.add("payers ask at",
              node.at("spspListener").is_null() ? "nowhere: spsp.enabled is false" : field(node, "spspListener"));
    sheet.add("routes", field(node, "routes"));
    sheet.add("pending withdrawals", field(node, "pendingWithdrawals"));
    add_unreachable_peers(sheet, node);
    add_doubts(s, sheet, node);
    s.out << sheet.text();
}

void show_whoami(session& s, const no_terms&) {
    const auto answer = s.daemon.ask(documents::whoami, {});
    if (s.json) return print_json(s, answer);
    auto sheet = ilpctl::sheet{};
    sheet.add("tenant", field(answer.as_object(), "id"));
    sheet.add("operator", answer.at("isOperator").as_bool() ? "yes" : "no");
    s.out << sheet.text();
}

void list_tenants(session& s, const list_terms& terms) {
    const auto tenants = fetch_nodes(s, documents::tenants, list_variables(terms), terms.page);
    if (s.json) return print_json(s, tenants);
    auto table = ilpctl::table{{{"NAME"}, {"EMAIL"}, {"CREATED"}, {"DELETED"}, {"ID"}}};
    for (const json::value& node : tenants) {
        const auto& tenant = node.as_object();
        table.add({field(tenant, "publicName"), field(tenant, "email"), field(tenant, "createdAt"),
                   field(tenant, "deletedAt"), field(tenant, "id")});
    }
    s.out << table.text();
}

void show_tenant(session& s, const one_tenant& terms) {
    const auto answer = s.daemon.ask(documents::tenant, {{"id", terms.id}});
    if (s.json) return print_json(s, answer);
    const auto& tenant = answer.as_object();
    auto sheet = ilpctl::sheet{};
    sheet.add("id", field(tenant, "id"));
    sheet.add("name", field(tenant, "publicName"));
    sheet.add("email", field(tenant, "email"));
    sheet.add("consent url", field(tenant, "idpConsentUrl"));
    sheet.add("created", field(tenant, "createdAt"));
    sheet.add("deleted", field(tenant, "deletedAt"));
    for (const json::value& node : tenant.at("settings").as_array())
        sheet.add("setting", field(node.as_object(), "key") + "=" + field(node.as_object(), "value"));
    s.out << sheet.text();
}

}  // namespace

void add_status_verbs(CLI::App& root, chosen_verb& chosen) {
    add_verb(root, chosen, "status", "show the state of the daemon", std::make_shared<no_terms>(), &show_status);
    add_verb(root, chosen, "whoami", "show the tenant that requests are made as", std::make_shared<no_terms>(),
             &show_whoami);

    auto& group = add_group(root, "tenant", "show the tenants, which own peers and assets");
    const auto list = std::make_shared<list_terms>();
    auto& list_verb = add_verb(group, chosen, "list", "list tenants", list, &list_tenants);
    add_page_terms(list_verb, list->page, 100);
    add_order(list_verb, *list);

    const auto one = std::make_shared<one_tenant>();
    auto& show_verb = add_verb(group, chosen, "show", "show a tenant", one, &show_tenant);
    add_required(show_verb, "ID", one->id, "", "id of the tenant");
}

}  // namespace connector::ilpctl

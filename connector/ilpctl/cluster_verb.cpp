#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <fmt/format.h>

#include <cmath>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

struct cluster_terms {};

/// What is left of a lease, such as "38 s"; "-" if there is none.
std::string lease_left(const json::object& owner) {
    const json::value& seconds = owner.at("leaseSeconds");
    if (seconds.is_null()) return "-";
    const auto left = seconds.to_number<double>();
    return left > 0 ? fmt::format("{:.0f} s", std::floor(left)) : "ended";
}

void show_cluster(session& s, const cluster_terms&) {
    const auto answer = s.daemon.ask(documents::cluster, {});
    if (s.json) return print_json(s, answer);
    const auto& cluster = answer.as_object();
    const bool is_shared = cluster.at("isShared").as_bool();
    auto sheet = ilpctl::sheet{};
    sheet.add("this daemon", field(cluster, "host"));
    sheet.add("active since", field(cluster, "activeSince"));
    if (is_shared) {
        sheet.add("took over", cluster.at("hasTakenOver").as_bool() ? "yes, it waited for another daemon" : "no");
        sheet.add("epoch", field(cluster, "epoch"));
        sheet.add("lease left", lease_left(cluster));
    } else {
        sheet.add("other daemons", "none: only a PostgreSQL store is shared");
    }
    const auto* const daemons = cluster.at("daemons").if_array();
    if (daemons == nullptr) sheet.add("daemons", "not known: the store cannot be read now");
    s.out << sheet.text();
    if (daemons == nullptr || !is_shared) return;

    auto table = ilpctl::table{{{"SLOT", alignment::right},
                                {"STATE"},
                                {"EPOCH", alignment::right},
                                {"LAST COMMIT", alignment::right},
                                {"LEASE LEFT", alignment::right},
                                {"THIS"},
                                {"HOST"},
                                {"INSTANCE"}}};
    for (const json::value& each : *daemons) {
        const auto& daemon = each.as_object();
        table.add({field(daemon, "slot"), field(daemon, "state"), field(daemon, "epoch"), field(daemon, "lastCommit"),
                   lease_left(daemon), daemon.at("isSelf").as_bool() ? "yes" : "no", field(daemon, "host"),
                   field(daemon, "instance")});
    }
    s.out << '\n' << table.text();
}

}  // namespace

void add_cluster_line(sheet& sheet, const json::object& cluster) {
    if (!cluster.at("isShared").as_bool()) return;
    sheet.add("database", fmt::format("in epoch {} since {}, lease left: {}", field(cluster, "epoch"),
                                      field(cluster, "activeSince"), lease_left(cluster)));
}

void add_cluster_verb(CLI::App& root, chosen_verb& chosen) {
    add_verb(root, chosen, "cluster", "show the daemons that share the database", std::make_shared<cluster_terms>(),
             &show_cluster);
}

}  // namespace connector::ilpctl

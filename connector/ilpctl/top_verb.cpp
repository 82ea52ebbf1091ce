#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/rates.hpp"
#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;
using steady = std::chrono::steady_clock;

struct top_terms {
    std::chrono::seconds interval{2};
    std::size_t limit = 20;
    bool once = false;
};

/// One look at all peers.
struct look {
    steady::time_point at{};
    json::array peers;
    std::map<std::string, json::value> traffic{};  ///< by id
};

const page_terms all_peers{.limit = 0, .all = true};

look look_at_peers(session& s) {
    look taken{.at = steady::now(), .peers = fetch_nodes(s, documents::traffic, {}, all_peers)};
    for (const json::value& peer : taken.peers) taken.traffic[field(peer.as_object(), "id")] = peer.at("traffic");
    return taken;
}

struct row {
    const json::object* peer = nullptr;
    peer_rates rates;
};

/// The busiest come first.
std::vector<row> rows_between(const look& before, const look& after) {
    const double seconds = std::chrono::duration<double>{after.at - before.at}.count();
    std::vector<row> rows;
    for (const json::value& each : after.peers) {
        const auto& peer = each.as_object();
        const auto* const now = peer.at("traffic").if_object();
        if (now == nullptr) throw failure{exit_status::no_answer, "the daemon's workers do not answer"};
        const auto earlier = before.traffic.find(field(peer, "id"));
        rows.push_back({&peer, rates_between(earlier == before.traffic.end() ? json::value(nullptr) : earlier->second,
                                             *now, seconds)});
    }
    const auto rank = [](const row& each) {
        return std::pair{-(each.rates.received + each.rates.sent), label_of_peer(*each.peer)};
    };
    std::ranges::sort(rows, {}, rank);
    return rows;
}

json::object to_json(const row& row) {
    const auto number = [](const std::optional<double>& seconds) {
        return seconds && *seconds < 1e9 ? json::value(*seconds) : json::value(nullptr);
    };
    return {{"id", row.peer->at("id")},
            {"name", row.peer->at("name")},
            {"received", row.rates.received},
            {"sent", row.rates.sent},
            {"fulfilled", row.rates.fulfilled},
            {"rejected", row.rates.rejected},
            {"refused", row.rates.refused},
            {"median", number(row.rates.median)},
            {"percentile99", number(row.rates.percentile_99)}};
}

void print(session& s, const std::vector<row>& rows, std::size_t limit) {
    const auto shown = std::min(limit, rows.size());
    if (s.json) {
        json::array list;
        for (std::size_t i = 0; i < shown; ++i) list.push_back(to_json(rows[i]));
        return print_json(s, list);
    }
    using enum alignment;
    auto table = ilpctl::table{{{"PEER"},
                                {"RECEIVED/s", right},
                                {"FULFILLED/s", right},
                                {"REJECTED/s", right},
                                {"REFUSED/s", right},
                                {"SENT/s", right},
                                {"IN FLIGHT", right},
                                {"MEDIAN", right},
                                {"99 %", right},
                                {"LIQUIDITY", right},
                                {"REACHABILITY"}}};
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& [peer, rates] = rows[i];
        table.add({label_of_peer(*peer), show_rate(rates.received), show_rate(rates.fulfilled),
                   show_rate(rates.rejected), show_rate(rates.refused), show_rate(rates.sent),
                   field(part(*peer, "traffic"), "packetsInFlight"), show_bound(rates.median),
                   show_bound(rates.percentile_99), amount_field(s, *peer, "liquidity", unit_of(part(*peer, "asset"))),
                   reachability_of(*peer)});
    }
    s.out << table.text();
    if (shown < rows.size()) s.out << fmt::format("and {} more peers\n", rows.size() - shown);
}

void show_top(session& s, const top_terms& terms) {
    auto before = look_at_peers(s);
    while (s.pause(terms.interval)) {
        try {
            auto after = look_at_peers(s);
            begin_page(s);
            print(s, rows_between(before, after), terms.limit);
            before = std::move(after);
        } catch (const failure& failure) {  // the daemon may be restarting
            if (terms.once || failure.status() != exit_status::no_answer) throw;
            s.err << "ilpctl: " << failure.what() << '\n';
        }
        s.out.flush();
        if (terms.once) return;
    }
}

}  // namespace

void add_top_verb(CLI::App& root, chosen_verb& chosen) {
    const auto terms = std::make_shared<top_terms>();
    auto& verb = add_verb(root, chosen, "top", "show the packets of each peer, the busiest first, until it is stopped",
                          terms, &show_top);
    add_duration(verb, "--interval", terms->interval, std::chrono::hours{1},
                 "the time between two looks; whole seconds, 2s by default");
    verb.add_option("--limit", terms->limit, "show at most N peers; 20 by default")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000));
    verb.add_flag("--once", terms->once, "end after one table");
}

}  // namespace connector::ilpctl

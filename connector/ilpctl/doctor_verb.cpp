#include "connector/ilpctl/diagnosis.hpp"
#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

struct doctor_terms {
    std::string peer;
    std::chrono::seconds timeout{10};
};

json::array to_json(const std::vector<finding>& findings) {
    json::array list;
    for (const auto& [verdict, subject, text, advice] : findings) {
        list.push_back(json::object{{"verdict", to_text(verdict)},
                                    {"subject", subject},
                                    {"text", text},
                                    {"advice", advice.empty() ? json::value(nullptr) : json::value(advice)}});
    }
    return list;
}

std::string to_lines(const std::vector<finding>& findings) {
    std::string lines;
    for (const auto& [verdict, subject, text, advice] : findings) {
        lines += fmt::format("{:<8} {:<14} {}\n", to_text(verdict), subject, printable(text));
        if (!advice.empty()) lines += fmt::format("{:<23} -> {}\n", "", printable(advice));
    }
    return lines;
}

void examine_peer(session& s, const doctor_terms& terms) {
    const auto peer = find_peer(s, terms.peer);
    // The examination comes first: what it finds is part of the peer's reachability.
    const auto examination = s.daemon.ask(
        documents::examine_peer, {{"input", {{"id", peer.at("id")}, {"timeoutSeconds", terms.timeout.count()}}}}, {},
        terms.timeout * 2);
    const auto node = s.daemon.ask(documents::status, {});
    const auto peer_now = s.daemon.ask(documents::peer, {{"id", peer.at("id")}, {"secrets", false}});
    const auto route = s.daemon.ask(
        documents::route, {{"address", peer.at("staticIlpAddress")}, {"assetId", part(peer, "asset").at("id")}});
    const auto findings = diagnose({.node = node.as_object(),
                                    .peer = peer_now.as_object(),
                                    .route = route,
                                    .examination = examination.as_object()},
                                   s.form);
    if (s.json) {
        print_json(s, to_json(findings));
    } else {
        s.out << to_lines(findings);
    }
    const auto faults = std::ranges::count(findings, verdict::fault, &finding::verdict);
    if (faults > 0)
        throw failure{exit_status::refused,
                      fmt::format("{} {} found", faults, faults == 1 ? "fault was" : "faults were")};
}

}  // namespace

void add_doctor_verb(CLI::App& root, chosen_verb& chosen) {
    const auto terms = std::make_shared<doctor_terms>();
    auto& verb = add_verb(root, chosen, "doctor",
                          "examine the link with a peer, in both directions, and say what to do", terms, &examine_peer);
    add_required(verb, "PEER", terms->peer, "", "id or name of the peer");
    add_duration(verb, "--timeout", terms->timeout, std::chrono::seconds{30},
                 "how long to wait for each of its two answers; whole seconds, 10s by default");
}

}  // namespace connector::ilpctl

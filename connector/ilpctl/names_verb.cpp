#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"

#include <algorithm>
#include <string_view>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

constexpr std::size_t names_max = 1000;

struct names_terms {
    std::string kind;
};

/// Some of them are chosen by strangers and end in a shell: one with any other character is not offered.
bool is_harmless(std::string_view name) {
    const auto is_letter_or_digit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && is_letter_or_digit(name.front()) && std::ranges::all_of(name, [&](char c) {
        return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-' || c == '/';
    });
}

void print(session& s, const std::string& name) {
    if (is_harmless(name)) s.out << name << '\n';
}

void print_names(session& s, const documents::document& what) {
    for (const json::value& each : fetch_nodes(s, what, {}, {.limit = names_max}))
        print(s, field(each.as_object(), "name"));
}

void print_units(session& s) {
    for (const json::value& asset : fetch_nodes(s, documents::assets, {}, {.limit = names_max}))
        print(s, to_string(unit_of(asset.as_object())));
}

void list_names(session& s, const names_terms& terms) {
    if (terms.kind == "peers" || terms.kind == "owners") print_names(s, documents::peers);
    if (terms.kind == "assets" || terms.kind == "owners") print_units(s);
    if (terms.kind == "accounts") print_names(s, documents::receiving_accounts);
}

}  // namespace

void add_names_verb(CLI::App& group, chosen_verb& chosen) {
    const auto terms = std::make_shared<names_terms>();
    auto& verb = add_verb(group, chosen, "names", "print the names of peers, assets or accounts, for the scripts",
                          terms, &list_names);
    add_required(verb, "KIND", terms->kind, "", "peers, assets, accounts, or owners for peers and assets")
        .check(CLI::IsMember({"peers", "assets", "accounts", "owners"}));
}

}  // namespace connector::ilpctl

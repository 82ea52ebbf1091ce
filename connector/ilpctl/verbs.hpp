#pragma once

#include "connector/ilpctl/session.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

/// The verbs: each declares what it takes in the tree of commands, and sets what shall be done when it was chosen.
namespace connector::ilpctl {

struct chosen_verb {
    std::function<void(session&)> run;
    std::function<void(std::ostream&)> run_without_daemon;
};

void add_status_verbs(CLI::App& root, chosen_verb& chosen);
void add_asset_verbs(CLI::App& root, chosen_verb& chosen);
void add_peer_verbs(CLI::App& root, chosen_verb& chosen);
void add_liquidity_verbs(CLI::App& root, chosen_verb& chosen);
void add_network_verbs(CLI::App& root, chosen_verb& chosen);
void add_event_verbs(CLI::App& root, chosen_verb& chosen);

// What several of them take.

/// A verb that only has verbs.
CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& description);

/// A verb with its terms, which live as long as the tree does.
template <typename Terms>
CLI::App& add_verb(CLI::App& parent, chosen_verb& chosen, const std::string& name, const std::string& description,
                   const std::shared_ptr<Terms>& terms, void (*run)(session&, const Terms&)) {
    auto* verb = parent.add_subcommand(name, description);
    verb->callback([&chosen, terms, run] { chosen.run = [terms, run](session& s) { run(s, *terms); }; });
    return *verb;
}

using optional_text = std::optional<std::string>;

CLI::Option& add_text(CLI::App& verb, const std::string& name, optional_text& target, const std::string& type,
                      const std::string& description);
CLI::Option& add_required(CLI::App& verb, const std::string& name, std::string& target, const std::string& type,
                          const std::string& description);
/// One value each time it is given.
CLI::Option& add_texts(CLI::App& verb, const std::string& name, std::vector<std::string>& target,
                       const std::string& type, const std::string& description);

struct list_terms {
    page_terms page;
    bool oldest_first = false;
    optional_text owner;
};
void add_page_terms(CLI::App& verb, page_terms& terms, std::size_t limit);
void add_order(CLI::App& verb, list_terms& terms);
void add_owner(CLI::App& verb, optional_text& owner, const std::string& description);
boost::json::object list_variables(const list_terms& terms);

struct optional_amount {
    std::string option;  ///< its name
    optional_text text;
    bool cleared = false;
};
enum class clearing : std::uint8_t { no, yes };
/// With a --no-NAME beside it when it can be cleared.
void add_amount(CLI::App& verb, const std::string& name, optional_amount& target, const std::string& description,
                clearing clearing);
/// Puts digits or null into the input of a mutation; nothing when it was not given.
void put_amount(const session& s, boost::json::object& input, std::string_view name, const optional_amount& amount,
                const asset_unit& unit);
/// Throws `failure` for a text that is no amount of the unit; `what` says whose text it is.
ilp::amount read_amount(const session& s, std::string_view what, std::string_view text, const asset_unit& unit);

void put_text(boost::json::object& input, std::string_view name, const optional_text& text);

/// A list of strings.
boost::json::array list_of(const std::vector<std::string>& texts);

/// Such as 60s: whole seconds, from one on.
void add_duration(CLI::App& verb, const std::string& name, std::chrono::seconds& target, std::chrono::seconds max,
                  const std::string& description);

void add_idempotency_key(CLI::App& verb, optional_text& key);
/// Asks for a change, under a key of its own unless there is one.
boost::json::value change(session& s, const documents::document& what, boost::json::object input,
                          const optional_text& idempotency_key, const std::string& id = {});

/// A token or secret from a file, or from standard input for "-"; without the line break at its end. Throws `failure`.
std::string read_secret_file(std::istream& in, const std::string& path);

}  // namespace connector::ilpctl

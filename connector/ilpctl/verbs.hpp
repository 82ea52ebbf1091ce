#pragma once

#include "config/value.hpp"
#include "connector/ilpctl/session.hpp"
#include "connector/ilpctl/table.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

/// The verbs. Each declares its arguments in the command tree and sets the function to run if it is chosen.
namespace connector::ilpctl {

struct chosen_verb {
    std::function<void(session&)> run;
    std::function<void(std::ostream&)> run_without_daemon;
    std::optional<std::vector<std::string>> help_about;  ///< the verb that `help` shall explain; empty: ilpctl itself
};

void add_status_verbs(CLI::App& root, chosen_verb& chosen);
void add_cluster_verb(CLI::App& root, chosen_verb& chosen);
void add_account_verbs(CLI::App& root, chosen_verb& chosen);
void add_asset_verbs(CLI::App& root, chosen_verb& chosen);
void add_peer_verbs(CLI::App& root, chosen_verb& chosen);
void add_liquidity_verbs(CLI::App& root, chosen_verb& chosen);
/// The verbs for the money of receiving accounts.
void add_account_transfer_verbs(CLI::App& group, chosen_verb& chosen);
void add_payment_verbs(CLI::App& root, chosen_verb& chosen);
void add_network_verbs(CLI::App& root, chosen_verb& chosen);
void add_doctor_verb(CLI::App& root, chosen_verb& chosen);
void add_top_verb(CLI::App& root, chosen_verb& chosen);
/// The verb that the completion scripts call.
void add_names_verb(CLI::App& group, chosen_verb& chosen);
void add_event_verbs(CLI::App& root, chosen_verb& chosen);

// Helpers shared by several verbs.

/// Adds a line about the registration of the daemon in a database that others share; none for another store.
void add_cluster_line(sheet& sheet, const boost::json::object& cluster);

/// Adds a verb that only has subcommands.
CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& description);

/// Adds a verb with its terms, which live as long as the tree.
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
/// The option may be repeated; each use adds one value.
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
    std::string option;  ///< name of the option
    optional_text text;
    bool cleared = false;
};
enum class clearing : std::uint8_t { no, yes };
/// Also adds --no-NAME if the amount can be cleared.
void add_amount(CLI::App& verb, const std::string& name, optional_amount& target, const std::string& description,
                clearing clearing);
/// Puts digits or null into a mutation's input; does nothing if the amount was not given.
void put_amount(const session& s, boost::json::object& input, std::string_view name, const optional_amount& amount,
                const asset_unit& unit);
/// Throws `failure` if the text is not an amount in the unit; `what` names the argument in the message.
ilp::amount read_amount(const session& s, std::string_view what, std::string_view text, const asset_unit& unit);

/// Reads the value of an option. Throws CLI::ValidationError, which names the option, if the text is not such a value.
template <typename T>
T read_option(const std::string& name, const config::value_type<T>& type, const std::string& text) {
    auto value = type.parse(text);
    if (!value) throw CLI::ValidationError{name, fmt::format("\"{}\": expected {}", printable(text), type.expected)};
    return *std::move(value);
}

void put_text(boost::json::object& input, std::string_view name, const optional_text& text);

/// Converts the texts to a JSON list of strings.
boost::json::array list_of(const std::vector<std::string>& texts);

/// Adds a duration option, such as 60s: whole seconds, at least one.
void add_duration(CLI::App& verb, const std::string& name, std::chrono::seconds& target, std::chrono::seconds max,
                  const std::string& description);

void add_idempotency_key(CLI::App& verb, optional_text& key);
/// Requests a change, with a new idempotency key if none is given.
boost::json::value change(session& s, const documents::document& what, boost::json::object input,
                          const optional_text& idempotency_key, const std::string& id = {});

/// Returns the id of what the verb makes: `id` if one is given, and otherwise one that follows from the idempotency
/// key, so that the whole command can be repeated, or a new one. `verb` tells commands apart that use the same key.
/// Throws `failure` if `id` is not a UUID of version 4.
std::string id_of_new(const optional_text& id, const optional_text& idempotency_key, std::string_view verb);

/// Returns the contents of a file that the command line names. Throws `failure`.
std::string read_file(const std::string& path);

/// Reads a token or secret from a file, or from standard input for "-", without a trailing line break. Throws
/// `failure`.
std::string read_secret_file(std::istream& in, const std::string& path);

}  // namespace connector::ilpctl

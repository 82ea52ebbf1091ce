#pragma once

#include "connector/ilpctl/amount_text.hpp"
#include "connector/ilpctl/api.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace connector::ilpctl {

/// The environment in which a verb runs.
struct session {
    api& daemon;
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool json = false;
    bool err_is_terminal = false;
    bool out_is_terminal = false;
    /// Waits; false: the command shall end instead.
    std::function<bool(std::chrono::milliseconds)> pause{};
    amount_form form = amount_form::units;
    std::vector<std::string> words{};  ///< the command line, without the name of the program
};

/// Clears a terminal, so that the same thing can be shown again in its place; elsewhere it does nothing.
void begin_page(session& s);

/// Prints output for programs: one line, with keys in alphabetical order.
void print_json(session& s, const boost::json::value& value);

/// Returns the member as text, digits or true/false; "-" if it is null or absent.
std::string field(const boost::json::object& object, std::string_view name);

/// Throws std::exception if there is no such object, which means that the daemon has a different schema.
const boost::json::object& part(const boost::json::object& object, std::string_view name);

asset_unit unit_of(const boost::json::object& asset);

/// Formats a member that holds an amount; "-" if it is null.
std::string amount_field(const session& s, const boost::json::object& object, std::string_view name,
                         const asset_unit& unit);

/// Returns the peer's name and its address, because strangers choose their names; only the address if it has no name.
std::string label_of_peer(const boost::json::object& peer);

/// The state of a peer's reachability in lower case: "reachable", "unreachable", "refusing" or "unknown".
std::string reachability_of(const boost::json::object& peer);

struct page_terms {
    std::size_t limit = 0;
    bool all = false;
    std::optional<std::string> after{};  ///< cursor of the entry before the first; nullopt: from the beginning
};

/// Fetches the nodes of a connection page by page. If there are more than requested, prints the command that shows the
/// next ones on standard error.
boost::json::array fetch_nodes(session& s, const documents::document& what, boost::json::object variables,
                               const page_terms& terms);

// Look-ups by id or name. They throw a `failure` with an explanation if nothing or more than one thing matches.

/// All peers with this name; it may be none.
std::vector<boost::json::object> peers_called(session& s, std::string_view name);

/// Includes the outgoing token if `secrets` is true.
boost::json::object find_peer(session& s, std::string_view text, bool secrets = false);

/// Returns the text if it is an ILP address, otherwise the address of the peer with this id or name.
std::string find_address(session& s, const std::string& text);

/// Accepts an id, code and scale (USD/9), or just the code (USD) if it has only one scale.
boost::json::object find_asset(session& s, std::string_view text);

boost::json::object find_receiving_account(session& s, std::string_view text);

enum class account_owner : std::uint8_t { peer, asset, receiving_account };

/// A liquidity account.
struct account {
    account_owner owner{};
    std::string id;
    std::string label;  ///< "peer bob", "asset USD/9", "receiving account alice"
    asset_unit unit;
};
/// The account of a peer or an asset.
account find_account(session& s, std::string_view text);
account account_of_receiver(session& s, std::string_view text);

}  // namespace connector::ilpctl

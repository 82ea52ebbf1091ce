#pragma once

#include "connector/ilpctl/amount_text.hpp"
#include "connector/ilpctl/api.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <istream>
#include <ostream>
#include <string>
#include <string_view>

namespace connector::ilpctl {

/// What a verb works with.
struct session {
    api& daemon;
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool json = false;
    amount_form form = amount_form::units;
};

/// For programs: one line, the keys in their alphabetical order.
void print_json(session& s, const boost::json::value& value);

/// The member's text, digits or true/false; "-" when it is null or not there.
std::string field(const boost::json::object& object, std::string_view name);

/// Throws std::exception when there is no such object: the daemon has another schema.
const boost::json::object& part(const boost::json::object& object, std::string_view name);

asset_unit unit_of(const boost::json::object& asset);

/// A member that holds an amount; "-" when it is null.
std::string amount_field(const session& s, const boost::json::object& object, std::string_view name,
                         const asset_unit& unit);

/// Name, or address where it has none.
std::string label_of_peer(const boost::json::object& peer);

struct page_terms {
    std::size_t limit = 0;
    bool all = false;
};

/// The nodes of a connection, fetched page by page. Says on standard error when there are more than asked for.
boost::json::array fetch_nodes(session& s, const documents::document& what, boost::json::object variables,
                               const page_terms& terms);

// Whom a person means: an id, or a name. What cannot be found, or is found twice, is a `failure` that says so.

/// With its outgoing token when `secrets`.
boost::json::object find_peer(session& s, std::string_view text, bool secrets = false);

/// By id, as USD/9, or as USD when there is one scale of it.
boost::json::object find_asset(session& s, std::string_view text);

/// A peer or an asset: what has a liquidity account.
struct account {
    bool is_peer = false;
    std::string id;
    std::string label;  ///< "peer bob", "asset USD/9"
    asset_unit unit;
};
account find_account(session& s, std::string_view text);

}  // namespace connector::ilpctl

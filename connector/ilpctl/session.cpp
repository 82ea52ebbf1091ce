#include "connector/ilpctl/session.hpp"

#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/shell_words.hpp"
#include "connector/ilpctl/table.hpp"
#include "ilp/address.hpp"
#include "peering/json/canonical_json.hpp"
#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"
#include "peering/records/wide_amount.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

constexpr std::size_t page_size_max = 100;
constexpr std::string_view absent = "-";

std::optional<std::string> id_in(std::string_view text) {
    if (!peering::is_uuid_v4(text)) return std::nullopt;
    auto id = std::string{text};
    peering::to_lower_case(id);
    return id;
}

const page_terms everything{.limit = std::numeric_limits<std::size_t>::max(), .all = true};

/// Returns nullopt if nothing has this id.
std::optional<json::object> thing_with(session& s, const documents::document& what, json::object variables) {
    try {
        const auto answer = s.daemon.ask(what, std::move(variables));
        return answer.is_object() ? std::optional{answer.get_object()} : std::nullopt;
    } catch (const failure& failure) {
        if (failure.code() != "NOT_FOUND") throw;
        return std::nullopt;
    }
}

std::optional<json::object> peer_with(session& s, const std::string& id, bool secrets) {
    return thing_with(s, documents::peer, {{"id", id}, {"secrets", secrets}});
}

std::optional<json::object> asset_with(session& s, const std::string& id) {
    return thing_with(s, documents::asset, {{"id", id}});
}

std::vector<json::object> assets_called(session& s, std::string_view text) {
    auto found = std::vector<json::object>{};
    if (const auto unit = parse_asset_unit(text)) {
        const auto asset = s.daemon.ask(documents::asset_by_unit, {{"code", unit->code}, {"scale", unit->scale}});
        if (asset.is_object()) found.push_back(asset.get_object());
        return found;
    }
    for (const json::value& asset : fetch_nodes(s, documents::assets, {}, everything))
        if (field(asset.as_object(), "code") == text) found.push_back(asset.as_object());
    return found;
}

[[noreturn]] void throw_not_found(std::string_view kind, std::string_view text) {
    throw failure{exit_status::refused, fmt::format("there is no {} \"{}\"", kind, printable(text))};
}

/// Says how to add the asset if the text names it as that command does.
[[noreturn]] void throw_no_asset(std::string_view kind, std::string_view text) {
    const auto advice = parse_asset_unit(text)
                            ? fmt::format("add the asset with `ilpctl asset create {}`", printable(text))
                            : std::string{"`ilpctl asset list` shows the assets"};
    throw failure{exit_status::refused, fmt::format("there is no {} \"{}\": {}", kind, printable(text), advice)};
}

void expect_one_peer(std::string_view text, const std::vector<json::object>& found) {
    if (found.size() < 2) return;
    auto ids = std::string{};
    for (const json::object& peer : found)
        ids += fmt::format("\n  {}  {}", printable(field(peer, "id")), printable(field(peer, "staticIlpAddress")));
    throw failure{exit_status::refused, fmt::format("{} peers have the name \"{}\": use the id of one{}", found.size(),
                                                    printable(text), ids)};
}

void expect_one_asset(std::string_view text, const std::vector<json::object>& found) {
    if (found.size() < 2) return;
    auto units = std::string{};
    for (const json::object& asset : found)
        units += fmt::format("{}{}", units.empty() ? "" : ", ", printable(to_string(unit_of(asset))));
    throw failure{exit_status::refused,
                  fmt::format("\"{}\" has several scales: use one of {}", printable(text), units)};
}

account account_of_peer(const json::object& peer) {
    return {account_owner::peer, field(peer, "id"), "peer " + label_of_peer(peer), unit_of(part(peer, "asset"))};
}

account account_of_asset(const json::object& asset) {
    const auto unit = unit_of(asset);
    return {account_owner::asset, field(asset, "id"), "asset " + to_string(unit), unit};
}

}  // namespace

void begin_page(session& s) {
    constexpr auto home_and_clear = "\x1b[H\x1b[J";
    if (s.out_is_terminal) s.out << home_and_clear;
}

void print_json(session& s, const json::value& value) {
    const auto text = peering::canonical_json(value);
    s.out << (text ? *text : json::serialize(value)) << '\n';
}

std::string field(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    if (found == nullptr || found->is_null()) return std::string{absent};
    if (const auto* text = found->if_string()) return std::string{std::string_view{*text}};
    return json::serialize(*found);
}

const json::object& part(const json::object& object, std::string_view name) {
    return object.at(name).as_object();
}

asset_unit unit_of(const json::object& asset) {
    const auto scale = ilp::parse_amount(field(asset, "scale"));
    if (!scale || scale->value > std::numeric_limits<std::uint8_t>::max())
        throw failure{exit_status::no_answer, "the response has an asset without a scale"};
    return {field(asset, "code"), static_cast<std::uint8_t>(scale->value)};
}

std::string amount_field(const session& s, const json::object& object, std::string_view name, const asset_unit& unit) {
    const auto text = field(object, name);
    const auto is_number = peering::parse_wide_amount(text).has_value();
    return is_number ? show_amount(text, unit, s.form) : text;
}

std::string label_of_peer(const json::object& peer) {
    const auto name = field(peer, "name");
    const auto address = field(peer, "staticIlpAddress");
    return name == absent ? address : fmt::format("{} at {}", name, address);
}

std::string reachability_of(const json::object& peer) {
    auto state = field(part(peer, "reachability"), "state");
    peering::to_lower_case(state);
    return state;
}

json::array fetch_nodes(session& s, const documents::document& what, json::object variables, const page_terms& terms) {
    auto nodes = json::array{};
    if (terms.after) variables["after"] = *terms.after;
    const auto limit = terms.all ? std::numeric_limits<std::size_t>::max() : terms.limit;
    while (nodes.size() < limit) {
        variables["first"] = std::min(page_size_max, limit - nodes.size());
        const auto answer = s.daemon.ask(what, variables);
        const auto& connection = answer.as_object();
        const auto& edges = connection.at("edges").as_array();
        for (const json::value& edge : edges) nodes.push_back(part(edge.as_object(), "node"));
        const auto& page = part(connection, "pageInfo");
        if (edges.empty() || !page.at("hasNextPage").as_bool()) return nodes;
        variables["after"] = page.at("endCursor");
    }
    const auto next = command_with(words_for_next_page(s.words, field(variables, "after")));
    s.err << fmt::format("ilpctl: there are more, which --limit N or --all shows; the next page is\n  {}\n",
                         printable(next));
    return nodes;
}

std::vector<json::object> peers_called(session& s, std::string_view name) {
    auto found = std::vector<json::object>{};
    for (const json::value& peer : fetch_nodes(s, documents::peers, {}, everything))
        if (field(peer.as_object(), "name") == name && !peer.as_object().at("name").is_null())
            found.push_back(peer.as_object());
    return found;
}

json::object find_peer(session& s, std::string_view text, bool secrets) {
    if (const auto id = id_in(text)) {
        auto peer = peer_with(s, *id, secrets);
        if (!peer) throw_not_found("peer", text);
        return *std::move(peer);
    }
    const auto found = peers_called(s, text);
    if (found.empty()) throw_not_found("peer", text);
    expect_one_peer(text, found);
    // Tokens of other peers are not fetched.
    return secrets ? find_peer(s, field(found.front(), "id"), true) : found.front();
}

std::string find_address(session& s, const std::string& text) {
    if (ilp::is_address(text)) return text;
    const auto id = id_in(text);
    const auto found = id ? std::vector<json::object>{} : peers_called(s, text);
    const auto by_id = id ? peer_with(s, *id, false) : std::nullopt;
    if (!by_id && found.empty())
        throw failure{exit_status::refused,
                      fmt::format("\"{}\" is neither an ILP address, such as test.bob, nor a peer; `ilpctl peer list` "
                                  "shows the peers",
                                  printable(text))};
    expect_one_peer(text, found);
    return field(by_id ? *by_id : found.front(), "staticIlpAddress");
}

json::object find_asset(session& s, std::string_view text) {
    if (const auto id = id_in(text)) {
        auto asset = asset_with(s, *id);
        if (!asset) throw_not_found("asset", text);
        return *std::move(asset);
    }
    const auto found = assets_called(s, text);
    if (found.empty()) throw_no_asset("asset", text);
    expect_one_asset(text, found);
    return found.front();
}

json::object find_receiving_account(session& s, std::string_view text) {
    const auto id = id_in(text);
    auto found = id ? thing_with(s, documents::receiving_account, {{"id", *id}})
                    : thing_with(s, documents::receiving_account_by_name, {{"name", text}});
    if (!found) throw_not_found("receiving account", text);
    return *std::move(found);
}

account account_of_receiver(session& s, std::string_view text) {
    const auto receiver = find_receiving_account(s, text);
    return {account_owner::receiving_account, field(receiver, "id"), "receiving account " + field(receiver, "name"),
            unit_of(part(receiver, "asset"))};
}

account find_account(session& s, std::string_view text) {
    if (const auto id = id_in(text)) {
        if (const auto peer = peer_with(s, *id, false)) return account_of_peer(*peer);
        if (const auto asset = asset_with(s, *id)) return account_of_asset(*asset);
        throw_not_found("peer or asset", text);
    }
    const auto peers = peers_called(s, text);
    const auto assets = assets_called(s, text);
    if (peers.empty() && assets.empty()) throw_no_asset("peer or asset", text);
    if (!peers.empty() && !assets.empty())
        throw failure{exit_status::refused,
                      fmt::format("\"{}\" is both a peer and an asset: use its id, or name the asset "
                                  "as CODE/SCALE",
                                  printable(text))};
    expect_one_peer(text, peers);
    expect_one_asset(text, assets);
    return peers.empty() ? account_of_asset(assets.front()) : account_of_peer(peers.front());
}

}  // namespace connector::ilpctl

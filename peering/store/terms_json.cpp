#include "peering/store/terms_json.hpp"

#include "config/text.hpp"
#include "ilp/hex.hpp"
#include "peering/records/wide_amount.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <limits>

namespace peering {
namespace {

namespace json = boost::json;

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto character = config::decode_utf8(text);
        if (!character) return false;
        text.remove_prefix(character->size);
    }
    return true;
}

void put(json::object& object, std::string_view key, const std::optional<ilp::amount>& amount) {
    if (!amount) return;
    wide_amount_buffer digits;
    object.emplace(key, to_text(amount->value, digits));
}

void put(json::object& object, std::string_view key, const std::vector<ilp::digest>& hashes) {
    if (hashes.empty()) return;
    json::array& list = object.emplace(key, json::array{}).first->value().get_array();
    for (const ilp::digest& hash : hashes) list.emplace_back(ilp::to_hex(hash));
}

// Each of these reads the value of one key, and returns false if the value is not valid for it.

bool take(const json::value& value, std::string& to) {
    if (!value.is_string()) return false;
    to = std::string_view{value.get_string()};
    return true;
}

bool take(const json::value& value, bool& to) {
    if (!value.is_bool()) return false;
    to = value.get_bool();
    return true;
}

bool take(const json::value& value, std::optional<bool>& to) {
    return take(value, to.emplace());
}

bool take(const json::value& value, std::optional<ilp::amount>& to) {
    if (!value.is_string()) return false;
    const auto amount = parse_wide_amount(value.get_string());
    if (!amount || *amount > ilp::amount::max().value) return false;
    to = {static_cast<std::uint64_t>(*amount)};
    return true;
}

bool take(const json::value& value, ilp::amount& to) {
    std::optional<ilp::amount> amount;
    if (!take(value, amount)) return false;
    to = *amount;
    return true;
}

bool take(const json::value& value, std::uint32_t& to) {
    if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > std::numeric_limits<std::uint32_t>::max()) {
        return false;
    }
    to = static_cast<std::uint32_t>(value.get_int64());
    return true;
}

bool take(const json::value& value, std::optional<std::chrono::milliseconds>& to) {
    if (!value.is_int64() || value.get_int64() < 0) return false;
    to = std::chrono::milliseconds{value.get_int64()};
    return true;
}

bool take(const json::value& value, ilp::digest& to) {
    if (!value.is_string()) return false;
    const auto digest = ilp::parse_hex_digest(value.get_string());
    if (digest) to = *digest;
    return digest.has_value();
}

template <class Element>
bool take(const json::value& value, std::vector<Element>& to) {
    if (!value.is_array()) return false;
    to.clear();
    to.reserve(value.get_array().size());
    return std::ranges::all_of(value.get_array(),
                               [&](const json::value& each) { return take(each, to.emplace_back()); });
}

/// Calls take_member(key, value) for each member of the object in `value`; it returns false for a member that does not
/// belong there.
template <class TakeMember>
bool take_members(const json::value& value, TakeMember take_member) {
    if (!value.is_object()) return false;
    return std::ranges::all_of(value.get_object(), [&](const json::key_value_pair& member) {
        return take_member(std::string_view{member.key()}, member.value());
    });
}

/// Like take_members(), but parses `text` first; a short text needs no heap allocation.
template <class TakeMember>
bool read_members(std::string_view text, TakeMember take_member) {
    std::array<unsigned char, 4096> space;  // NOLINT(*-member-init): filled by the parser
    json::monotonic_resource memory{space.data(), space.size()};
    json::error_code error;
    const json::value value = json::parse(text, error, &memory);
    return !error && take_members(value, take_member);
}

}  // namespace

// The structured bindings name every member, so a new one does not compile until it is written here or, like the first
// ones of a peer, has a column of its own.

std::string to_json(const asset_terms& terms) {
    const auto& [origin, withdrawal_threshold, liquidity_threshold, deleted_at, initial_liquidity] = terms;
    json::object object;
    put(object, "withdrawal_threshold", withdrawal_threshold);
    put(object, "liquidity_threshold", liquidity_threshold);
    put(object, "initial_liquidity", initial_liquidity);
    return object.empty() ? std::string{} : json::serialize(object);
}

std::optional<std::string> to_json(const kept_peer_terms& terms) {
    const auto& [name, ilp_address, origin, enabled, deleted_at, max_packet_amount, split, max_in_flight_amount,
                 max_hold_time, liquidity_threshold, routes, incoming_tokens, incoming_jwt_secrets, client_keys,
                 outgoing_endpoint, outgoing_token, outgoing_jwt_secret, outgoing_jwt_subject, ca_certificates,
                 allow_plain_http, outgoing_protocol, outgoing_mode, auto_peered, initial_liquidity] = terms;
    if (!std::ranges::all_of(routes, is_utf8) || !std::ranges::all_of(incoming_jwt_secrets, is_utf8) ||
        !is_utf8(outgoing_jwt_secret) || !is_utf8(outgoing_jwt_subject) || !is_utf8(outgoing_endpoint) ||
        !is_utf8(outgoing_token) || !is_utf8(ca_certificates) || !is_utf8(outgoing_protocol) ||
        !is_utf8(outgoing_mode) || (auto_peered && (!is_utf8(auto_peered->url) || !is_utf8(auto_peered->source)))) {
        return std::nullopt;
    }
    json::object object;
    put(object, "max_packet_amount", max_packet_amount);
    if (split) {
        json::object& kept = object.emplace("split", json::object{}).first->value().get_object();
        put(kept, "max_total", std::optional{split->max_total});
        kept.emplace("max_parts", split->max_parts);
    }
    put(object, "max_in_flight_amount", max_in_flight_amount);
    if (max_hold_time) object.emplace("max_hold_milliseconds", max_hold_time->count());
    put(object, "liquidity_threshold", liquidity_threshold);
    put(object, "initial_liquidity", initial_liquidity);
    if (!routes.empty()) object.emplace("routes", json::array(routes.begin(), routes.end()));
    put(object, "incoming_tokens", incoming_tokens);
    if (!incoming_jwt_secrets.empty()) {
        object.emplace("incoming_jwt_secrets", json::array(incoming_jwt_secrets.begin(), incoming_jwt_secrets.end()));
    }
    put(object, "client_keys", client_keys);
    if (!outgoing_endpoint.empty() || !outgoing_token.empty()) {
        json::object outgoing{{"endpoint", outgoing_endpoint}, {"auth_token", outgoing_token}};
        if (!outgoing_jwt_secret.empty()) outgoing.emplace("jwt_secret", outgoing_jwt_secret);
        if (!outgoing_jwt_subject.empty()) outgoing.emplace("jwt_subject", outgoing_jwt_subject);
        if (!ca_certificates.empty()) outgoing.emplace("ca_certificates", ca_certificates);
        if (allow_plain_http) outgoing.emplace("allow_plain_http", *allow_plain_http);
        if (!outgoing_protocol.empty()) outgoing.emplace("protocol", outgoing_protocol);
        if (!outgoing_mode.empty()) outgoing.emplace("mode", outgoing_mode);
        object.emplace("outgoing", std::move(outgoing));
    }
    if (auto_peered) {
        const auto& [url, public_addresses_only, source] = *auto_peered;
        json::object kept{{"url", url}, {"public_addresses_only", public_addresses_only}};
        if (!source.empty()) kept.emplace("source", source);
        object.emplace("auto_peered", std::move(kept));
    }
    return object.empty() ? std::string{} : json::serialize(object);
}

bool read_json(std::string_view text, asset_terms& terms) {
    return read_members(text, [&](std::string_view key, const json::value& value) {
        if (key == "withdrawal_threshold") return take(value, terms.withdrawal_threshold);
        if (key == "liquidity_threshold") return take(value, terms.liquidity_threshold);
        if (key == "initial_liquidity") return take(value, terms.initial_liquidity);
        return false;
    });
}

bool read_json(std::string_view text, kept_peer_terms& terms) {
    const auto take_outgoing = [&](std::string_view key, const json::value& value) {
        if (key == "endpoint") return take(value, terms.outgoing_endpoint);
        if (key == "auth_token") return take(value, terms.outgoing_token);
        if (key == "jwt_secret") return take(value, terms.outgoing_jwt_secret);
        if (key == "jwt_subject") return take(value, terms.outgoing_jwt_subject);
        if (key == "ca_certificates") return take(value, terms.ca_certificates);
        if (key == "allow_plain_http") return take(value, terms.allow_plain_http);
        if (key == "protocol") return take(value, terms.outgoing_protocol);
        if (key == "mode") return take(value, terms.outgoing_mode);
        return false;
    };
    const auto take_auto_peered = [&](std::string_view key, const json::value& value) {
        if (key == "url") return take(value, terms.auto_peered->url);
        if (key == "public_addresses_only") return take(value, terms.auto_peered->public_addresses_only);
        if (key == "source") return take(value, terms.auto_peered->source);
        return false;
    };
    const auto take_split = [&](std::string_view key, const json::value& value) {
        if (key == "max_total") return take(value, terms.split->max_total);
        if (key == "max_parts") return take(value, terms.split->max_parts);
        return false;
    };
    return read_members(text, [&](std::string_view key, const json::value& value) {
        if (key == "max_packet_amount") return take(value, terms.max_packet_amount);
        if (key == "split") {
            terms.split.emplace();
            return take_members(value, take_split);
        }
        if (key == "max_in_flight_amount") return take(value, terms.max_in_flight_amount);
        if (key == "max_hold_milliseconds") return take(value, terms.max_hold_time);
        if (key == "liquidity_threshold") return take(value, terms.liquidity_threshold);
        if (key == "initial_liquidity") return take(value, terms.initial_liquidity);
        if (key == "routes") return take(value, terms.routes);
        if (key == "incoming_tokens") return take(value, terms.incoming_tokens);
        if (key == "incoming_jwt_secrets") return take(value, terms.incoming_jwt_secrets);
        if (key == "client_keys") return take(value, terms.client_keys);
        if (key == "outgoing") return take_members(value, take_outgoing);
        if (key == "auto_peered") {
            terms.auto_peered.emplace();
            return take_members(value, take_auto_peered);
        }
        return false;
    });
}

}  // namespace peering

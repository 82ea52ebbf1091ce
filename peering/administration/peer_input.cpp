#include "peering/administration/peer_input.hpp"

#include "config/address_guard.hpp"
#include "config/certificates.hpp"
#include "config/public_token.hpp"
#include "config/schema.hpp"
#include "config/value.hpp"
#include "ilp/condition.hpp"
#include "peering/administration/stored_terms.hpp"
#include "peering/directory/token_fingerprint.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peering {
namespace {

using enum refusal_code;

constexpr std::size_t name_size_max = 256;
constexpr std::size_t routes_max = 10'000;
constexpr std::size_t tokens_max = 100;
constexpr std::size_t client_keys_max = 100;

std::optional<refusal> set_address(peer& made, const std::string& text, const ilp::address& own_address) {
    const auto invalid = [](std::string_view why) {
        return refusal{bad_user_input, fmt::format("invalid ILP address: {}", why)};
    };
    const auto address = config::node_address().parse(text);
    if (!address) return invalid("expected " + config::node_address().expected);
    if (*address == own_address) return invalid("it is this node's own");
    if (const auto why = ilp::unreachable_because(own_address, *address); !why.empty()) return invalid(why);
    made.address = *address;
    return std::nullopt;
}

/// The peer's own address is always a route and is not stored.
std::optional<refusal> set_routes(peer& made, const std::vector<std::string>& routes, const ilp::address& own_address) {
    if (routes.size() > routes_max) {
        return refusal{bad_user_input, fmt::format("invalid routes: there are more than {}", routes_max)};
    }
    std::vector<std::string> others;
    for (const std::string& route : routes) {
        if (!config::route_prefix().parse(route)) {
            return refusal{bad_user_input,
                           fmt::format("invalid route '{}': expected {}", route, config::route_prefix().expected)};
        }
        if (route == own_address.text()) {
            return refusal{bad_user_input, fmt::format("invalid route '{}': it is this node's own address", route)};
        }
        if (route != made.address.text()) others.push_back(route);
    }
    std::ranges::sort(others);
    const auto again = std::ranges::unique(others);
    others.erase(again.begin(), again.end());
    made.routes = prefix_list{others};
    return std::nullopt;
}

/// Not for routes that a peer has already, so that its other terms can still be changed.
std::optional<refusal> check_reach(const std::vector<std::string>& routes, const ilp::address& own_address) {
    for (const std::string& route : routes) {
        const auto why = ilp::unreachable_because(own_address, route);
        if (!why.empty()) return refusal{bad_user_input, fmt::format("invalid route '{}': {}", route, why)};
    }
    return std::nullopt;
}

std::optional<refusal> set_name(peer& made, const std::optional<std::string>& name) {
    if (name && name->size() > name_size_max) {
        return refusal{bad_user_input, fmt::format("invalid name: it is longer than {} bytes", name_size_max)};
    }
    made.given_name = name;
    return std::nullopt;
}

std::optional<refusal> set_hold_time(peer& made, const std::optional<std::chrono::milliseconds>& time,
                                     std::chrono::milliseconds window) {
    const auto type = config::hold_time();
    if (time && !type.parse(fmt::format("{}ms", time->count()))) {
        return refusal{bad_user_input, "invalid maximum hold time: expected " + type.expected};
    }
    if (time && *time <= window) {
        return refusal{bad_user_input,
                       fmt::format("invalid maximum hold time: every packet to the peer would be refused unless it is "
                                   "above connector.min_expiration_window, {} ms",
                                   window.count())};
    }
    made.max_hold_time = time;
    return std::nullopt;
}

/// Packets in flight stay counted under another bound. Without a bound they are not counted, so a first bound does not
/// include those that are already in flight. The old bound stays as it is, because the change may still be refused.
void set_max_in_flight_amount(peer& made, std::optional<ilp::amount> amount) {
    if (max_in_flight_amount_of(made) == amount) return;
    const auto limits = limits_of_api_peer(amount);
    if (amount) limits->in_flight_amount = with_max(made.limits->in_flight_amount, amount);
    made.limits = limits;
}

/// Empty if there is none. Nothing replaces variables here, unlike in the file.
std::string fault_of_token(const std::string& token) {
    if (config::looks_like_variable(token) || (token.starts_with("${") && token.ends_with('}')))
        return "it looks like a variable that was not replaced: send the token itself";
    const auto parsed = config::bearer_token().parse(token);
    if (parsed) return {};
    return parsed.error().empty() ? "expected " + config::bearer_token().expected : parsed.error();
}

std::optional<refusal> too_many_tokens() {
    return refusal{bad_user_input, fmt::format("invalid incoming tokens: there are more than {}", tokens_max)};
}

std::optional<refusal> add_token(peer& made, const std::string& token, bool strangers_may_guess) {
    if (made.incoming_tokens.size() >= tokens_max) return too_many_tokens();
    if (const auto fault = fault_of_token(token); !fault.empty()) {
        return refusal{bad_user_input, "invalid incoming token: " + fault};
    }
    if (const auto fault = strangers_may_guess ? config::fault_of_public_token(token) : std::nullopt) {
        return refusal{bad_user_input, "invalid incoming token: it " + *fault};
    }
    const ilp::digest hash = ilp::sha256(ilp::as_bytes(token));
    if (std::ranges::find(made.incoming_tokens, hash) != made.incoming_tokens.end())
        return refusal{duplicate, "duplicate incoming token"};
    made.incoming_tokens.push_back(hash);
    return std::nullopt;
}

std::optional<refusal> set_tokens(peer& made, const std::vector<std::string>& tokens, bool strangers_may_guess) {
    if (tokens.size() > tokens_max) return too_many_tokens();
    made.incoming_tokens.clear();
    for (const std::string& token : tokens) {
        if (auto found = add_token(made, token, strangers_may_guess)) return found;
    }
    return std::nullopt;
}

/// Empty if there is none.
std::string fault_of_secret(const std::string& secret, bool strangers_may_guess) {
    const auto type = config::signing_secret();
    if (const auto parsed = type.parse(secret); !parsed)
        return parsed.error().empty() ? "expected " + type.expected : parsed.error();
    const auto fault = strangers_may_guess ? config::fault_of_public_token(secret) : std::nullopt;
    return fault ? "it " + *fault : std::string{};
}

std::optional<refusal> add_jwt_secret(peer& made, const std::string& secret, bool strangers_may_guess) {
    if (const auto fault = fault_of_secret(secret, strangers_may_guess); !fault.empty())
        return refusal{bad_user_input, "invalid JWT secret: " + fault};
    if (std::ranges::find(made.incoming_jwt_secrets, config::secret{secret}) != made.incoming_jwt_secrets.end())
        return refusal{duplicate, "duplicate JWT secret"};
    if (made.incoming_jwt_secrets.size() >= config::jwt_secrets_max) {
        return refusal{bad_user_input,
                       fmt::format("invalid JWT secrets: there are more than {}", config::jwt_secrets_max)};
    }
    made.incoming_jwt_secrets.emplace_back(secret);
    return std::nullopt;
}

/// Removes the element that has the name, which is a token or secret, or the fingerprint of one. Returns false if there
/// is none.
template <class Element, class HashOf>
bool remove_named(std::vector<Element>& from, const std::string& name, HashOf hash_of) {
    const ilp::digest hash = ilp::sha256(ilp::as_bytes(name));
    const auto is_it = [&](const Element& each) {
        return ilp::equal_in_constant_time(hash_of(each), hash) || token_fingerprint(hash_of(each)) == name;
    };
    return std::erase_if(from, is_it) != 0;
}

/// Call it when the lists that replace others have been set.
std::optional<refusal> set_incoming_credentials(peer& made, const credentials_edit& edit, bool strangers_may_guess) {
    for (const std::string& token : edit.add_tokens) {
        if (auto found = add_token(made, token, strangers_may_guess)) return found;
    }
    for (const std::string& name : edit.remove_tokens) {
        if (!remove_named(made.incoming_tokens, name, [](const ilp::digest& hash) { return hash; }))
            return refusal{bad_user_input, "unknown incoming token: the peer has none with this value or fingerprint"};
    }
    for (const std::string& secret : edit.add_jwt_secrets) {
        if (auto found = add_jwt_secret(made, secret, strangers_may_guess)) return found;
    }
    for (const std::string& name : edit.remove_jwt_secrets) {
        const auto hash_of = [](const config::secret& each) { return ilp::sha256(ilp::as_bytes(each.reveal())); };
        if (!remove_named(made.incoming_jwt_secrets, name, hash_of))
            return refusal{bad_user_input, "unknown JWT secret: the peer has none with this value or fingerprint"};
    }
    return std::nullopt;
}

std::optional<refusal> set_endpoint(peer& made, const std::string& url) {
    const auto endpoint = config::packet_url().parse(url);
    if (!endpoint) {
        const auto& why = endpoint.error();
        return refusal{bad_user_input, fmt::format("invalid HTTP endpoint: {}",
                                                   why.empty() ? "expected " + config::packet_url().expected : why)};
    }
    made.outgoing.endpoint = *endpoint;
    return std::nullopt;
}

std::optional<refusal> set_outgoing_token(peer& made, const std::string& token) {
    if (const auto fault = fault_of_token(token); !fault.empty())
        return refusal{bad_user_input, "invalid outgoing token: " + fault};
    made.outgoing.auth_token = *config::bearer_token().parse(token);
    made.outgoing.jwt_secret = {};
    made.outgoing.jwt_subject.clear();
    return std::nullopt;
}

std::optional<refusal> set_outgoing_secret(peer& made, const std::string& secret, const ilp::address& own_address) {
    if (const auto fault = fault_of_secret(secret, false); !fault.empty())
        return refusal{bad_user_input, "invalid outgoing JWT secret: " + fault};
    made.outgoing.jwt_secret = config::secret{secret};
    made.outgoing.auth_token = {};
    if (made.outgoing.jwt_subject.empty()) made.outgoing.jwt_subject = own_address.text();
    return std::nullopt;
}

std::optional<refusal> set_outgoing_subject(peer& made, const std::string& subject) {
    if (made.outgoing.jwt_secret.reveal().empty())
        return refusal{bad_user_input, "invalid JWT subject: the peer is shown a token that no secret signs"};
    const auto parsed = config::token_subject().parse(subject);
    if (!parsed) return refusal{bad_user_input, "invalid JWT subject: expected " + config::token_subject().expected};
    made.outgoing.jwt_subject = *parsed;
    return std::nullopt;
}

/// Sets the token that we present, or the secret that signs it.
std::optional<refusal> set_outgoing_credentials(peer& made, const std::optional<std::string>& token,
                                                const credentials_edit& edit, const ilp::address& own_address) {
    const auto& secret = edit.outgoing_jwt_secret;
    const bool has_secret = secret || !made.outgoing.jwt_secret.reveal().empty();
    std::optional<refusal> found;
    if (token && !(token->empty() && has_secret)) {
        if (secret) return refusal{bad_user_input, "invalid outgoing token: beside a JWT secret, it must be empty"};
        found = set_outgoing_token(made, *token);
    }
    if (!found && secret) found = set_outgoing_secret(made, *secret, own_address);
    if (!found && edit.outgoing_jwt_subject) found = set_outgoing_subject(made, *edit.outgoing_jwt_subject);
    return found;
}

std::optional<refusal> set_client_keys(peer& made, const std::vector<std::string>& keys) {
    if (keys.size() > client_keys_max) {
        return refusal{bad_user_input, fmt::format("invalid client keys: there are more than {}", client_keys_max)};
    }
    made.client_keys.clear();
    for (const std::string& key : keys) {
        const auto hash = config::key_hash().parse(key);
        if (!hash) return refusal{bad_user_input, "invalid client key: expected " + config::key_hash().expected};
        if (std::ranges::find(made.client_keys, *hash) != made.client_keys.end())
            return refusal{duplicate, "duplicate client key"};
        made.client_keys.push_back(*hash);
    }
    return std::nullopt;
}

std::optional<refusal> set_ca_certificates(peer& made, const std::string& text) {
    made.outgoing.ca_file.reset();
    if (text.empty()) return std::nullopt;
    auto certificates = config::certificates_in(text);
    if (!certificates) return refusal{bad_user_input, "invalid CA certificates: the text " + certificates.error()};
    made.outgoing.ca_file = {.file = {}, .pem = *std::move(certificates)};
    return std::nullopt;
}

/// Call it when the endpoint has been set.
std::optional<refusal> set_transport(peer& made, const transport_edit& edit, const node_terms& node) {
    config::outgoing_http_settings& outgoing = made.outgoing;
    outgoing.allow_plain_http = edit.allow_plain_http.value_or(outgoing.allow_plain_http);
    outgoing.protocol = edit.protocol.value_or(outgoing.protocol);
    outgoing.mode = edit.mode.value_or(outgoing.mode);
    if (edit.mode == config::answer_mode::asynchronous && !node.has_callback_url)
        return refusal{bad_user_input,
                       "invalid mode: ASYNCHRONOUS requires the setting connector.callback_url; a new value takes "
                       "effect after a restart"};
    if (edit.client_keys) {
        if (auto found = set_client_keys(made, *edit.client_keys)) return found;
    }
    if (edit.ca_certificates) {
        if (auto found = set_ca_certificates(made, *edit.ca_certificates)) return found;
    }
    if (outgoing.allow_plain_http || !config::is_plain_at_public_literal(outgoing.endpoint)) return std::nullopt;
    return refusal{bad_user_input,
                   fmt::format("invalid HTTP endpoint: it {}allowPlainHttp: true", config::plain_http_is_not_allowed)};
}

/// Call it when all other terms have been set, because changing one of them can leave nothing to split.
std::optional<refusal> check_split(const peer& made) {
    if (!made.split) return std::nullopt;
    const auto invalid = [](std::string why) { return refusal{bad_user_input, "invalid split: " + std::move(why)}; };
    if (const auto type = config::split_parts(); !type.parse(std::to_string(made.split->max_parts)))
        return invalid("expected maxParts to be " + type.expected);
    if (!made.max_packet_amount)
        return invalid("it has no effect without maxPacketAmount, because only packets above that are split");
    if (made.split->max_total <= *made.max_packet_amount)
        return invalid("maxTotal must be larger than maxPacketAmount, because only packets above that are split");
    if (made.outgoing.mode == config::answer_mode::asynchronous)
        return invalid("it cannot be used with the mode ASYNCHRONOUS, in which parts cannot be answered");
    return std::nullopt;
}

/// Returns the first refusal, if there is one.
template <class... Steps>
std::optional<refusal> first_refusal(Steps... steps) {
    std::optional<refusal> found;
    ((found = steps(), found.has_value()) || ...);
    return found;
}

}  // namespace

std::optional<refusal> set_terms(peer& made, const peer_wanted& wanted, const node_terms& node) {
    const ilp::address& own_address = node.own_address;
    made.max_packet_amount = wanted.max_packet_amount;
    made.split = wanted.split;
    set_max_in_flight_amount(made, wanted.max_in_flight_amount);
    made.liquidity_threshold = wanted.liquidity_threshold;
    set_auto_peered(made, wanted.auto_peered);
    return first_refusal(
        [&] { return set_address(made, wanted.ilp_address, own_address); },
        [&] { return set_routes(made, wanted.routes, own_address); },
        [&] { return check_reach(wanted.routes, own_address); },
        [&] { return set_endpoint(made, wanted.outgoing_endpoint); },
        [&] { return set_outgoing_credentials(made, wanted.outgoing_token, wanted.credentials, own_address); },
        [&] { return set_transport(made, wanted.transport, node); },
        [&] { return set_hold_time(made, wanted.max_hold_time, node.min_expiration_window); },
        [&] { return set_name(made, wanted.name); },
        [&] { return set_tokens(made, wanted.incoming_tokens, node.strangers_may_guess_tokens); },
        [&] { return set_incoming_credentials(made, wanted.credentials, node.strangers_may_guess_tokens); },
        [&] { return check_split(made); });
}

std::optional<refusal> set_terms(peer& made, const peer_edit& edit, const node_terms& node) {
    const ilp::address& own_address = node.own_address;
    const config::http_endpoint led_to = made.outgoing.endpoint;
    const auto routes = edit.routes ? *edit.routes : made.routes.to_vector();
    const auto when = [](const auto& given, auto set) -> std::optional<refusal> {
        return given ? set(*given) : std::nullopt;
    };
    if (edit.max_packet_amount) made.max_packet_amount = *edit.max_packet_amount;
    if (edit.split) made.split = *edit.split;
    if (edit.max_in_flight_amount) set_max_in_flight_amount(made, *edit.max_in_flight_amount);
    if (edit.liquidity_threshold) made.liquidity_threshold = *edit.liquidity_threshold;
    if (auto found = first_refusal(
            [&] { return when(edit.ilp_address, [&](const auto& it) { return set_address(made, it, own_address); }); },
            [&] { return set_routes(made, routes, own_address); },
            [&] { return when(edit.routes, [&](const auto& it) { return check_reach(it, own_address); }); },
            [&] { return when(edit.outgoing_endpoint, [&](const auto& it) { return set_endpoint(made, it); }); },
            [&] { return set_outgoing_credentials(made, edit.outgoing_token, edit.credentials, own_address); },
            [&] { return set_transport(made, edit.transport, node); },
            [&] {
                return when(edit.max_hold_time,
                            [&](const auto& it) { return set_hold_time(made, it, node.min_expiration_window); });
            },
            [&] { return when(edit.name, [&](const auto& it) { return set_name(made, it); }); },
            [&] {
                return when(edit.incoming_tokens,
                            [&](const auto& it) { return set_tokens(made, it, node.strangers_may_guess_tokens); });
            },
            [&] { return set_incoming_credentials(made, edit.credentials, node.strangers_may_guess_tokens); },
            [&] { return check_split(made); })) {
        return found;
    }
    if (edit.auto_peered) {
        set_auto_peered(made, edit.auto_peered);
    } else if (made.outgoing.endpoint != led_to && made.auto_peered) {
        auto_peered_terms terms = *made.auto_peered;
        terms.public_addresses_only = false;
        set_auto_peered(made, terms);
    }
    return std::nullopt;
}

}  // namespace peering

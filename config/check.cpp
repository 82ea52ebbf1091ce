#include "config/check.hpp"

#include "config/address_guard.hpp"
#include "config/loopback.hpp"
#include "config/public_token.hpp"
#include "config/value.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace config {
namespace {

/// False for the placeholder of a rejected or missing value.
bool is_set(const ilp::address& address) {
    return ilp::scheme_of(address) != ilp::scheme::self;
}
bool is_set(const std::string& route) {
    return ilp::scheme_of(route) != ilp::scheme::peer;
}

class checker {
public:
    checker(const settings& settings, const node& root, reader& in) : settings_{settings}, root_{root}, in_{in} {}

    void run() {
        check_key_pairs();
        check_connector();
        check_store();
        check_admin();
        check_assets();
        check_rates();
        check_auto_peering();
        check_spsp();
        for (std::size_t i = 0; i < settings_.accounts.size(); ++i) check_account(settings_.accounts[i], i);
        for (std::size_t i = 0; i < settings_.peers.size(); ++i) check_peer(settings_.peers[i], i);
        for (std::size_t i = 0; i < settings_.peers.size(); ++i) check_routes(settings_.peers[i], i);
    }

private:
    void report(const key_path& path, std::string message) {
        in_.report(line_of(root_, path), path, std::move(message));
    }
    static std::string peer_key(std::size_t index, std::string_view rest = {}) {
        return "peers[" + std::to_string(index) + "]" + std::string{rest};
    }

    void check_key_pairs() {
        const auto& [connector, admin, metrics, auto_peering] =
            std::tie(settings_.connector, settings_.admin, settings_.metrics, settings_.auto_peering);
        check_pair("connector", "certificate_file", connector.certificate_file, "key_file", connector.key_file);
        check_pair("connector", "client_certificate_file", connector.client_certificate_file, "client_key_file",
                   connector.client_key_file);
        check_pair("admin", "certificate_file", admin.certificate_file, "key_file", admin.key_file);
        check_pair("metrics", "certificate_file", metrics.certificate_file, "key_file", metrics.key_file);
        check_pair("auto_peering", "certificate_file", auto_peering.certificate_file, "key_file",
                   auto_peering.key_file);
        check_pair("spsp", "certificate_file", settings_.spsp.certificate_file, "key_file", settings_.spsp.key_file);
    }

    /// A certificate is of no use without its key, nor a key without its certificate.
    void check_pair(std::string_view section, std::string_view certificate, const std::optional<file_path>& its_path,
                    std::string_view key, const std::optional<file_path>& keys_path) {
        if (its_path.has_value() == keys_path.has_value()) return;
        const auto [set, missing] = its_path ? std::pair{certificate, key} : std::pair{key, certificate};
        const auto around = key_path{nullptr, section, {}};
        if (in_.has_problem_in(key_path{&around, missing, {}}.text())) return;
        report({&around, set, {}}, "has no effect without " + std::string{missing} + ": set both, or neither");
    }

    void check_connector() {
        const auto& connector = settings_.connector;
        check_callback_url();
        if (connector.max_hold_time.count() == 0 || connector.min_expiration_window < connector.max_hold_time) return;
        const auto around = key_path{nullptr, "connector", {}};
        report({&around, "min_expiration_window", {}}, "must be smaller than connector.max_hold_time");
    }

    void check_store() {
        const auto& lease = settings_.store.lease_time;
        if (!lease || *lease >= settings_.connector.max_hold_time + lease_margin) return;
        const auto around = key_path{nullptr, "store", {}};
        if (in_.has_problem_in(key_path{&around, "lease_time", {}}.text())) return;
        report({&around, "lease_time", {}}, "must be at least 10 s more than connector.max_hold_time");
    }

    void check_callback_url() {
        const auto& connector = settings_.connector;
        if (!connector.callback_url || connector.callback_url->is_https() || !connector.certificate_file) return;
        const auto around = key_path{nullptr, "connector", {}};
        report({&around, "callback_url", {}},
               "begins with http://, and connector.listen speaks TLS only: use https://, or remove "
               "connector.certificate_file");
    }

    void check_admin() {
        const auto& admin = settings_.admin;
        if (admin.api_secret && !is_loopback(admin.listen) && !admin.api_secret->reveal().empty() &&
            admin.api_secret->reveal().size() < public_secret_size_min) {
            const auto section = key_path{nullptr, "admin", {}};
            report({&section, "api_secret", {}},
                   "has fewer than " + std::to_string(public_secret_size_min) +
                       " characters, and admin.listen is not a loopback address: " + std::string{how_to_make_a_secret});
        }
        if (admin.api_secret || is_loopback(admin.listen) || in_.has_problem_in("admin.api_secret")) return;
        const auto around = key_path{nullptr, "admin", {}};
        report({&around, "listen", {}},
               "is not a loopback address: set admin.api_secret, otherwise anyone who can reach it could change "
               "everything");
    }

    void check_assets() {
        assets_complete_ = !in_.has_problem_in("assets");
        for (std::size_t i = 0; i < settings_.assets.size(); ++i) {
            const auto& asset = settings_.assets[i];
            const auto [first, added] = assets_.emplace(std::pair{std::string_view{asset.code}, asset.scale}, i);
            if (!added && assets_complete_)
                report({&assets_key_, {}, i},
                       "has the same code and scale as assets[" + std::to_string(first->second) + "]");
        }
    }

    void check_account(const account_settings& account, std::size_t index) {
        const auto accounts = key_path{nullptr, "accounts", {}};
        const auto here = key_path{&accounts, {}, index};
        if (!account.name.empty()) {
            const auto [first, added] = account_names_.emplace(account.name, index);
            const auto owner = key_path{&accounts, {}, first->second};
            if (!added) report({&here, "name", {}}, "is already the name of " + owner.text());
        }
        check_asset(account.asset, here);
    }

    void check_rates() {
        const auto rates = key_path{nullptr, "rates", {}};
        check_pairs(settings_.rates.fixed, {&rates, "fixed", {}});
        check_pairs(settings_.rates.spreads, {&rates, "spreads", {}});
    }

    void check_auto_peering() {
        if (!settings_.auto_peering.enabled || settings_.auto_peering.connector_url) return;
        const auto around = key_path{nullptr, "auto_peering", {}};
        const auto path = key_path{&around, "connector_url", {}};
        if (in_.has_problem_in(path.text())) return;
        report(path, "is required when auto_peering.enabled is true: it is the URL at which peers post packets for us");
    }

    void check_spsp() {
        const auto& spsp = settings_.spsp;
        if (!spsp.enabled || spsp.certificate_file || spsp.allow_plain_http || is_loopback(spsp.listen)) return;
        if (in_.has_problem_in("spsp.certificate_file")) return;
        const auto around = key_path{nullptr, "spsp", {}};
        report({&around, "listen", {}},
               "is not a loopback address: set spsp.certificate_file and spsp.key_file, because whoever is on the way "
               "could have others pay to himself; or, behind a TLS proxy, spsp.allow_plain_http");
    }

    /// Reports any pair listed twice in the same direction. A pair may name currencies of assets created through the
    /// Admin API.
    template <typename Pair>
    void check_pairs(const std::vector<Pair>& pairs, const key_path& list) {
        std::map<std::pair<std::string_view, std::string_view>, std::size_t> seen;
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            const auto here = key_path{&list, {}, i};
            const auto& [base, quote] = std::pair{std::string_view{pairs[i].base}, std::string_view{pairs[i].quote}};
            if (base.empty() || quote.empty()) continue;
            if (base == quote) report({&here, "quote", {}}, "is the same as base: a currency has no rate to itself");
            if (const auto [first, added] = seen.emplace(std::pair{base, quote}, i); !added)
                report(here, "has the same base and quote as " + key_path{&list, {}, first->second}.text());
        }
    }

    void check_peer(const peer_settings& peer, std::size_t index) {
        const auto here = key_path{&peers_key_, {}, index};
        if (!peer.name.empty())
            if (const auto [first, added] = names_.emplace(peer.name, index); !added)
                report({&here, "name", {}}, "is already the name of " + peer_key(first->second));
        check_address(peer, here, index);
        check_asset(peer.asset, here);
        if (peer.packet_burst > 0 && !peer.packet_rate && !in_.has_problem_in(peer_key(index, ".packet_rate")))
            report({&here, "packet_burst", {}}, "has no effect without packet_rate: set packet_rate too, or remove it");
        check_hold_time(peer, here);
        check_split(peer, here);
        check_tokens(peer, here, index);
        check_endpoint(peer, here);
    }

    void check_endpoint(const peer_settings& peer, const key_path& here) {
        const auto& endpoint = peer.http.outgoing.endpoint;
        const auto http = key_path{&here, "http", {}};
        const auto outgoing = key_path{&http, "outgoing", {}};
        const auto path = key_path{&outgoing, "endpoint", {}};
        const auto& own = settings_.auto_peering.connector_url;
        if (own && endpoint.leads_where(*own))
            report(path, "is this node's own auto_peering.connector_url: packets would come back");
        if (is_plain_at_public_literal(endpoint) && !peer.http.outgoing.allow_plain_http)
            report(path, std::string{plain_http_is_not_allowed} + "allow_plain_http: true beside it");
        if (peer.http.outgoing.mode == answer_mode::asynchronous) check_mode(outgoing);
        if (!endpoint.is_https() && peer.http.outgoing.ca_file && !endpoint.url().empty())
            report({&outgoing, "ca_file", {}}, "has no effect on an http:// endpoint: use https://, or remove it");
    }

    void check_mode(const key_path& outgoing) {
        const auto path = key_path{&outgoing, "mode", {}};
        if (!settings_.connector.callback_url && !in_.has_problem_in("connector.callback_url"))
            report(path, "requires connector.callback_url, the URL at which the peer posts its answers");
    }

    void check_hold_time(const peer_settings& peer, const key_path& here) {
        if (!peer.max_hold_time || *peer.max_hold_time > settings_.connector.min_expiration_window) return;
        report({&here, "max_hold_time", {}},
               "must be larger than connector.min_expiration_window: every packet to the peer would be refused");
    }

    void check_split(const peer_settings& peer, const key_path& here) {
        const auto split = key_path{&here, "split", {}};
        if (!peer.split || in_.has_problem_in(split.text())) return;
        const auto max_total = key_path{&split, "max_total", {}};
        if (peer.max_packet_amount) {
            if (peer.split->max_total <= *peer.max_packet_amount)
                report(max_total, "must be larger than max_packet_amount: only packets above that are split");
        } else if (!in_.has_problem_in(key_path{&here, "max_packet_amount", {}}.text())) {
            report(max_total,
                   "has no effect without max_packet_amount: only packets above that are split, so set it "
                   "too, or remove split");
        }
        if (peer.http.outgoing.mode == answer_mode::asynchronous)
            report(split,
                   "cannot be used with the http.outgoing.mode asynchronous, in which parts cannot be answered: "
                   "remove one of them");
    }

    void check_address(const peer_settings& peer, const key_path& here, std::size_t index) {
        if (!is_set(peer.ilp_address)) return;
        const auto path = key_path{&here, "ilp_address", {}};
        if (peer.ilp_address == settings_.ilp_address) return report(path, "is this node's own ilp_address");
        if (const auto why = ilp::unreachable_because(settings_.ilp_address, peer.ilp_address); !why.empty())
            return report(path, "cannot be reached from " + settings_.ilp_address.text() + ": " + std::string{why});
        addresses_.emplace(peer.ilp_address.text(), index);
        if (peer.asset.code.empty()) return;
        const auto [first, added] = asset_addresses_.emplace(
            std::tuple{std::string_view{peer.ilp_address}, std::string_view{peer.asset.code}, peer.asset.scale}, index);
        if (!added) report(path, "is the address of " + peer_key(first->second) + " too, in the same asset");
    }

    void check_asset(const asset_reference& asset, const key_path& here) {
        if (asset.code.empty() || !assets_complete_) return;
        if (assets_.contains({std::string_view{asset.code}, asset.scale})) return;
        const auto path = key_path{&here, "asset", {}};
        if (in_.has_problem_in(path.text())) return;
        report(path, in_quotes(asset.code) + " with scale " + std::to_string(asset.scale) +
                         " is not in the list of assets: add it there");
    }

    void check_tokens(const peer_settings& peer, const key_path& here, std::size_t index) {
        const auto http = key_path{&here, "http", {}};
        const auto incoming = key_path{&http, "incoming", {}};
        const auto tokens = key_path{&incoming, "auth_tokens", {}};
        const auto secrets = key_path{&incoming, "jwt_secrets", {}};
        check_outgoing_credentials(peer, {&http, "outgoing", {}});
        check_jwt_secrets(peer, secrets, index);
        const bool is_public = !is_loopback(settings_.connector.listen);
        const auto& outgoing_token = peer.http.outgoing.auth_token.reveal();
        if (is_public && is_sample_token(outgoing_token)) {
            const auto outgoing = key_path{&http, "outgoing", {}};
            report({&outgoing, "auth_token", {}}, *fault_of_public_token(outgoing_token));
        }
        check_client_keys(peer.http.incoming, {&incoming, "client_keys", {}}, index);
        for (std::size_t i = 0; i < peer.http.incoming.auth_tokens.size(); ++i) {
            const auto& token = peer.http.incoming.auth_tokens[i].reveal();
            if (token.empty()) continue;
            if (auto fault = is_public ? fault_of_public_token(token) : std::nullopt)
                report({&tokens, {}, i}, *std::move(fault));
            const auto [first, added] = tokens_.emplace(token, std::pair{index, i});
            if (added) continue;
            const auto [other_peer, other] = first->second;
            report({&tokens, {}, i}, "is the same token as " + peer_key(other_peer, ".http.incoming.auth_tokens[") +
                                         std::to_string(other) + "]: a token must identify one peer");
        }
    }

    void check_outgoing_credentials(const peer_settings& peer, const key_path& outgoing) {
        const auto& settings = peer.http.outgoing;
        const auto has = [&](std::string_view name, bool is_set) {
            return is_set || in_.has_problem_in(key_path{&outgoing, name, {}}.text());
        };
        const bool has_secret = has("jwt_secret", !settings.jwt_secret.reveal().empty());
        const bool has_token = has("auth_token", !settings.auth_token.reveal().empty());
        if (!has_secret && !has_token) {
            report({&outgoing, "auth_token", {}},
                   "is required: expected " + bearer_token().expected + ", or set jwt_secret instead");
        } else if (has_secret && has_token) {
            report({&outgoing, "jwt_secret", {}}, "is set beside auth_token: keep one of them");
        } else if (!has_secret && !settings.jwt_subject.empty()) {
            report({&outgoing, "jwt_subject", {}}, "has no effect without jwt_secret: set it too, or remove this");
        }
    }

    void check_jwt_secrets(const peer_settings& peer, const key_path& secrets, std::size_t index) {
        const auto& all = peer.http.incoming.jwt_secrets;
        if (all.size() > jwt_secrets_max)
            report(secrets, "has more than " + std::to_string(jwt_secrets_max) + " secrets");
        const bool is_public = !is_loopback(settings_.connector.listen);
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& secret = all[i].reveal();
            if (secret.empty()) continue;
            if (auto fault = is_public ? fault_of_public_token(secret) : std::nullopt)
                report({&secrets, {}, i}, *std::move(fault));
            const auto [first, added] = secrets_.emplace(secret, std::pair{index, i});
            if (added) continue;
            const auto [other_peer, other] = first->second;
            report({&secrets, {}, i}, "is the same secret as " + peer_key(other_peer, ".http.incoming.jwt_secrets[") +
                                          std::to_string(other) + "]: a secret must identify one peer");
        }
    }

    /// A key may occur several times beside tokens, but alone it must identify one peer.
    void check_client_keys(const incoming_http_settings& incoming, const key_path& list, std::size_t index) {
        const auto& keys = incoming.client_keys;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (keys[i] == ilp::digest{}) continue;  // the placeholder of a rejected one
            const auto here = keys.begin() + static_cast<std::ptrdiff_t>(i);
            if (std::find(keys.begin(), here, *here) != here) {
                report({&list, {}, i}, "is given twice");
                continue;
            }
            if (!incoming.auth_tokens.empty() || !incoming.jwt_secrets.empty()) continue;
            if (const auto [first, added] = lone_keys_.emplace(keys[i], index); !added)
                report({&list, {}, i}, "is a key of " + peer_key(first->second) +
                                           " too, and neither has auth_tokens: give one of them a token");
        }
    }

    void check_routes(const peer_settings& peer, std::size_t index) {
        const auto here = key_path{&peers_key_, {}, index};
        const auto routes = key_path{&here, "routes", {}};
        for (std::size_t i = 0; i < peer.routes.size(); ++i) {
            const auto& route = peer.routes[i];
            if (!is_set(route)) continue;
            if (auto message = fault_of_route(route, peer, index); !message.empty())
                report({&routes, {}, i}, std::move(message));
        }
    }

    std::string fault_of_route(const std::string& route, const peer_settings& peer, std::size_t index) {
        if (route == settings_.ilp_address.text()) return "is this node's own ilp_address";
        if (const auto [first, added] = routes_.emplace(route, index); !added)
            return "is a route of " + peer_key(first->second) + (first->second == index ? " already" : " too");
        if (const auto owner = addresses_.find(route); owner != addresses_.end() && route != peer.ilp_address.text())
            return "is the address of " + peer_key(owner->second);
        if (const auto why = ilp::unreachable_because(settings_.ilp_address, route); !why.empty())
            return "can be taken by no packet from " + settings_.ilp_address.text() + ": " + std::string{why};
        return {};
    }

    const settings& settings_;
    const node& root_;
    reader& in_;

    const key_path assets_key_{nullptr, "assets", {}};
    const key_path peers_key_{nullptr, "peers", {}};
    bool assets_complete_ = false;  ///< none of them was rejected

    // First occurrence of each value; the keys are views into the settings.
    std::map<std::pair<std::string_view, std::uint8_t>, std::size_t> assets_;
    std::unordered_map<std::string_view, std::size_t> names_;
    std::unordered_map<std::string_view, std::size_t> account_names_;
    std::unordered_map<std::string_view, std::size_t> addresses_;
    std::map<std::tuple<std::string_view, std::string_view, std::uint8_t>, std::size_t> asset_addresses_;
    std::unordered_map<std::string_view, std::pair<std::size_t, std::size_t>> tokens_;
    std::unordered_map<std::string_view, std::pair<std::size_t, std::size_t>> secrets_;
    std::unordered_map<std::string_view, std::size_t> routes_;
    std::map<ilp::digest, std::size_t> lone_keys_;
};

}  // namespace

void check(const settings& settings, const node& root, reader& in) {
    checker{settings, root, in}.run();
}

}  // namespace config

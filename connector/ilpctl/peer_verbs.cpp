#include "config/certificates.hpp"
#include "config/value.hpp"
#include "connector/ilpctl/failure.hpp"
#include "connector/ilpctl/table.hpp"
#include "connector/ilpctl/verbs.hpp"
#include "peering/records/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

struct one_peer {
    std::string peer;
    bool show_secrets = false;
    bool show_fingerprints = false;
    optional_text idempotency_key;
};

/// Terms that creating and updating a peer have in common.
struct peer_terms {
    optional_text name;
    optional_text outgoing_endpoint;
    optional_text outgoing_token;
    optional_text outgoing_token_file;
    std::vector<std::string> incoming_tokens;
    std::vector<std::string> incoming_token_files;
    optional_text outgoing_secret_file;
    optional_text outgoing_subject;
    std::vector<std::string> incoming_secret_files;
    std::vector<std::string> routes;
    optional_amount max_packet_amount;
    optional_amount split_max_total;
    std::optional<std::uint32_t> split_max_parts;
    bool no_split = false;
    optional_amount max_in_flight_amount;
    std::optional<std::chrono::milliseconds> max_hold_time;
    bool no_max_hold_time = false;
    optional_amount liquidity_threshold;
    std::vector<std::string> client_keys;
    optional_text ca_file;
    bool no_ca_file = false;
    optional_text protocol;  ///< as the API names it, like the mode
    optional_text mode;
    std::optional<bool> allows_plain_http;
    optional_text idempotency_key;
};

struct new_peer : peer_terms {
    std::string address;
    std::string asset;
    optional_amount initial_liquidity;
};

struct changed_peer : peer_terms {
    std::string peer;
    optional_text address;
    bool no_name = false;
    bool no_routes = false;
    bool no_incoming_tokens = false;
    std::vector<std::string> added_token_files;
    std::vector<std::string> removed_tokens;
    std::vector<std::string> removed_secrets;
    bool no_client_keys = false;
};

struct peer_by_url {
    std::string url;
    std::string asset;
    optional_text name;
    optional_amount max_packet_amount;
    optional_amount liquidity_threshold;
    optional_amount deposit;
    optional_text peer;
    optional_text idempotency_key;
};

std::string state_of(const json::object& peer) {
    return peer.at("enabled").as_bool() ? "enabled" : "disabled";
}

/// Says whose certificate is expected: the text itself is long, and is in the output of --json.
std::string trusted_by(const json::object& transport) {
    return transport.at("caCertificates").is_null() ? "the system's" : "its own";
}

void add_transport(ilpctl::sheet& sheet, const json::object& transport) {
    for (const json::value& key : transport.at("clientKeys").as_array()) sheet.add("client key", key.as_string());
    sheet.add("authorities", trusted_by(transport));
    sheet.add("plain http", transport.at("allowPlainHttp").as_bool() ? "allowed" : "in private networks only");
    sheet.add("protocol", field(transport, "protocol"));
    sheet.add("mode", field(transport, "mode"));
}

void add_list(ilpctl::sheet& sheet, const std::string& label, const json::object& from, std::string_view name) {
    if (const auto* const texts = from.if_contains(name))
        for (const json::value& each : texts->as_array()) sheet.add(label, each.as_string());
}

/// Tokens that the peer may present, and secrets that sign them, have fingerprints.
void add_fingerprints(ilpctl::sheet& sheet, const json::object& http) {
    if (!http.contains("incoming")) return;
    add_list(sheet, "incoming token", part(http, "incoming"), "tokenFingerprints");
    add_list(sheet, "incoming secret", part(http, "incoming"), "jwtSecretFingerprints");
}

void add_outgoing_credentials(ilpctl::sheet& sheet, const json::object& http) {
    const auto& outgoing = part(http, "outgoing");
    const auto subject = outgoing.contains("jwtSubject") ? field(outgoing, "jwtSubject") : "-";
    if (subject != "-") {
        sheet.add("outgoing tokens", fmt::format("signed for subject {}", printable(subject)));
    } else if (outgoing.contains("authToken")) {
        sheet.add("outgoing token", field(outgoing, "authToken"));
    }
}

/// Without terms on either side there is no line.
void add_split(const session& s, sheet& sheet, const json::object& peer, const asset_unit& unit) {
    const auto describe = [&](std::string_view name) {
        const auto& terms = part(peer, name);
        return fmt::format("packets up to {} in up to {} parts", amount_field(s, terms, "maxTotal", unit),
                           field(terms, "maxParts"));
    };
    const bool is_set = !peer.at("split").is_null();
    const bool is_accepted = !peer.at("splitAccepted").is_null();
    if (!is_set && !is_accepted) return;
    sheet.add("split", is_set ? describe("split") : "-");
    if (is_accepted) {
        sheet.add("far side accepts", describe("splitAccepted"));
    } else if (part(peer, "reachability").at("lastAnswerAt").is_null()) {
        sheet.add("far side accepts", "not known until it has answered a packet");
    } else {
        sheet.add("far side accepts",
                  fmt::format("no parts: packets above {} get F08; it needs `split` for us in its settings",
                              amount_field(s, peer, "maxPacketAmount", unit)));
    }
}

/// What is not known yet has no line.
void add_reachability(sheet& sheet, const json::object& peer) {
    const auto& found = part(peer, "reachability");
    const auto is_known = [&](std::string_view name) { return !found.at(name).is_null(); };
    const auto state = reachability_of(peer);
    sheet.add("reachability", is_known("since") ? fmt::format("{} since {}", state, field(found, "since")) : state);
    if (is_known("lastAnswerAt")) sheet.add("last answer", field(found, "lastAnswerAt"));
    if (is_known("roundTripMs"))
        sheet.add("round trip", fmt::format("{:.1f} ms", found.at("roundTripMs").to_number<double>()));
    if (is_known("lastError"))
        sheet.add("last error", fmt::format("{} at {}", field(found, "lastError"), field(found, "lastErrorAt")));
}

void print_peer(session& s, const json::value& answer, bool with_fingerprints = false) {
    if (s.json) return print_json(s, answer);
    const auto& peer = answer.as_object();
    const auto unit = unit_of(part(peer, "asset"));
    const auto& outgoing = part(part(peer, "http"), "outgoing");
    auto sheet = ilpctl::sheet{};
    sheet.add("id", field(peer, "id"));
    sheet.add("name", field(peer, "name"));
    sheet.add("address", field(peer, "staticIlpAddress"));
    sheet.add("asset", to_string(unit));
    sheet.add("state", state_of(peer));
    sheet.add("liquidity", amount_field(s, peer, "liquidity", unit));
    if (!peer.at("amountInDoubt").is_null())
        sheet.add("in doubt", amount_field(s, peer, "amountInDoubt", unit) + " since a crash");
    sheet.add("liquidity threshold", amount_field(s, peer, "liquidityThreshold", unit));
    sheet.add("max packet amount", amount_field(s, peer, "maxPacketAmount", unit));
    sheet.add("max in flight", amount_field(s, peer, "maxInFlightAmount", unit));
    const auto hold = field(peer, "maxHoldMilliseconds");
    sheet.add("max hold time", hold == "-" ? hold : hold + " ms");
    add_split(s, sheet, peer, unit);
    for (const json::value& route : peer.at("routes").as_array())
        sheet.add("route", route.as_string().empty() ? "(default)" : std::string_view{route.as_string()});
    sheet.add("outgoing endpoint", field(outgoing, "endpoint"));
    add_outgoing_credentials(sheet, part(peer, "http"));
    if (with_fingerprints) add_fingerprints(sheet, part(peer, "http"));
    add_transport(sheet, part(peer, "transport"));
    sheet.add("origin", field(peer, "origin"));
    sheet.add("tenant", field(part(peer, "tenant"), "id"));
    sheet.add("created", field(peer, "createdAt"));
    add_reachability(sheet, peer);
    s.out << sheet.text();
}

void list_peers(session& s, const list_terms& terms) {
    const auto peers = fetch_nodes(s, documents::peers, list_variables(terms), terms.page);
    if (s.json) return print_json(s, peers);
    auto table = ilpctl::table{{{"NAME"},
                                {"ADDRESS"},
                                {"ASSET"},
                                {"LIQUIDITY", alignment::right},
                                {"STATE"},
                                {"ORIGIN"},
                                {"ID"},
                                {"REACHABILITY"}}};
    for (const json::value& node : peers) {
        const auto& peer = node.as_object();
        const auto unit = unit_of(part(peer, "asset"));
        table.add({field(peer, "name"), field(peer, "staticIlpAddress"), to_string(unit),
                   amount_field(s, peer, "liquidity", unit), state_of(peer), field(peer, "origin"), field(peer, "id"),
                   reachability_of(peer)});
    }
    s.out << table.text();
}

void show_peer(session& s, const one_peer& terms) {
    print_peer(s, find_peer(s, terms.peer, terms.show_secrets), terms.show_fingerprints);
}

/// Standard input can supply only one token or secret. An option that excluded two others would be described in an
/// order that differs from run to run, so what excludes the secret is checked here.
void check_token_files(const peer_terms& terms, const std::vector<std::string>& added_token_files = {}) {
    if (terms.outgoing_secret_file && (terms.outgoing_token || terms.outgoing_token_file))
        throw failure{exit_status::usage, "--outgoing-jwt-secret-file excludes --outgoing-token and its file"};
    auto from_input = terms.outgoing_token_file == "-" || terms.outgoing_secret_file == "-" ? 1 : 0;
    for (const auto* const files : {&terms.incoming_token_files, &terms.incoming_secret_files, &added_token_files})
        from_input += static_cast<int>(std::ranges::count(*files, "-"));
    if (from_input > 1) throw failure{exit_status::usage, "only one token can come from standard input"};
}

optional_text outgoing_token(session& s, const peer_terms& terms) {
    if (terms.outgoing_token_file) return read_secret_file(s.in, *terms.outgoing_token_file);
    return terms.outgoing_token;
}

json::array secrets_in_files(const session& s, const std::vector<std::string>& files) {
    auto secrets = json::array{};
    for (const std::string& file : files) secrets.emplace_back(read_secret_file(s.in, file));
    return secrets;
}

void put_secrets(const session& s, json::object& input, std::string_view name, const std::vector<std::string>& files) {
    if (!files.empty()) input[name] = secrets_in_files(s, files);
}

/// The secret that signs takes the place of the token.
void put_outgoing_secret(const session& s, json::object& outgoing, const peer_terms& terms) {
    if (terms.outgoing_secret_file) {
        outgoing["authToken"] = "";
        outgoing["jwtSecret"] = read_secret_file(s.in, *terms.outgoing_secret_file);
    }
    put_text(outgoing, "jwtSubject", terms.outgoing_subject);
}

json::array incoming_tokens(session& s, const peer_terms& terms) {
    auto tokens = json::array{};
    for (const std::string& token : terms.incoming_tokens) tokens.emplace_back(token);
    for (const std::string& file : terms.incoming_token_files) tokens.emplace_back(read_secret_file(s.in, file));
    return tokens;
}

/// Comments around the certificates are left out.
std::string read_certificates(const std::string& path) {
    auto certificates = config::certificates_in_file(path);
    if (!certificates) throw failure{exit_status::usage, fmt::format("{} {}", printable(path), certificates.error())};
    return *std::move(certificates);
}

json::object transport_of(const peer_terms& terms, bool clears_client_keys) {
    auto transport = json::object{};
    if (!terms.client_keys.empty() || clears_client_keys) transport["clientKeys"] = list_of(terms.client_keys);
    if (terms.ca_file) transport["caCertificates"] = read_certificates(*terms.ca_file);
    if (terms.no_ca_file) transport["caCertificates"] = nullptr;
    put_text(transport, "protocol", terms.protocol);
    put_text(transport, "mode", terms.mode);
    if (terms.allows_plain_http) transport["allowPlainHttp"] = *terms.allows_plain_http;
    return transport;
}

void put_common_terms(const session& s, json::object& input, const peer_terms& terms, const asset_unit& unit) {
    put_text(input, "name", terms.name);
    put_amount(s, input, "maxPacketAmount", terms.max_packet_amount, unit);
    put_amount(s, input, "maxInFlightAmount", terms.max_in_flight_amount, unit);
    if (terms.max_hold_time) input["maxHoldMilliseconds"] = terms.max_hold_time->count();
    if (terms.no_max_hold_time) input["maxHoldMilliseconds"] = nullptr;
    put_amount(s, input, "liquidityThreshold", terms.liquidity_threshold, unit);
    if (!terms.routes.empty()) input["routes"] = list_of(terms.routes);
}

/// The API replaces these terms as a whole, so an option that is not given keeps the value that there is.
void put_split(const session& s, json::object& input, const peer_terms& terms, const asset_unit& unit,
               const json::value& before = {}) {
    if (terms.no_split) input["split"] = nullptr;
    if (!terms.split_max_total.text && !terms.split_max_parts) return;
    auto split = before.is_object() ? before.as_object() : json::object{};
    put_amount(s, split, "maxTotal", terms.split_max_total, unit);
    if (!split.contains("maxTotal"))
        throw failure{exit_status::usage,
                      "--split-max-total AMOUNT is missing: the largest packet that crosses the link in parts"};
    if (terms.split_max_parts) split["maxParts"] = *terms.split_max_parts;
    input["split"] = std::move(split);
}

void create_peer(session& s, const new_peer& terms) {
    check_token_files(terms);
    const auto token = outgoing_token(s, terms);
    if (!terms.outgoing_endpoint)
        throw failure{exit_status::usage, "--outgoing-endpoint URL is missing: where the peer accepts packets"};
    if (!token && !terms.outgoing_secret_file)
        throw failure{exit_status::usage,
                      "--outgoing-token-file FILE is missing: the token that we present to the peer (or "
                      "--outgoing-token TOKEN)"};
    auto outgoing = json::object{{"authToken", token.value_or("")}, {"endpoint", *terms.outgoing_endpoint}};
    put_outgoing_secret(s, outgoing, terms);
    auto http = json::object{{"outgoing", std::move(outgoing)}};
    if (auto tokens = incoming_tokens(s, terms); !tokens.empty())
        http["incoming"] = json::object{{"authTokens", std::move(tokens)}};
    auto transport = transport_of(terms, false);
    const auto asset = find_asset(s, terms.asset);
    const auto unit = unit_of(asset);
    auto input =
        json::object{{"assetId", asset.at("id")}, {"staticIlpAddress", terms.address}, {"http", std::move(http)}};
    put_common_terms(s, input, terms, unit);
    put_split(s, input, terms, unit);
    if (!transport.empty()) input["transport"] = std::move(transport);
    put_secrets(s, input, "incomingJwtSecrets", terms.incoming_secret_files);
    put_amount(s, input, "initialLiquidity", terms.initial_liquidity, unit);
    const auto namesakes = terms.name ? peers_called(s, *terms.name) : std::vector<json::object>{};
    const auto answer = change(s, documents::create_peer, std::move(input), terms.idempotency_key).at("peer");
    print_peer(s, answer);
    // A repeated command has made the peer before.
    const auto id = field(answer.as_object(), "id");
    if (std::ranges::any_of(namesakes, [&](const json::object& peer) { return field(peer, "id") != id; }))
        s.err << fmt::format("ilpctl: warning: another peer has the name \"{}\" as well, so commands need their ids\n",
                             printable(*terms.name));
}

/// Whoever removes a token sees whether the right number is left, without asking for the fingerprints.
void note_tokens_left(session& s, const json::object& peer) {
    if (!part(peer, "http").contains("incoming")) return;
    const auto& incoming = part(part(peer, "http"), "incoming");
    const auto tokens = incoming.at("tokenFingerprints").as_array().size();
    const auto secrets = incoming.at("jwtSecretFingerprints").as_array().size();
    const auto keys = part(peer, "transport").at("clientKeys").as_array().size();
    if (tokens + secrets + keys == 0) {
        s.err << "ilpctl: warning: the peer has no incoming token, secret or client key left, so its packets are "
                 "refused\n";
    } else {
        s.err << fmt::format("ilpctl: incoming tokens left: {}\n", tokens);
    }
}

bool changes_incoming(const changed_peer& terms) {
    return !terms.incoming_tokens.empty() || !terms.incoming_token_files.empty() || terms.no_incoming_tokens;
}

bool changes_http(const changed_peer& terms) {
    return terms.outgoing_token || terms.outgoing_token_file || terms.outgoing_endpoint || terms.outgoing_secret_file ||
           terms.outgoing_subject || changes_incoming(terms);
}

/// The API replaces the outgoing terms as a whole, so options that are not given keep the peer's current values.
json::object changed_http(session& s, const changed_peer& terms, const json::object& peer) {
    auto outgoing = part(part(peer, "http"), "outgoing");
    outgoing.erase("jwtSubject");  // it remains as it is, unless a token takes the place of the secret
    put_outgoing_secret(s, outgoing, terms);
    put_text(outgoing, "authToken", outgoing_token(s, terms));
    put_text(outgoing, "endpoint", terms.outgoing_endpoint);
    auto http = json::object{{"outgoing", std::move(outgoing)}};
    if (changes_incoming(terms)) http["incoming"] = json::object{{"authTokens", incoming_tokens(s, terms)}};
    return http;
}

void update_peer(session& s, const changed_peer& terms) {
    check_token_files(terms, terms.added_token_files);
    auto transport = transport_of(terms, terms.no_client_keys);
    const auto peer = find_peer(s, terms.peer, changes_http(terms));
    auto input = json::object{{"id", peer.at("id")}};
    if (changes_http(terms)) input["http"] = changed_http(s, terms, peer);
    const auto unit = unit_of(part(peer, "asset"));
    put_common_terms(s, input, terms, unit);
    put_split(s, input, terms, unit, peer.at("split"));
    if (!transport.empty()) input["transport"] = std::move(transport);
    put_secrets(s, input, "addIncomingTokens", terms.added_token_files);
    if (!terms.removed_tokens.empty()) input["removeIncomingTokens"] = list_of(terms.removed_tokens);
    put_secrets(s, input, "addIncomingJwtSecrets", terms.incoming_secret_files);
    if (!terms.removed_secrets.empty()) input["removeIncomingJwtSecrets"] = list_of(terms.removed_secrets);
    put_text(input, "staticIlpAddress", terms.address);
    if (terms.no_name) input["name"] = nullptr;
    if (terms.no_routes) input["routes"] = json::array{};
    if (input.size() == 1)
        throw failure{exit_status::usage, "the command changes nothing: see ilpctl peer update --help"};
    const auto answer = change(s, documents::update_peer, std::move(input), terms.idempotency_key).at("peer");
    print_peer(s, answer);
    if (terms.no_incoming_tokens || terms.no_client_keys || !terms.removed_tokens.empty() ||
        !terms.removed_secrets.empty())
        note_tokens_left(s, answer.as_object());
}

void delete_peer(session& s, const one_peer& terms) {
    const auto peer = find_peer(s, terms.peer);
    const auto answer = change(s, documents::delete_peer, {{"id", peer.at("id")}}, terms.idempotency_key);
    if (s.json) return print_json(s, answer);
    s.out << fmt::format("deleted peer {} ({})\n", printable(label_of_peer(peer)), printable(field(peer, "id")));
    if (field(peer, "liquidity") != "0")
        s.out << fmt::format("withdrew its liquidity, which was {} just before\n",
                             printable(amount_field(s, peer, "liquidity", unit_of(part(peer, "asset")))));
}

void set_enabled(session& s, const one_peer& terms, bool enabled) {
    const auto peer = find_peer(s, terms.peer);
    const auto answer =
        change(s, documents::set_peer_enabled, {{"id", peer.at("id")}, {"enabled", enabled}}, terms.idempotency_key);
    if (s.json) return print_json(s, answer.at("peer"));
    s.out << fmt::format("{} peer {} ({})\n", enabled ? "enabled" : "disabled", printable(label_of_peer(peer)),
                         printable(field(peer, "id")));
}

void disable_peer(session& s, const one_peer& terms) {
    set_enabled(s, terms, false);
}

void enable_peer(session& s, const one_peer& terms) {
    set_enabled(s, terms, true);
}

void add_peer_by_url(session& s, const peer_by_url& terms) {
    const auto asset = find_asset(s, terms.asset);
    const auto unit = unit_of(asset);
    auto input = json::object{{"peerUrl", terms.url}, {"assetId", asset.at("id")}};
    put_text(input, "name", terms.name);
    put_amount(s, input, "maxPacketAmount", terms.max_packet_amount, unit);
    put_amount(s, input, "liquidityThreshold", terms.liquidity_threshold, unit);
    put_amount(s, input, "liquidityToDeposit", terms.deposit, unit);
    if (terms.peer) input["peerId"] = find_peer(s, *terms.peer).at("id");
    print_peer(s, change(s, documents::add_peer_by_url, std::move(input), terms.idempotency_key).at("peer"));
}

constexpr auto how_peers_are_named = "id or name";
constexpr auto in_what = "the asset that it is paid in: id, CODE/SCALE, or CODE";

template <typename Terms>
void add_limits(CLI::App& verb, Terms& terms, clearing clearing) {
    add_amount(verb, "--max-packet-amount", terms.max_packet_amount, "the largest amount of a packet from or to it",
               clearing);
    add_amount(verb, "--liquidity-threshold", terms.liquidity_threshold,
               "raise an event when liquidity falls to this amount", clearing);
}

/// Adds an option for a choice that has upper-case names in the API. They are printed, so they are accepted as well.
template <typename Choice>
void add_choice(CLI::App& verb, const std::string& name, const config::value_type<Choice>& type, optional_text& target,
                const std::string& type_name, const std::string& description) {
    const auto read = [name, type, &target](const std::string& text) {
        auto lower = text;
        peering::to_lower_case(lower);
        if (!type.parse(lower)) static_cast<void>(read_option(name, type, text));
        target = lower;
        for (char& c : *target)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    };
    verb.add_option_function<std::string>(name, read, description)->type_name(type_name);
}

void add_transport_terms(CLI::App& verb, peer_terms& terms, clearing clearing) {
    add_texts(verb, "--incoming-client-key", terms.client_keys, "HASH",
              "SHA-256 of the public key of a client certificate that it may show; may be repeated");
    auto& file = add_text(verb, "--outgoing-ca-file", terms.ca_file, "FILE",
                          "file with the authorities that its certificate may come from, in PEM");
    add_choice(verb, "--outgoing-protocol", config::protocol(), terms.protocol, "PROTOCOL",
               "the version of HTTP of packets to it: auto, http1 or http2");
    add_choice(verb, "--outgoing-mode", config::mode(), terms.mode, "MODE",
               "how it answers packets: synchronous or asynchronous");
    auto* allow = verb.add_flag_callback(
        "--allow-plain-http", [&terms] { terms.allows_plain_http = true; },
        "send packets to it over http:// even if its address is public");
    if (clearing == clearing::no) return;
    verb.add_flag("--no-outgoing-ca-file", terms.no_ca_file,
                  "clear this setting: the authorities that the system trusts")
        ->excludes(&file);
    verb.add_flag_callback(
            "--no-allow-plain-http", [&terms] { terms.allows_plain_http = false; }, "clear this setting")
        ->excludes(allow);
}

void add_split_terms(CLI::App& verb, peer_terms& terms, clearing clearing) {
    add_amount(verb, "--split-max-total", terms.split_max_total,
               "the largest amount of a packet that crosses the link with it in parts", clearing::no);
    const auto read_parts = [&terms](const std::string& text) {
        terms.split_max_parts = read_option("--split-max-parts", config::split_parts(), text);
    };
    auto* parts = verb.add_option_function<std::string>("--split-max-parts", read_parts,
                                                        "the largest number of its parts; 16 by default");
    parts->type_name("N");
    if (clearing == clearing::no) return;
    verb.add_flag("--no-split", terms.no_split, "clear both: no packet crosses the link in parts")
        ->excludes(parts)
        ->excludes(verb.get_option("--split-max-total"));
}

void add_peer_terms(CLI::App& verb, peer_terms& terms, clearing clearing) {
    add_text(verb, "--outgoing-endpoint", terms.outgoing_endpoint, "URL", "the URL at which it accepts packets");
    auto& file = add_text(verb, "--outgoing-token-file", terms.outgoing_token_file, "FILE",
                          "file with the token that we present; - for standard input");
    add_text(verb, "--outgoing-token", terms.outgoing_token, "TOKEN", "the token itself, which `ps` may show")
        .excludes(&file);
    add_text(verb, "--outgoing-jwt-secret-file", terms.outgoing_secret_file, "FILE",
             "file with the secret that signs the tokens that we present; - for standard input");
    add_text(verb, "--outgoing-jwt-subject", terms.outgoing_subject, "NAME",
             "the subject of these tokens; the ILP address of the node by default");
    add_texts(verb, "--incoming-jwt-secret-file", terms.incoming_secret_files, "FILE",
              "file with a further secret with which it may sign tokens; - for standard input; may be repeated");
    add_texts(verb, "--incoming-token-file", terms.incoming_token_files, "FILE",
              "file with a token that it may present; - for standard input; may be repeated");
    add_texts(verb, "--incoming-token", terms.incoming_tokens, "TOKEN",
              "the token itself, which `ps` may show; may be repeated");
    add_texts(verb, "--route", terms.routes, "PREFIX",
              "a further address prefix that is routed to it; may be repeated");
    add_limits(verb, terms, clearing);
    add_split_terms(verb, terms, clearing);
    add_amount(verb, "--max-in-flight-amount", terms.max_in_flight_amount,
               "the largest sum of the amounts of packets from it that are in flight at one time", clearing);
    const auto read_hold_time = [&terms](const std::string& text) {
        terms.max_hold_time = read_option("--max-hold-time", config::hold_time(), text);
    };
    auto* hold_time = verb.add_option_function<std::string>("--max-hold-time", read_hold_time,
                                                            "how long a packet to it may be held; 4s for a Rafiki");
    hold_time->type_name("TIME");
    if (clearing == clearing::yes)
        verb.add_flag("--no-max-hold-time", terms.no_max_hold_time, "clear this setting")->excludes(hold_time);
    add_transport_terms(verb, terms, clearing);
}

void add_clearing(CLI::App& verb, const std::string& name, bool& target, const std::string& description,
                  const std::vector<std::string>& instead_of) {
    auto* flag = verb.add_flag(name, target, description);
    for (const std::string& option : instead_of) flag->excludes(verb.get_option(option));
}

}  // namespace

void add_peer_verbs(CLI::App& root, chosen_verb& chosen) {
    auto& group = add_group(root, "peer", "manage the peers that packets come from and go to");

    const auto list = std::make_shared<list_terms>();
    auto& list_verb = add_verb(group, chosen, "list", "list peers", list, &list_peers);
    add_page_terms(list_verb, list->page, 100);
    add_order(list_verb, *list);
    add_owner(list_verb, list->owner, "only the peers of this tenant");

    const auto show = std::make_shared<one_peer>();
    auto& show_verb = add_verb(group, chosen, "show", "show a peer", show, &show_peer);
    add_required(show_verb, "PEER", show->peer, "", how_peers_are_named);
    show_verb.add_flag("--fingerprints", show->show_fingerprints,
                       "also show a fingerprint of each token that it may present");
    show_verb.add_flag("--show-secrets", show->show_secrets, "also show the outgoing token; only with a secret");

    const auto create = std::make_shared<new_peer>();
    auto& create_verb = add_verb(group, chosen, "create", "add a peer", create, &create_peer);
    add_required(create_verb, "ADDRESS", create->address, "", "its ILP address");
    add_required(create_verb, "--asset", create->asset, "ASSET", in_what);
    add_text(create_verb, "--name", create->name, "NAME", "its name");
    add_peer_terms(create_verb, *create, clearing::no);
    add_amount(create_verb, "--initial-liquidity", create->initial_liquidity, "the amount to deposit at once",
               clearing::no);
    add_idempotency_key(create_verb, create->idempotency_key);

    const auto update = std::make_shared<changed_peer>();
    auto& update_verb =
        add_verb(group, chosen, "update", "change a peer; terms not given remain", update, &update_peer);
    add_required(update_verb, "PEER", update->peer, "", how_peers_are_named);
    add_text(update_verb, "--address", update->address, "ADDRESS", "its ILP address");
    add_text(update_verb, "--name", update->name, "NAME", "its name");
    add_peer_terms(update_verb, *update, clearing::yes);
    add_clearing(update_verb, "--no-name", update->no_name, "clear its name", {"--name"});
    add_clearing(update_verb, "--no-routes", update->no_routes, "clear all routes except its own address", {"--route"});
    add_clearing(update_verb, "--no-incoming-tokens", update->no_incoming_tokens,
                 "clear the tokens that it may present", {"--incoming-token", "--incoming-token-file"});
    add_texts(update_verb, "--add-incoming-token-file", update->added_token_files, "FILE",
              "file with a token that it may present besides those that it has; may be repeated");
    add_texts(update_verb, "--remove-incoming-token", update->removed_tokens, "TOKEN",
              "a token that it may no longer present, or its fingerprint; may be repeated");
    add_texts(update_verb, "--remove-incoming-jwt-secret", update->removed_secrets, "SECRET",
              "a secret that no longer counts, or its fingerprint; may be repeated");
    add_clearing(update_verb, "--no-incoming-client-keys", update->no_client_keys,
                 "clear the client certificates that it may show", {"--incoming-client-key"});
    add_idempotency_key(update_verb, update->idempotency_key);

    const auto add_one = [&](const std::string& name, const std::string& description,
                             void (*run)(session&, const one_peer&)) {
        const auto terms = std::make_shared<one_peer>();
        auto& verb = add_verb(group, chosen, name, description, terms, run);
        add_required(verb, "PEER", terms->peer, "", how_peers_are_named);
        add_idempotency_key(verb, terms->idempotency_key);
    };
    add_one("delete", "delete a peer that no payment has gone to or come from, and withdraw its liquidity",
            &delete_peer);
    add_one("disable", "refuse packets from and to a peer; those in flight are finished", &disable_peer);
    add_one("enable", "accept packets from and to a peer again", &enable_peer);

    const auto by_url = std::make_shared<peer_by_url>();
    auto& by_url_verb = add_verb(group, chosen, "add-by-url", "add a peer by auto-peering, or renew its URL and tokens",
                                 by_url, &add_peer_by_url);
    add_required(by_url_verb, "URL", by_url->url, "", "the URL of its auto-peering listener");
    add_required(by_url_verb, "--asset", by_url->asset, "ASSET", in_what);
    add_text(by_url_verb, "--name", by_url->name, "NAME", "its name");
    add_limits(by_url_verb, *by_url, clearing::no);
    add_amount(by_url_verb, "--deposit", by_url->deposit, "the amount to deposit at once", clearing::no);
    add_text(by_url_verb, "--peer", by_url->peer, "PEER",
             "id or name of the peer that the node is; replaces its tokens and URL, however it was made");
    add_idempotency_key(by_url_verb, by_url->idempotency_key);
}

}  // namespace connector::ilpctl

#include "config/schema.hpp"
#include "peering/admin/resolvers.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace peering::admin {
namespace {

using graphql::arguments;
using graphql::call;
using graphql::field_result;
using graphql::object;
using graphql::value;

constexpr int ping_seconds_initially = 10;
constexpr int ping_seconds_max = 30;

mutation_outcome done(const char* message, const administration::peer_outcome& peer) {
    if (!peer) return std::unexpected{peer.error()};
    return done_mutation{message, peer_view{**peer}};
}

std::optional<std::chrono::milliseconds> hold_time_of(const arguments& input) {
    const auto number = input.find<int>("maxHoldMilliseconds");
    return number ? std::optional{std::chrono::milliseconds{*number}} : std::nullopt;
}

std::optional<config::split_settings> split_of(const arguments& input) {
    const auto split = input.find<arguments>("split");
    if (!split) return std::nullopt;
    const auto parts = split->find<int>("maxParts");
    // No number of parts is negative, and zero is refused as well.
    return config::split_settings{
        .max_total = ilp::amount{split->get<std::uint64_t>("maxTotal")},
        .max_parts = parts ? static_cast<std::uint32_t>(std::max(*parts, 0)) : config::split_parts_by_default()};
}

std::vector<std::string> texts_of(const arguments& input, const char* name) {
    return input.find<std::vector<std::string>>(name).value_or(std::vector<std::string>{});
}

void read_outgoing_secret(const arguments& outgoing, credentials_edit& to) {
    to.outgoing_jwt_secret = outgoing.find<std::string>("jwtSecret");
    to.outgoing_jwt_subject = outgoing.find<std::string>("jwtSubject");
}

config::http_protocol protocol_of(std::string_view schema_name) {
    if (schema_name == "HTTP1") return config::http_protocol::http1;
    return schema_name == "HTTP2" ? config::http_protocol::http2 : config::http_protocol::automatic;
}

/// A null clears the certificates and leaves any other field unchanged, as in read_edit().
transport_edit transport_of(const arguments& input) {
    transport_edit edit;
    const auto transport = input.find<arguments>("transport");
    if (!transport) return edit;
    edit.client_keys = transport->find<std::vector<std::string>>("clientKeys");
    if (transport->has("caCertificates"))
        edit.ca_certificates = transport->find<std::string>("caCertificates").value_or(std::string{});
    edit.allow_plain_http = transport->find<bool>("allowPlainHttp");
    edit.mode = transport->find<std::string>("mode").transform([](std::string_view schema_name) {
        return schema_name == "ASYNCHRONOUS" ? config::answer_mode::asynchronous : config::answer_mode::synchronous;
    });
    edit.protocol = transport->find<std::string>("protocol").transform(protocol_of);
    return edit;
}

peer_wanted read_wanted(const arguments& input) {
    peer_wanted wanted;
    wanted.asset_uuid = id_of(input.get<std::string>("assetId"));
    wanted.ilp_address = input.get<std::string>("staticIlpAddress");
    wanted.name = input.find<std::string>("name");
    wanted.routes = input.find<std::vector<std::string>>("routes").value_or(std::vector<std::string>{});
    wanted.max_packet_amount = amount_of(input, "maxPacketAmount");
    wanted.split = split_of(input);
    wanted.max_in_flight_amount = amount_of(input, "maxInFlightAmount");
    wanted.max_hold_time = hold_time_of(input);
    wanted.liquidity_threshold = amount_of(input, "liquidityThreshold");
    wanted.initial_liquidity = amount_of(input, "initialLiquidity");
    const auto http = input.get<arguments>("http");
    if (const auto incoming = http.find<arguments>("incoming")) {
        wanted.incoming_tokens = incoming->get<std::vector<std::string>>("authTokens");
    }
    const auto outgoing = http.get<arguments>("outgoing");
    wanted.outgoing_endpoint = outgoing.get<std::string>("endpoint");
    wanted.outgoing_token = outgoing.get<std::string>("authToken");
    read_outgoing_secret(outgoing, wanted.credentials);
    wanted.credentials.add_jwt_secrets = texts_of(input, "incomingJwtSecrets");
    wanted.transport = transport_of(input);
    return wanted;
}

/// An absent argument leaves its field unchanged. A null clears a field that may be empty and leaves any other
/// unchanged.
peer_edit read_edit(const arguments& input) {
    peer_edit edit;
    edit.ilp_address = input.find<std::string>("staticIlpAddress");
    if (input.has("name")) edit.name = input.find<std::string>("name");
    edit.routes = input.find<std::vector<std::string>>("routes");
    if (input.has("maxPacketAmount")) edit.max_packet_amount = amount_of(input, "maxPacketAmount");
    if (input.has("split")) edit.split = split_of(input);
    if (input.has("maxInFlightAmount")) edit.max_in_flight_amount = amount_of(input, "maxInFlightAmount");
    if (input.has("maxHoldMilliseconds")) edit.max_hold_time = hold_time_of(input);
    if (input.has("liquidityThreshold")) edit.liquidity_threshold = amount_of(input, "liquidityThreshold");
    if (const auto http = input.find<arguments>("http")) {
        if (const auto incoming = http->find<arguments>("incoming")) {
            edit.incoming_tokens = incoming->get<std::vector<std::string>>("authTokens");
        }
        const auto outgoing = http->get<arguments>("outgoing");
        edit.outgoing_endpoint = outgoing.get<std::string>("endpoint");
        auto token = outgoing.get<std::string>("authToken");
        if (token != hidden_token) edit.outgoing_token = std::move(token);
        read_outgoing_secret(outgoing, edit.credentials);
    }
    edit.credentials.add_tokens = texts_of(input, "addIncomingTokens");
    edit.credentials.remove_tokens = texts_of(input, "removeIncomingTokens");
    edit.credentials.add_jwt_secrets = texts_of(input, "addIncomingJwtSecrets");
    edit.credentials.remove_jwt_secrets = texts_of(input, "removeIncomingJwtSecrets");
    edit.transport = transport_of(input);
    return edit;
}

/// Marks the outgoing token in the answer as known to the caller, whose request contained it.
mutation_outcome with_own_token(mutation_outcome outcome, const std::optional<std::string>& token) {
    if (outcome && outcome->peer && token) outcome->peer->token_is_from_caller = true;
    return outcome;
}

mutation_outcome create_or_update_by_url(services& services, mutations& mutations, const arguments& input,
                                         const peer_by_url& wanted) {
    bool has_answered = false;
    const auto ask = [&]() -> std::expected<admin::mutations::decision, refusal> {
        const auto question = services.auto_peers.ask(wanted);
        if (!question) return std::unexpected{question.error()};
        const auto answer = services.ask_node(*question);
        if (!answer) return std::unexpected{answer.error()};
        has_answered = true;
        return [&services, wanted, question = *question, answer = *answer](transaction& transaction) {
            return done("Created or updated ILP Peer",
                        services.auto_peers.apply_peering_answer(transaction, wanted, question, answer));
        };
    };
    auto outcome = mutations.ask_and_decide("createOrUpdatePeerByUrl", input, ask);
    using enum refusal_code;
    if (!outcome && has_answered &&
        (outcome.error().code == internal_server_error || outcome.error().code == timeout)) {
        outcome.error().message += auto_peers::after_its_answer();
    }
    return outcome;
}

std::expected<std::chrono::seconds, graphql::field_error> time_limit_of(const arguments& input) {
    const int seconds = input.find<int>("timeoutSeconds").value_or(ping_seconds_initially);
    if (seconds < 1 || seconds > ping_seconds_max) {
        return refuse(refusal_code::bad_user_input, "timeoutSeconds must be from 1 to 30");
    }
    return std::chrono::seconds{seconds};
}

value to_value(const ping_answer& answer) {
    return object{"PingResponse",
                  {{"reached", answer.reached},
                   {"milliseconds",
                    answer.time ? value{std::chrono::duration<double, std::milli>{*answer.time}.count()} : value{}},
                   {"peer", answer.next_hop ? to_value(peer_view{*answer.next_hop}) : value{}},
                   {"code", answer.code},
                   {"triggeredBy", answer.triggered_by},
                   {"message", answer.message}}};
}

value to_value(const ilp::ildcp::configuration& told) {
    return object{
        "ToldConfiguration",
        {{"ilpAddress", told.client_address}, {"assetCode", told.asset_code}, {"assetScale", told.asset_scale}}};
}

field_result ping(const services& services, const call& call) {
    const auto input = call.args.get<arguments>("input");
    const auto address = input.get<std::string>("address");
    if (!ilp::is_address(address)) return refuse(refusal_code::bad_user_input, "invalid ILP address");
    const auto limit = time_limit_of(input);
    if (!limit) return std::unexpected{limit.error()};
    return to_value(services.ping(address, *limit));
}

field_result examine(const services& services, const call& call) {
    const auto input = call.args.get<arguments>("input");
    const auto limit = time_limit_of(input);
    if (!limit) return std::unexpected{limit.error()};
    const auto peer = services.directory.find_peer(id_of(input.get<std::string>("id")));
    if (!peer) return refuse(refusal_code::not_found, "Peer not found");
    const examination found = services.examine(peer, *limit);
    if (found.is_busy) return refuse(refusal_code::conflict, found.question.message.value_or(""));
    return object{"ExaminePeerResponse",
                  {{"question", to_value(found.question)},
                   {"configuration", found.configuration ? to_value(*found.configuration) : value{}},
                   {"echo", found.echo ? to_value(*found.echo) : value{}}}};
}

}  // namespace

void add_peer_mutations(graphql::resolvers& to, services& services, mutations& mutations) {
    to["Mutation.createPeer"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const auto wanted = read_wanted(input);
        const auto outcome = mutations.decide("createPeer", input, [&services, wanted](transaction& transaction) {
            return done("Created ILP Peer", services.administration.create_peer(transaction, wanted));
        });
        return answer_of("CreatePeerMutationResponse", with_own_token(outcome, wanted.outgoing_token));
    };
    to["Mutation.updatePeer"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const auto edit = read_edit(input);
        const auto outcome = mutations.decide(
            "updatePeer", input, [&services, id = id_of(input.get<std::string>("id")), edit](transaction& transaction) {
                return done("Updated ILP Peer", services.administration.update_peer(transaction, id, edit));
            });
        return answer_of("UpdatePeerMutationResponse", with_own_token(outcome, edit.outgoing_token));
    };
    to["Mutation.deletePeer"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const auto outcome = mutations.decide(
            "deletePeer", input, [&services, id = id_of(input.get<std::string>("id"))](transaction& transaction) {
                return done("Deleted ILP Peer", services.administration.delete_peer(transaction, id));
            });
        return answer_of("DeletePeerMutationResponse", outcome);
    };
    to["Mutation.setPeerEnabled"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const auto outcome =
            mutations.decide("setPeerEnabled", input,
                             [&services, id = id_of(input.get<std::string>("id")),
                              enabled = input.get<bool>("enabled")](transaction& transaction) {
                                 return done(enabled ? "Enabled ILP Peer" : "Disabled ILP Peer",
                                             services.administration.set_enabled(transaction, id, enabled));
                             });
        return answer_of("SetPeerEnabledMutationResponse", outcome);
    };
    to["Mutation.createOrUpdatePeerByUrl"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const peer_by_url wanted{.url = input.get<std::string>("peerUrl"),
                                 .asset_uuid = id_of(input.get<std::string>("assetId")),
                                 .name = input.find<std::string>("name"),
                                 .max_packet_amount = amount_of(input, "maxPacketAmount"),
                                 .liquidity_threshold = amount_of(input, "liquidityThreshold"),
                                 .liquidity_to_deposit = amount_of(input, "liquidityToDeposit"),
                                 .peer_uuid = input.find<std::string>("peerId").transform(id_of)};
        const auto outcome = create_or_update_by_url(services, mutations, input, wanted);
        return answer_of("CreateOrUpdatePeerByUrlMutationResponse", outcome);
    };
    to["Mutation.ping"] = [&](const call& call) { return ping(services, call); };
    to["Mutation.examinePeer"] = [&](const call& call) { return examine(services, call); };
}

}  // namespace peering::admin

#pragma once

#include "ilp/timestamp.hpp"
#include "peering/directory/directory.hpp"
#include "peering/directory/peer.hpp"
#include "peering/directory/receiving_account.hpp"
#include "peering/graphql/value.hpp"
#include "peering/records/account.hpp"
#include "peering/records/kept_terms.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Assets, peers and receiving accounts as the Admin API shows them, captured at one moment. They can be stored with a
/// mutation's answer, so that a repeated request gets the same answer. Only liquidity, reachability and what a peer
/// accepts in parts are read when they are requested.
namespace peering::admin {

struct asset_view {
    std::string id{};
    std::string code{};
    std::uint8_t scale = 0;
    std::optional<std::uint64_t> withdrawal_threshold{};
    std::optional<std::uint64_t> liquidity_threshold{};
    std::string created_at{};
    peering::origin origin{};
    account_id liquidity{};

    explicit asset_view(const asset_entry& entry);
    explicit asset_view(const boost::json::object& kept);
    boost::json::object to_json() const;
};

struct peer_view {
    std::string id{};
    std::optional<std::string> name{};
    std::string ilp_address{};
    std::string asset_id{};
    std::optional<std::uint64_t> max_packet_amount{};
    std::optional<config::split_settings> split{};
    std::optional<std::uint64_t> max_in_flight_amount{};
    std::optional<std::uint64_t> max_hold_milliseconds{};
    std::optional<std::uint64_t> liquidity_threshold{};
    std::vector<std::string> routes{};  ///< its own address first
    std::string outgoing_endpoint{};
    std::string outgoing_token{};                     ///< empty if `jwt_subject` is not
    std::optional<std::string> jwt_subject{};         ///< of the tokens that we sign for the peer
    std::vector<std::string> incoming_tokens{};       ///< their fingerprints
    std::vector<std::string> incoming_jwt_secrets{};  ///< likewise
    std::vector<std::string> client_keys{};           ///< in hexadecimal digits
    std::optional<std::string> ca_certificates{};     ///< PEM
    bool allow_plain_http = false;
    config::http_protocol protocol{};
    config::answer_mode mode{};
    bool token_is_from_caller = false;  ///< the request that is being answered contained it
    bool enabled = true;
    std::string created_at{};
    peering::origin origin{};
    account_id liquidity{};

    explicit peer_view(const peer& peer);
    explicit peer_view(const boost::json::object& kept);
    boost::json::object to_json() const;
};

struct receiving_account_view {
    std::string id{};
    std::string name{};
    std::optional<std::string> public_name{};
    std::string asset_id{};
    bool enabled = true;
    std::string created_at{};
    peering::origin origin{};
    account_id liquidity{};

    explicit receiving_account_view(const receiving_account& receiver);
    explicit receiving_account_view(const boost::json::object& kept);
    boost::json::object to_json() const;
};

/// Replaces a token in the responses to requests that are not signed. It is not a valid token, so it cannot become one
/// by mistake; updatePeer treats it as "unchanged", because clients send back what they have read.
inline constexpr std::string_view hidden_token = "(hidden: sign the request)";

graphql::value to_value(const asset_view& asset);
graphql::value to_value(const peer_view& peer);
graphql::value to_value(const receiving_account_view& receiver);

}  // namespace peering::admin

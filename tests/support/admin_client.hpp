#pragma once

#include "tests/support/http.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// The Admin API's response to a document with one top-level field.
class admin_answer {
public:
    explicit admin_answer(boost::json::value body) : body_(std::move(body)) {}

    const boost::json::value& body() const noexcept { return body_; }
    bool done() const { return !body_.as_object().contains("errors"); }
    /// The code of the first error, or "" if there is none.
    std::string code() const;
    std::string message() const;
    /// The value of that field. Throws std::runtime_error with the error if the request was refused.
    const boost::json::value& field() const;
    std::string text() const;

private:
    boost::json::value body_;
};

/// A client program of the Admin API. Each request uses a connection of its own. Can be used from any thread.
class admin_client {
public:
    explicit admin_client(std::uint16_t port) : port_{port} {}

    /// Throws std::runtime_error if no answer arrives.
    admin_answer ask(std::string_view query, boost::json::object variables = {}) const;
    /// Requests every field of the mutation's result.
    admin_answer mutate(std::string_view name, boost::json::object input) const;
    /// Empty if the connection ended without an answer or nobody is listening.
    std::optional<admin_answer> try_mutate(std::string_view name, boost::json::object input) const;
    /// The same mutation as an HTTP request, for tests that send it byte by byte.
    static http_request request_of(std::string_view name, boost::json::object input);
    static admin_answer answer_in(const http_message& response);

    // These throw if the request is refused. They return an id or all fields.

    std::string create_asset(std::string_view code, int scale) const;
    std::string asset_id(std::string_view code, int scale) const;
    std::string create_peer(boost::json::object input) const;
    boost::json::value update_peer(std::string_view id, boost::json::object input) const;
    void set_enabled(std::string_view id, bool enabled) const;
    void deposit(std::string_view peer, std::uint64_t amount) const;

    boost::json::array peers() const;   ///< all peers, newest first
    boost::json::array assets() const;  ///< all assets, newest first
    /// Null if there is no such peer.
    boost::json::value peer(std::string_view id) const;
    boost::json::value peer_named(std::string_view name) const;

private:
    boost::json::array all(const std::string& field, std::string_view selection) const;

    std::uint16_t port_;
};

/// The createPeer input for a peer with the address "test." plus its name and the tokens `token_of(name)` and
/// `token_for(name)`. The peer listens on `port`.
boost::json::object peer_input(const std::string& name, const std::string& asset, std::uint16_t port,
                               std::uint64_t liquidity = 0);
/// The `http` member of an updatePeer input. Tokens that are not given stay as they are.
boost::json::object http_input(std::uint16_t port, const std::string& outgoing_token,
                               const std::optional<std::string>& incoming_token = {});

/// The value of a string member.
std::string text_at(const boost::json::value& object, std::string_view name);

/// A new version 4 UUID.
std::string random_uuid();

}  // namespace support

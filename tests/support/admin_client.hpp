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

/// What the Admin API answers to a document with one field.
class admin_answer {
public:
    explicit admin_answer(boost::json::value body) : body_(std::move(body)) {}

    const boost::json::value& body() const noexcept { return body_; }
    bool done() const { return !body_.as_object().contains("errors"); }
    /// Of the first error; "" when there is none.
    std::string code() const;
    std::string message() const;
    /// The field. Throws std::runtime_error with the refusal when there is one.
    const boost::json::value& field() const;
    std::string text() const;

private:
    boost::json::value body_;
};

/// An operator's program in front of the Admin API: each request on a connection of its own. Any thread.
class admin_client {
public:
    explicit admin_client(std::uint16_t port) : port_{port} {}

    /// Throws std::runtime_error when no answer comes.
    admin_answer ask(std::string_view query, boost::json::object variables = {}) const;
    /// Asks for all that the mutation's answer has.
    admin_answer mutate(std::string_view name, boost::json::object input) const;
    /// Empty when the connection ended without an answer, or nobody listens.
    std::optional<admin_answer> try_mutate(std::string_view name, boost::json::object input) const;
    /// The same as a request, to be sent octet by octet.
    static http_request request_of(std::string_view name, boost::json::object input);
    static admin_answer answer_in(const http_message& response);

    // These throw when they are refused. They give an id, or all fields.

    std::string create_asset(std::string_view code, int scale) const;
    std::string asset_id(std::string_view code, int scale) const;
    std::string create_peer(boost::json::object input) const;
    boost::json::value update_peer(std::string_view id, boost::json::object input) const;
    void set_enabled(std::string_view id, bool enabled) const;
    void deposit(std::string_view peer, std::uint64_t amount) const;

    boost::json::array peers() const;   ///< all, the newest first
    boost::json::array assets() const;  ///< likewise
    /// Null when there is none.
    boost::json::value peer(std::string_view id) const;
    boost::json::value peer_named(std::string_view name) const;

private:
    boost::json::array all(const std::string& field, std::string_view selection) const;

    std::uint16_t port_;
};

/// What createPeer needs for a peer whose address is "test." and the name, and who has the tokens of `token_of(name)`
/// and `token_for(name)`. It listens on `port`.
boost::json::object peer_input(const std::string& name, const std::string& asset, std::uint16_t port,
                               std::uint64_t liquidity = 0);
/// The `http` of an updatePeer: tokens stay when none are given.
boost::json::object http_input(std::uint16_t port, const std::string& outgoing_token,
                               const std::optional<std::string>& incoming_token = {});

/// A member that is text.
std::string text_at(const boost::json::value& object, std::string_view name);

/// A new UUID of version 4.
std::string random_uuid();

}  // namespace support

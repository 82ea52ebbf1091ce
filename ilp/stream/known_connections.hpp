#pragma once

#include "ilp/stream/envelope.hpp"
#include "ilp/stream/keys.hpp"
#include "ilp/stream/receiver_token.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace ilp::stream {

/// What a receiver needs for each packet of a connection. All of it follows from the connection's token.
struct receiver_connection {
    token_contents contents;
    std::array<octet, token_id_size> id;  ///< see opened_token
    connection_keys keys;
};

/// Remembers connections that have had packets lately, so that a token is opened and the keys of its connection are
/// derived once, and not for each packet. This only saves time: a connection that it does not remember is found just as
/// well. Used by one thread.
///
/// A token has one place, which it shares with other tokens; the last of them that was found has the place. So the
/// memory is bounded, and whoever opens many connections costs the others at most what they have saved. A token that
/// this node has not made gets no place.
class known_connections {
public:
    static constexpr std::size_t places = 1024;  ///< they take about 200 KiB

    explicit known_connections(std::shared_ptr<const receiver_secrets> secrets);
    /// Wipes the keys.
    ~known_connections();
    known_connections(const known_connections&) = delete;
    known_connections& operator=(const known_connections&) = delete;

    /// The connection with this token, valid until the next call. Null unless receiver_secrets::open() opens the token.
    const receiver_connection* find(envelope_cipher& cipher, std::string_view segment) noexcept;

private:
    struct place {
        std::array<char, token_size> segment{};  ///< no token until the place is taken
        std::optional<receiver_connection> connection;
    };

    std::shared_ptr<const receiver_secrets> secrets_;
    std::vector<place> places_;
};

}  // namespace ilp::stream

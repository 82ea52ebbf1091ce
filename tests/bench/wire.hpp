#pragma once

#include "connector/loop/byte_stream.hpp"
#include "connector/tls/tls_context.hpp"
#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// Shared by load generator and constant peer: the packets that they agree on, and a minimal HTTP/1.1 whose cost is
/// negligible compared with the system calls.
namespace bench {

inline constexpr ilp::fulfillment fixed_fulfillment{'t', 'h', 'e', ' ', 'o', 'n', 'e', ' ', 'f', 'u', 'l',
                                                    'f', 'i', 'l', 'l', 'm', 'e', 'n', 't', ' ', 'o', 'f',
                                                    ' ', 'e', 'v', 'e', 'r', 'y', ' ', 'r', 'u', 'n'};

/// The codes used by the peer that rejects, and by ilpd itself if it has no route.
inline constexpr std::string_view peers_reject_code = "F99";
inline constexpr std::string_view refusal_code = "F02";

/// The Fulfill that the peer sends and the generator expects, byte for byte.
ilp::bytes fixed_fulfill();

/// The status of the start line (0 for a request) and the sizes of one message.
struct message_head {
    int status = 0;
    std::size_t head_size = 0;
    std::size_t body_size = 0;
};

/// Parses a header section at the start of `text`. Empty if it is incomplete. An error if the message has no
/// Content-Length and is not a GET without a body: the programs of the bench do not accept chunked bodies.
std::expected<std::optional<message_head>, std::string_view> read_head(std::string_view text);

/// Splits the stream of one connection into messages. Complete messages are passed on in place; only an incomplete one
/// is copied.
class message_splitter {
public:
    /// Calls `on_message(const message_head&, std::string_view head, std::string_view body)` for each message. False if
    /// the data is not HTTP as the bench understands it.
    template <typename F>
    bool feed(std::string_view received, F&& on_message) {
        if (!rest_.empty()) {
            rest_.append(received);
            received = rest_;
        }
        for (;;) {
            const auto head = read_head(received);
            if (!head) return false;
            if (!*head || received.size() < (*head)->head_size + (*head)->body_size) break;
            on_message(**head, received.substr(0, (*head)->head_size),
                       received.substr((*head)->head_size, (*head)->body_size));
            received.remove_prefix((*head)->head_size + (*head)->body_size);
            if (received.empty()) break;
        }
        keep(received);
        return true;
    }

private:
    void keep(std::string_view rest) {
        if (rest_.empty()) {
            rest_.assign(rest);
        } else {
            rest_.erase(0, rest_.size() - rest.size());
        }
    }

    std::string rest_;
};

/// A generator that holds idle connections says each time that it has so many more: handshakes take long on a machine
/// that has other work.
inline constexpr std::size_t idle_per_line = 500;

/// The maximum of events per epoll_wait, and the size of one recv.
inline constexpr std::size_t events_per_turn = 256;
inline constexpr std::size_t receive_size = 65536;

/// One non-blocking, level-triggered TCP connection in an epoll set, perhaps with TLS.
class connection {
public:
    /// Takes ownership of the socket. Its events carry `id`. With a filter, there is a handshake before anything else.
    connection(int epoll, int socket, std::uint64_t id, std::unique_ptr<connector::stream_filter> filter = {});
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    enum class receipt : std::uint8_t { fine, closed, not_http };

    bool is_established() const { return established_; }
    /// Goes on with the handshake; call it at every event until the connection is established, and then receive(): the
    /// filter may have received bytes that no event announces. False if the handshake has failed.
    bool shake_hands();
    /// Sends the first message of the handshake, if there is one, for clients. Throws if that fails.
    void begin_handshake();
    /// Awaits the end of the handshake that has begun. Throws if it fails.
    void await_handshake();
    /// Waits until there is something to receive. Throws if nothing comes in time.
    void await_input() const;

    /// Receives the available bytes and calls `on_bytes(std::span<char>)`, which returns false if they make no sense.
    /// Without TLS, it receives at most one `scratch` full: one system call.
    template <typename F>
    receipt receive_bytes(std::span<char> scratch, F&& on_bytes) {
        for (;;) {
            const auto result = stream_.read(scratch);
            if (result.state != connector::stream_state::done) {
                const bool waits = result.state == connector::stream_state::wants_reading ||
                                   result.state == connector::stream_state::wants_writing;
                return waits ? receipt::fine : receipt::closed;
            }
            if (!on_bytes(scratch.first(result.count))) return receipt::not_http;
            if (result.drained || !stream_.needs_handshake()) return receipt::fine;
        }
    }

    /// The same for HTTP/1.1; it passes on messages as message_splitter::feed does.
    template <typename F>
    receipt receive(std::span<char> scratch, F&& on_message) {
        return receive_bytes(scratch, [&](std::span<char> octets) {
            return incoming_.feed({octets.data(), octets.size()}, on_message);
        });
    }

    /// Sends what the socket accepts now, and the rest when it becomes writable. False if the connection is broken.
    bool send(std::string_view text);
    bool send_rest();  ///< call when the socket has become writable

private:
    void step_of_handshake();
    bool send_now(std::string_view text);
    void wait_for(std::uint32_t events);

    int epoll_;
    std::uint64_t id_;
    connector::byte_stream stream_;
    message_splitter incoming_;
    std::string unsent_;
    bool established_;
};

/// For clients of servers with a certificate that an authority of this file has signed; `protocol` is for ALPN.
std::shared_ptr<const connector::tls_context> client_tls(const std::string& roots_file, const std::string& protocol);

}  // namespace bench

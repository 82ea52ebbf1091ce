#pragma once

#include "connector/tls/tls_context.hpp"
#include "connector/tls/tls_filter.hpp"
#include "tests/support/certificates.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// Two sides of a TLS connection on one thread, each over a non-blocking socket.
namespace connector::testing {

inline const support::authority& test_authority() {
    static const support::authority made;
    return made;
}

/// The certificate of "node.example" and 127.0.0.1, in files.
inline const support::identity& test_identity() {
    static const support::identity made = test_authority().issue({.names = {"node.example", "127.0.0.1", "::1"}});
    return made;
}

inline key_pair_files write_files(const support::certificate_folder& folder, const support::identity& identity,
                                  const std::string& name = "node") {
    const auto files = folder.write(name, identity);
    return {files.certificate, files.key};
}

inline std::shared_ptr<const tls_context> must(const tls_context::result& made) {
    if (!made) FAIL(made.error());
    return *made;
}

inline std::shared_ptr<const tls_context> server_context(const support::identity& identity = test_identity(),
                                                         bool asks = false, std::vector<std::string> protocols = {}) {
    const support::certificate_folder folder;
    return must(tls_context::server(
        {.files = write_files(folder, identity), .asks_for_certificates = asks, .protocols = std::move(protocols)}));
}

inline std::shared_ptr<const tls_context> client_context(std::vector<std::string> protocols = {}) {
    return must(tls_context::client({.roots = test_authority().certificate(), .protocols = std::move(protocols)}));
}

inline std::shared_ptr<const tls_context> client_context_with(const support::identity& identity) {
    const support::certificate_folder folder;
    return must(tls_context::client({.roots = test_authority().certificate(), .files = write_files(folder, identity)}));
}

/// Two connected sockets that never block.
struct sockets {
    sockets() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0); }
    ~sockets() {
        close(0);
        close(1);
    }
    sockets(const sockets&) = delete;
    sockets& operator=(const sockets&) = delete;
    void close(std::size_t end) {
        if (ends[end] >= 0) ::close(std::exchange(ends[end], -1));
    }

    std::array<int, 2> ends{};
};

/// A filter with its socket, used as a connection uses it.
struct side {
    std::unique_ptr<tls_filter> filter;
    int socket = -1;
    std::size_t read_size = 4096;

    std::string to_send{};
    std::string received{};
    bool is_established = false;
    stream_state last_read = stream_state::done;
    stream_state last_write = stream_state::done;
    bool part_may_have_left = false;

    bool is_broken() const { return last_read == stream_state::broken || last_write == stream_state::broken; }

    /// One event: returns true if anything has moved.
    bool step() {
        if (is_broken() || last_read == stream_state::ended) return false;
        if (!is_established) {
            const stream_result result = filter->handshake(socket);
            if (result.state == stream_state::broken) last_read = stream_state::broken;
            is_established = result.state == stream_state::done;
            return is_established || is_broken();
        }
        const bool has_written = write_some();
        return read_some() || has_written;
    }

    bool write_some() {
        if (to_send.empty()) return false;
        const std::string elsewhere = to_send;  // the bytes move between two calls
        const stream_result result = filter->write(socket, ilp::as_bytes(elsewhere));
        last_write = result.state;
        part_may_have_left = result.part_may_have_left;
        to_send.erase(0, result.count);
        return result.count != 0 || result.state == stream_state::broken;
    }

    bool read_some() {
        std::string buffer(read_size, '\0');
        const stream_result result = filter->read(socket, buffer);
        last_read = result.state;
        received.append(buffer, 0, result.count);
        return result.count != 0 || result.state == stream_state::ended || result.state == stream_state::broken;
    }
};

/// A client and a server that talk directly.
struct tls_pair {
    explicit tls_pair(std::shared_ptr<const tls_context> of_server = server_context(),
                      std::shared_ptr<const tls_context> of_client = client_context(),
                      const std::string& host = "node.example", std::shared_ptr<tls_session> session = {})
        : server{tls_filter::for_server(std::move(of_server)), wire.ends[0]},
          client{tls_filter::for_client(std::move(of_client), host, std::move(session)), wire.ends[1]} {}

    /// Until nothing moves any more. Handshakes need some rounds in which nothing is established yet.
    void run() {
        for (int idle_rounds = 0; idle_rounds < 8;) {
            const bool client_moved = client.step();
            const bool server_moved = server.step();
            idle_rounds = client_moved || server_moved ? 0 : idle_rounds + 1;
        }
    }

    void establish() {
        run();
        INFO(server.filter->failure() << " / " << client.filter->failure());
        REQUIRE(server.is_established);
        REQUIRE(client.is_established);
    }

    sockets wire;
    side server;
    side client;
};

/// The other side of a filter, as OpenSSL does it without us.
struct plain_openssl {
    plain_openssl(SSL_CTX* context, int socket, bool is_server) : ssl{SSL_new(context)} {
        REQUIRE(SSL_set_fd(ssl.get(), socket) == 1);
        if (is_server) {
            SSL_set_accept_state(ssl.get());
        } else {
            SSL_set_connect_state(ssl.get());
        }
    }

    /// One step of the handshake, and then of reading.
    void step() {
        ERR_clear_error();
        if (!is_established) {
            is_established = SSL_do_handshake(ssl.get()) == 1;
            return;
        }
        char buffer[4096];
        for (;;) {
            const int count = SSL_read(ssl.get(), buffer, sizeof buffer);
            if (count > 0) {
                received.append(buffer, static_cast<std::size_t>(count));
                continue;
            }
            last_error = SSL_get_error(ssl.get(), count);
            return;
        }
    }

    bool say(std::string_view text) {
        return SSL_write(ssl.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size());
    }

    std::unique_ptr<SSL, release_openssl> ssl;
    bool is_established = false;
    std::string received{};
    int last_error = SSL_ERROR_NONE;
};

inline void run(side& ours, plain_openssl& theirs) {
    for (int i = 0; i < 20; ++i) {
        theirs.step();
        ours.step();
    }
}

inline void limit_version(const std::shared_ptr<const tls_context>& context, int version) {
    REQUIRE(SSL_CTX_set_max_proto_version(context->native(), version) == 1);
}

}  // namespace connector::testing

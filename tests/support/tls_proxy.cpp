#include "tests/support/tls_proxy.hpp"

#include <poll.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace support {

namespace {
// How soon the threads notice a stop request, which no socket reports.
constexpr int poll_time_ms = 20;
}  // namespace

tls_proxy::tls_proxy(std::uint16_t server_port, const std::string& certificate_file, const std::string& key_file)
    : server_port_{server_port}, context_{SSL_CTX_new(TLS_server_method())}, listener_{listen_on(0)} {
    ignore_broken_pipes();
    if (SSL_CTX_use_certificate_chain_file(context_.get(), certificate_file.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
        throw std::runtime_error{certificate_file + ": " + openssl_errors()};
    }
    acceptor_ = std::jthread{[this](const std::stop_token& stop) { accept_loop(stop); }};
}

tls_proxy::~tls_proxy() {
    acceptor_ = {};
    connections_.clear();
}

void tls_proxy::demand_certificates() noexcept {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

std::string tls_proxy::last_name() const {
    const std::lock_guard lock{mutex_};
    return last_name_;
}

void tls_proxy::accept_loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd waiting{listener_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, poll_time_ms) <= 0) continue;
        const auto client = std::make_shared<descriptor>(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client->is_open()) continue;
        connections_.emplace_back([this, client](const std::stop_token& end) { serve(*client, end); });
    }
}

void tls_proxy::serve(const descriptor& client, const std::stop_token& stop) {
    const timeval limit{1, 0};  // a client that stops in the middle of a record must not keep us
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const ssl_handle ssl{SSL_new(context_.get())};
    SSL_set_fd(ssl.get(), client.get());
    const bool is_open = SSL_accept(ssl.get()) == 1;
    const char* const name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
    {
        const std::lock_guard lock{mutex_};
        last_name_ = name != nullptr ? name : "";
    }
    if (!is_open) {
        ++failed_;
        ERR_clear_error();
        return;
    }
    const auto read_client = [&](const descriptor& server) {
        char octets[4096];
        do {
            std::size_t count = 0;
            ERR_clear_error();
            if (SSL_read_ex(ssl.get(), octets, sizeof octets, &count) != 1) {
                const int why = SSL_get_error(ssl.get(), 0);
                return why == SSL_ERROR_WANT_READ;
            }
            if (!send_all(server, {octets, count})) return false;
        } while (SSL_pending(ssl.get()) > 0);
        return true;
    };
    const auto read_server = [&](const descriptor& server) {
        std::string octets;
        switch (read_some(server, octets, milliseconds{0})) {
            case read_result::timeout:
                return true;
            case read_result::end:
                if (ends_with_notice_) SSL_shutdown(ssl.get());
                return false;
            case read_result::data:
                break;
        }
        std::size_t count = 0;
        return SSL_write_ex(ssl.get(), octets.data(), octets.size(), &count) == 1;
    };
    try {
        const descriptor server = connect_to(server_port_);
        while (!stop.stop_requested()) {
            std::array<pollfd, 2> sockets{{{client.get(), POLLIN, 0}, {server.get(), POLLIN, 0}}};
            if (::poll(sockets.data(), sockets.size(), poll_time_ms) <= 0) continue;
            if (sockets[0].revents != 0 && !read_client(server)) return;
            if (sockets[1].revents != 0 && !read_server(server)) return;
        }
    } catch (const std::system_error&) {
        // The server is down, so the client's connection is closed.
    }
}

}  // namespace support

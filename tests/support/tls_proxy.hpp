#pragma once

#include "tests/support/openssl.hpp"
#include "tests/support/socket.hpp"

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace support {

/// Puts TLS in front of a server of a test on 127.0.0.1, written with OpenSSL alone.
class tls_proxy {
public:
    /// The files are in PEM.
    tls_proxy(std::uint16_t server_port, const std::string& certificate_file, const std::string& key_file);
    ~tls_proxy();
    tls_proxy(const tls_proxy&) = delete;
    tls_proxy& operator=(const tls_proxy&) = delete;

    std::uint16_t port() const { return local_port(listener_); }
    /// From now on connections end as if they were cut: TLS does not say that no more bytes follow.
    void end_without_notice() noexcept { ends_with_notice_ = false; }

    /// From now on clients must show a certificate, and no authority is good enough.
    void demand_certificates() noexcept;

    /// How many handshakes a client has ended, because it did not like the certificate, for example.
    int failed_handshakes() const noexcept { return failed_; }
    /// The name in the handshake before (SNI); empty if there was none.
    std::string last_name() const;

private:
    void accept_loop(const std::stop_token& stop);
    void serve(const descriptor& client, const std::stop_token& stop);

    std::uint16_t server_port_;
    ssl_context_handle context_;
    descriptor listener_;
    std::atomic<int> failed_ = 0;
    std::atomic<bool> ends_with_notice_ = true;
    mutable std::mutex mutex_;
    std::string last_name_;
    std::list<std::jthread> connections_;
    std::jthread acceptor_;
};

}  // namespace support

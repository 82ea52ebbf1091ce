#pragma once

#include "connector/loop/byte_stream.hpp"
#include "connector/tls/tls_context.hpp"
#include "connector/tls/tls_session.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace connector {

/// TLS between a connection and its socket. One object serves one connection, on one thread.
class tls_filter final : public stream_filter {
public:
    static std::unique_ptr<tls_filter> for_server(std::shared_ptr<const tls_context> context);

    /// `host` is a name or an IP address without brackets; the server's certificate must be for it. `session` is
    /// offered to the server, and replaced by the one that the server gives.
    static std::unique_ptr<tls_filter> for_client(std::shared_ptr<const tls_context> context, const std::string& host,
                                                  std::shared_ptr<tls_session> session = {});

    ~tls_filter() override;
    tls_filter(const tls_filter&) = delete;
    tls_filter& operator=(const tls_filter&) = delete;

    stream_result handshake(int socket) override;
    stream_result read(int socket, std::span<char> into) override;
    stream_result write(int socket, ilp::bytes_view octets) override;
    stream_result end_sending(int socket) override;

    std::string_view protocol() const noexcept override;
    std::string_view peer_key() const noexcept override;
    std::string_view failure() const noexcept override;

private:
    class engine;
    explicit tls_filter(std::unique_ptr<engine> engine) noexcept;

    std::unique_ptr<engine> engine_;
};

}  // namespace connector

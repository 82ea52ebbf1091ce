#pragma once

#include "tests/support/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <thread>

namespace support {

enum class towards : std::uint8_t { server, client };

/// Stands between clients and a server on 127.0.0.1, passes octets on, and is the cable that someone cuts.
class tcp_proxy {
public:
    explicit tcp_proxy(std::uint16_t server_port);
    ~tcp_proxy();
    tcp_proxy(const tcp_proxy&) = delete;
    tcp_proxy& operator=(const tcp_proxy&) = delete;

    std::uint16_t port() const { return local_port(listener_); }

    /// Closes all connections, on both sides, when `octets` more have gone that way; 0: when the first comes, which is
    /// lost. Replaces an earlier order.
    void cut_after(towards way, std::size_t octets);

    /// Withdraws the order. True: it was carried out.
    bool was_cut();

    /// Nothing passes any more on the connections that are there, and nobody is told. New ones work.
    void freeze();

private:
    struct connection {
        descriptor client;
        descriptor server;
        bool is_frozen = false;
        bool is_closed = false;
    };
    struct order {
        towards way{};
        std::size_t octets_left = 0;
    };

    void run(const std::stop_token& stop);
    void pass(connection& connection, towards way);

    std::uint16_t server_port_;
    descriptor listener_;
    std::mutex mutex_;  // over all that follows
    std::list<connection> connections_;
    std::optional<order> order_;
    bool was_cut_ = false;
    std::jthread thread_;
};

}  // namespace support

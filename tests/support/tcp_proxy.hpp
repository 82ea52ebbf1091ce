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

/// Forwards bytes between clients and a server on 127.0.0.1 and can break the connections, as a cut cable would.
class tcp_proxy {
public:
    explicit tcp_proxy(std::uint16_t server_port);
    ~tcp_proxy();
    tcp_proxy(const tcp_proxy&) = delete;
    tcp_proxy& operator=(const tcp_proxy&) = delete;

    std::uint16_t port() const { return local_port(listener_); }

    /// Closes all connections, on both sides, after `octets` more bytes have passed in that direction. 0: at the first
    /// byte, which is lost. Replaces an earlier request.
    void cut_after(towards way, std::size_t octets);

    /// Withdraws the request. True if it was already carried out.
    bool was_cut();

    /// Stops forwarding on the existing connections without closing them. New connections work.
    void freeze();

    /// Likewise, and new connections are accepted and carry nothing either: as if the network between were down.
    void cut_off();
    /// Ends that. The connections of the time before are closed.
    void restore();

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
    std::mutex mutex_;  // guards all members below
    std::list<connection> connections_;
    std::optional<order> order_;
    bool was_cut_ = false;
    bool is_cut_off_ = false;
    std::jthread thread_;
};

}  // namespace support

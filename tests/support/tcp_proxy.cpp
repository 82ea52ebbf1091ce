#include "tests/support/tcp_proxy.hpp"

#include <poll.h>

#include <sys/socket.h>

#include <system_error>
#include <vector>

namespace support {

namespace {
// How soon the thread notices a stop request, which no socket reports.
constexpr int poll_time_ms = 20;
}  // namespace

tcp_proxy::tcp_proxy(std::uint16_t server_port)
    : server_port_{server_port}, listener_{listen_on(0)}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

tcp_proxy::~tcp_proxy() = default;

void tcp_proxy::cut_after(towards way, std::size_t octets) {
    const std::lock_guard lock{mutex_};
    order_ = {way, octets};
    was_cut_ = false;
}

bool tcp_proxy::was_cut() {
    const std::lock_guard lock{mutex_};
    order_.reset();
    return was_cut_;
}

void tcp_proxy::freeze() {
    const std::lock_guard lock{mutex_};
    for (connection& connection : connections_) connection.is_frozen = true;
}

void tcp_proxy::cut_off() {
    freeze();
    const std::lock_guard lock{mutex_};
    is_cut_off_ = true;
}

void tcp_proxy::restore() {
    const std::lock_guard lock{mutex_};
    is_cut_off_ = false;
    for (connection& connection : connections_) connection.is_closed = connection.is_closed || connection.is_frozen;
}

void tcp_proxy::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        // Only this thread adds and removes connections.
        std::vector<pollfd> sockets{{listener_.get(), POLLIN, 0}};
        {
            const std::lock_guard lock{mutex_};
            for (const connection& connection : connections_) {
                const short wanted = connection.is_frozen ? 0 : POLLIN;
                sockets.push_back({connection.is_frozen ? -1 : connection.client.get(), wanted, 0});
                sockets.push_back({connection.is_frozen ? -1 : connection.server.get(), wanted, 0});
            }
        }
        const bool is_quiet = ::poll(sockets.data(), sockets.size(), poll_time_ms) <= 0;
        const std::lock_guard lock{mutex_};
        if (is_quiet) {
            connections_.remove_if([](const connection& connection) { return connection.is_closed; });
            continue;
        }
        std::size_t at = 1;
        for (connection& connection : connections_) {
            const bool from_client = sockets[at++].revents != 0;
            const bool from_server = sockets[at++].revents != 0;
            if (connection.is_frozen) continue;
            if (from_client) pass(connection, towards::server);
            if (from_server) pass(connection, towards::client);
        }
        connections_.remove_if([](const connection& connection) { return connection.is_closed; });
        if (sockets[0].revents != 0) {
            try {
                descriptor client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
                if (client.is_open()) {
                    connections_.push_back({std::move(client), connect_to(server_port_)});
                    connections_.back().is_frozen = is_cut_off_;
                }
            } catch (const std::system_error&) {
                // The server is down, so the client's connection is closed.
            }
        }
    }
}

void tcp_proxy::pass(connection& connection, towards way) {
    if (connection.is_closed) return;
    const descriptor& from = way == towards::server ? connection.client : connection.server;
    const descriptor& to = way == towards::server ? connection.server : connection.client;
    std::string octets;
    const read_result result = read_some(from, octets, milliseconds{0});
    if (result == read_result::timeout) return;
    if (result == read_result::end) {
        connection.is_closed = true;
        return;
    }
    if (!order_ || order_->way != way) {
        connection.is_closed = !send_all(to, octets);
        return;
    }
    const bool is_last = octets.size() >= order_->octets_left;
    if (is_last) octets.resize(order_->octets_left);
    order_->octets_left -= octets.size();
    connection.is_closed = !send_all(to, octets);
    if (!is_last) return;
    for (auto& each : connections_) each.is_closed = true;
    order_.reset();
    was_cut_ = true;
}

}  // namespace support

#include "tests/bench/delayed_path.hpp"

#include <poll.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <ctime>
#include <system_error>
#include <utility>
#include <vector>

namespace bench {

namespace {

/// How soon the thread notices a stop request, which no socket reports.
constexpr auto stop_check = std::chrono::milliseconds{20};

}  // namespace

delayed_path::delayed_path(std::uint16_t server_port, std::chrono::nanoseconds one_way)
    : server_port_{server_port},
      one_way_{one_way},
      listener_{support::listen_on(0)},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

bool delayed_path::connection::is_closed() const {
    return (there.has_ended && there.under_way.empty()) || (back.has_ended && back.under_way.empty());
}

void delayed_path::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        std::vector<pollfd> sockets{{listener_.get(), POLLIN, 0}};
        std::vector<direction*> directions;
        for (connection& each : connections_) {
            for (direction* way : {&each.there, &each.back}) {
                directions.push_back(way);
                sockets.push_back({way->has_ended ? -1 : way->from, POLLIN, 0});
            }
        }
        const time before = std::chrono::steady_clock::now();
        const std::chrono::nanoseconds pause = std::max(next_due(before + stop_check) - before, time::duration::zero());
        const timespec limit{0, static_cast<long>(pause.count())};
        ::ppoll(sockets.data(), sockets.size(), &limit, nullptr);

        const time now = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < directions.size(); ++i) {
            direction& way = *directions[i];
            if (sockets[i + 1].revents != 0) {
                bytes_under_way arrived{now + one_way_, {}};
                std::string octets(65'536, '\0');
                const auto size = ::recv(way.from, octets.data(), octets.size(), MSG_DONTWAIT);
                if (size > 0) {
                    octets.resize(static_cast<std::size_t>(size));
                    arrived.octets = std::move(octets);
                    way.under_way.push_back(std::move(arrived));
                } else if (size == 0 || errno != EAGAIN) {
                    way.has_ended = true;
                }
            }
            while (!way.under_way.empty() && way.under_way.front().due <= now) {
                // Whoever has gone gets nothing more; its own direction ends the connection.
                const std::string& octets = way.under_way.front().octets;
                std::size_t sent = 0;
                while (sent < octets.size()) {
                    const auto size = ::send(way.to, octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
                    if (size <= 0) break;
                    sent += static_cast<std::size_t>(size);
                }
                way.under_way.pop_front();
            }
        }
        connections_.remove_if([](const connection& each) { return each.is_closed(); });
        if (sockets[0].revents != 0) accept();
    }
}

void delayed_path::accept() {
    support::descriptor client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!client.is_open()) return;
    try {
        support::descriptor server = support::connect_to(server_port_);
        for (const int socket : {client.get(), server.get()}) {
            const int on = 1;  // otherwise the system adds a delay of its own
            ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
        const int near = client.get();
        const int far = server.get();
        connections_.push_back({std::move(client), std::move(server), {near, far}, {far, near}});
    } catch (const std::system_error&) {
        // The server is down, so the client's connection is closed.
    }
}

auto delayed_path::next_due(time at_most) const -> time {
    for (const connection& each : connections_) {
        for (const direction* way : {&each.there, &each.back}) {
            if (!way->under_way.empty()) at_most = std::min(at_most, way->under_way.front().due);
        }
    }
    return at_most;
}

}  // namespace bench

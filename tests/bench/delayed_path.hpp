#pragma once

#include "tests/support/socket.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <stop_token>
#include <string>
#include <thread>

namespace bench {

/// Forwards bytes between clients and a server on 127.0.0.1 as a long line does: each of them arrives a fixed time
/// after it was sent. The connections are made without a delay.
class delayed_path {
public:
    delayed_path(std::uint16_t server_port, std::chrono::nanoseconds one_way);

    std::uint16_t port() const { return support::local_port(listener_); }

private:
    using time = std::chrono::steady_clock::time_point;

    struct bytes_under_way {
        time due;
        std::string octets;
    };
    struct direction {
        int from;
        int to;
        std::deque<bytes_under_way> under_way{};
        bool has_ended = false;  ///< nothing more comes
    };
    struct connection {
        support::descriptor client;
        support::descriptor server;
        direction there;
        direction back;

        bool is_closed() const;
    };

    void run(const std::stop_token& stop);
    void accept();
    time next_due(time at_most) const;

    std::uint16_t server_port_;
    std::chrono::nanoseconds one_way_;
    support::descriptor listener_;
    std::list<connection> connections_;
    std::jthread thread_;  // last, because it uses all the others
};

}  // namespace bench

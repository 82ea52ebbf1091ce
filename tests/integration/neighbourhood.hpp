#pragma once

#include "tests/integration/store_place.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_peer.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace support {

/// The peers of one daemon, which all send to each other through it and record the answers that they give and receive.
/// The account of the last one has another scale. Three of four packets are fulfilled.
class neighbourhood {
public:
    static constexpr std::uint64_t deposit = 1'000'000'000'000;  // for each peer and each asset
    static constexpr std::uint64_t amount_max = 100'000;

    explicit neighbourhood(std::size_t size = 5);

    daemon_terms terms(std::string store) const;

    /// During its lifetime every peer sends one packet at a time on each of its connections, and reconnects whenever
    /// one ends.
    class load {
    public:
        load(neighbourhood& peers, const ilpd_daemon& d, int connections_each = 1);

    private:
        std::vector<std::jthread> threads_;
    };

    /// Reads the daemon's book and requires that everything fulfilled to a sender is booked, that nothing is booked
    /// that a next hop did not fulfill, that any difference was in flight when a connection ended, and that every
    /// account adds up. Nobody may send meanwhile.
    void expect_booked(const ilpd_daemon& d, const store_place& place) const;

    /// The number of packets whose sender got this answer: "fulfill", or the code of a Reject.
    std::uint64_t answers(const std::string& outcome) const;
    /// The number of packets whose connection ended without an answer.
    std::uint64_t unanswered() const { return answers("no answer"); }
    /// The number of connections that could not be made.
    std::uint64_t refused() const { return refused_; }
    /// For humans: the amount in doubt, and how much of it turned out to be booked.
    std::string report() const;

private:
    struct neighbour {
        std::string name;
        std::uint8_t scale;
        fake_peer server{};
        std::atomic<std::uint64_t> paid{0};           // its own packets that were fulfilled
        std::atomic<std::uint64_t> paid_in_doubt{0};  // its own packets without an answer
        std::atomic<std::uint64_t> promised{0};       // packets to it that it fulfilled
        std::atomic<std::uint64_t> received{0};       // those whose sender received the Fulfill
        std::atomic<std::uint64_t> received_in_doubt{0};
    };

    void send(neighbour& self, std::uint16_t port, const std::stop_token& stop);
    void count(neighbour& from, neighbour& to, std::uint64_t amount, const std::string& outcome);

    std::deque<neighbour> neighbours_;
    std::atomic<std::uint64_t> refused_{0};
    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t> answers_;
};

}  // namespace support

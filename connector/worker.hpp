#pragma once

#include "config/settings.hpp"
#include "connector/counters.hpp"
#include "connector/event_loop.hpp"
#include "connector/incoming_connection.hpp"
#include "connector/link.hpp"
#include "connector/network.hpp"
#include "connector/packet_in_flight.hpp"
#include "connector/rate_table.hpp"
#include "connector/router.hpp"
#include "connector/signal.hpp"
#include "peering/committer.hpp"
#include "peering/directory.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace connector {

/// What one worker counted for one peer, and the connections that it has to it.
struct peer_sample {
    std::uint32_t peer = 0;  ///< its id
    peer_counters counters;
    std::size_t link_connections = 0;
};

/// What a worker has of one peer, whatever becomes of the peer's terms, or of the peer: what packets in flight know.
struct lane {
    peer_counters counters;
    std::unique_ptr<link> way;                ///< made for the first packet to the peer
    config::outgoing_http_settings outgoing;  ///< of `way`
    std::string name;                         ///< of the peer: for the log
};

/// One thread with its own loop, listener, connections, links and packets: a packet never changes threads. It is the
/// shell round the router: it moves octets between sockets and the deciding core, and postings to the committer.
class worker final : public endpoint, public link_listener {
public:
    /// `acceptor` is open and listens; its context is this loop's once start() runs. The committer must outlive the
    /// worker.
    worker(const config::connector_settings& settings, const peering::directory& directory,
           std::shared_ptr<const rate_table> rates, peering::committer& committer);
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    /// Binds the listener; with SO_REUSEPORT, so that every worker has one on the same port. Before start().
    boost::system::error_code listen(const boost::asio::ip::tcp::endpoint& endpoint);
    boost::asio::ip::tcp::endpoint local_endpoint() const;

    void start();

    // From other threads; what follows happens on the worker's thread.

    /// Packets go by this from now on; those in flight are finished. Calls back when that is so. In the order of the
    /// calls.
    void apply(std::vector<peering::peer_update> updates, std::function<void()> done);

    /// From the next turn on, packets go by these rates. A packet's amounts are settled when it comes in.
    void install_rates(std::shared_ptr<const rate_table> rates);

    /// Accepts no further connections, refuses further packets; calls back when nothing is in flight any more.
    void drain(std::function<void()> drained);

    /// Calls back with what this worker has counted so far.
    void sample(std::function<void(std::vector<peer_sample>)> callback);

    /// Ends the thread, whatever is in flight. Returns when it has ended.
    void stop();

private:
    // endpoint
    const peering::peer* authenticate(std::string_view token, std::string_view account) override;
    void prepare_received(incoming_connection& connection, std::uint64_t request, const peering::peer& from,
                          ilp::bytes_span body) override;
    void connection_closed(incoming_connection& connection) override;

    // link_listener
    void answered(packet_in_flight& packet, ilp::bytes_span answer) override;
    void failed(packet_in_flight& packet, reject_reason reason) override;

    void retire_links();
    void accept();
    void accepted(boost::asio::ip::tcp::socket socket);
    void tell_accept_error(const boost::system::error_code& error);
    lane& lane_of(const peering::peer& peer);
    void forward(incoming_connection& connection, std::uint64_t request, const journey& journey);
    packet_in_flight& keep(incoming_connection& connection, std::uint64_t request, const journey& journey);
    void refuse(incoming_connection& connection, std::uint64_t request, reject_reason reason,
                const journey* journey = nullptr);
    void count_refusal(lane& from, reject_reason reason);
    void end_in_flight(packet_in_flight& packet);
    void reject(packet_in_flight& packet, reject_reason reason);
    void fulfilled(packet_in_flight& packet, ilp::bytes_view fulfill);
    void finish(packet_in_flight& packet);
    bool has_its_share(const lane& next_hop) const noexcept;
    void woken(packet_in_flight& packet);
    void submit_postings();
    void release_durable(peering::commit_ticket durable);
    void check_drained();

    const config::connector_settings settings_;
    const incoming_timeouts timeouts_;
    peering::committer& committer_;
    std::size_t listener_number_;

    event_loop loop_;
    std::atomic<peering::commit_ticket> durable_{0};
    signal commit_ended_{loop_.sockets(), [this] { release_durable(durable_.load(std::memory_order_acquire)); }};
    boost::asio::ip::tcp::acceptor acceptor_;
    deadline_of<worker, &worker::accept> accept_again_;
    boost::system::error_code accept_error_;  ///< the last one, which was told
    bool draining_ = false;
    std::function<void()> drained_;

    router router_;
    ilp::bytes scratch_;  ///< for packets that this node writes itself

    network network_;
    std::shared_ptr<const rate_table> rates_;
    std::vector<std::unique_ptr<link>> retired_links_;  ///< not done yet

    packet_pool packets_;
    peering::posting_batch batch_;  ///< of this turn
    std::vector<packet_in_flight*> posted_this_turn_;
    commit_queue waiting_;

    std::vector<std::unique_ptr<lane>> lanes_;  ///< by the id of the peer; made at the first packet
    std::vector<std::unique_ptr<incoming_connection>> connections_;

    std::thread thread_;
};

}  // namespace connector

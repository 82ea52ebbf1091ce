#pragma once

#include "config/settings.hpp"
#include "connector/base/descriptor_shares.hpp"
#include "connector/base/listening_point.hpp"
#include "connector/loop/event_loop.hpp"
#include "connector/loop/wakeup.hpp"
#include "connector/metrics/counters.hpp"
#include "connector/payments/payment_runs.hpp"
#include "connector/routing/connection_shares.hpp"
#include "connector/routing/forwarding_table.hpp"
#include "connector/routing/pool_shares.hpp"
#include "connector/routing/rate_table.hpp"
#include "connector/routing/recent_users.hpp"
#include "connector/routing/router.hpp"
#include "connector/tls/tls_context.hpp"
#include "connector/transport/expected_replies.hpp"
#include "connector/transport/fair_turns.hpp"
#include "connector/transport/http/async_link.hpp"
#include "connector/transport/http/incoming_connection.hpp"
#include "connector/transport/http/reply_sender.hpp"
#include "connector/transport/link.hpp"
#include "connector/transport/own_packets.hpp"
#include "connector/transport/packet_in_flight.hpp"
#include "connector/transport/prepare_handler.hpp"
#include "connector/transport/probes.hpp"
#include "connector/transport/reachability_board.hpp"
#include "connector/transport/trace_id.hpp"
#include "connector/worker/ceiling_queue.hpp"
#include "connector/worker/make_link.hpp"
#include "connector/worker/outcome_questions.hpp"
#include "connector/worker/part_collector.hpp"
#include "connector/worker/peer_state.hpp"
#include "peering/book/committer.hpp"
#include "peering/directory/directory.hpp"
#include "peering/directory/terms_update.hpp"
#include "peering/splitting/split_outcomes.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace connector {

/// TLS of packets, for all workers. A reload replaces it; connections keep what they were made with.
struct packet_tls {
    std::shared_ptr<const tls_context> listener;  ///< null: the listener speaks plain HTTP
    std::shared_ptr<const tls_context> links;
};

/// One thread with its own loop, listener, connections, links and packets: a packet never changes threads. The worker
/// does the I/O for the router: it moves bytes between sockets and the decision logic, and postings to the committer.
class worker final : public prepare_handler,
                     public own_packets,
                     public incoming_connection::owner,
                     public link_listener {
public:
    /// The committer, the board and the echo must outlive the worker.
    worker(const config::connector_settings& settings, const peering::directory& directory,
           std::shared_ptr<const rate_table> rates, peering::committer& committer, reachability_board& board,
           const awaited_echo& echo, packet_tls tls, std::shared_ptr<expected_replies> replies,
           std::shared_ptr<const ilp::stream::receiver_secrets> receiver_secrets,
           std::shared_ptr<peering::split_outcomes> outcomes);
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    /// Binds the listener with SO_REUSEPORT, so that all workers can listen on the same port. All workers accept from
    /// the one queue of a passed socket. Call it before start().
    boost::system::error_code listen(const listening_point& at);
    boost::asio::ip::tcp::endpoint local_endpoint() const;

    void start();

    // The functions below are for other threads; their work is done on the worker's thread.

    /// Applies updates of peers, in the order of the calls, and then calls back. Later packets use the new state;
    /// packets in flight are finished.
    void apply(peering::terms_update update, std::function<void()> done);

    /// Packets use these rates from the next turn on. The amounts of a packet are fixed when it arrives.
    void install_rates(std::shared_ptr<const rate_table> rates);

    /// Connections that are made later use this.
    void use_tls(packet_tls tls);

    /// Accepts no further connections and refuses further packets. Calls back when no packet is in flight any more, and
    /// all incoming connections have been closed or `connector.shutdown_grace` is over: a sender whose Prepare is on
    /// its way gets an answer, which also tells it not to use its connection again.
    void drain(std::function<void()> drained);

    /// Rejects all packets: the store takes no posting any more, so none of them can be fulfilled. What next hops have
    /// fulfilled since the last commit is lost to this node. Call it once no new packets are accepted.
    void give_up_packets();

    /// Calls back with the counters of this worker.
    void sample(std::function<void(worker_sample)> callback);

    /// Sends a Prepare of this node to a peer, on the link that packets take (see probes). Calls back on the worker's
    /// thread, unless the worker stops before.
    void probe(std::uint32_t peer, ilp::bytes prepare, std::chrono::milliseconds time_limit,
               std::function<void(probes::outcome)> done);

    // See payment_runs; the callbacks are called on the worker's thread.

    void quote(quote_order order, payment_runs::quoted done);
    void pay(payment_order order, payment_runs::paid done);
    void cancel_payment(std::uint64_t number);

    /// The number of requests that were refused because no peer owns their token.
    std::uint64_t unauthenticated_requests() const noexcept {
        return unauthenticated_requests_.load(std::memory_order_relaxed);
    }

    /// Stops the thread even if packets are in flight, and returns when it has ended.
    void stop();

private:
    // prepare_handler
    authenticated authenticate(std::string_view token, std::string_view account,
                               const ilp::digest* client_key) override;
    void unauthenticated(const boost::asio::ip::address& remote) override;
    turn_share* share_of(const peering::peer* peer) override;
    turn_share* share_of_handshakes() override { return &share_of_handshakes_; }
    owed_answer* prepare_received(answer_sink& sink, std::uint64_t request, const peering::peer& from,
                                  ilp::bytes_span body) override;
    owed_answer* part_received(answer_sink& sink, std::uint64_t request, const peering::peer& from,
                               const peering::part_label& label, ilp::bytes_span body) override;
    std::optional<ilp::bytes> outcome_of(const peering::peer& from, const peering::split_id& id) override;

    acceptance asynchronous_prepare_received(const peering::peer& from, const request_id& id,
                                             const std::string& reply_at, ilp::bytes_span body) override;
    bool reply_received(const peering::peer& from, const request_id& id, ilp::bytes_view answer,
                        const trace_id& trace) override;

    // own_packets
    bool send_own(answer_sink& sink, std::uint64_t request, const peering::peer& payer,
                  ilp::bytes_span prepare) override;
    void advance(const peering::payment_progress& progress) override { batch_.advance(progress); }

    // incoming_connection::owner
    void connection_closed(incoming_connection& connection) override;
    bool may_stay(incoming_connection& connection, const peering::peer& from) override;
    std::unique_ptr<multiplexed_requests> make_multiplexed(multiplexed_requests::carrier& carrier) override;

    // link_listener
    void answered(carried_packet& packet, ilp::bytes_span answer) override;
    void failed(carried_packet& packet, reject_reason reason) override;

    void retire_links();
    void accept();
    void admit(boost::asio::ip::tcp::socket socket);
    bool make_room();
    void report_missing_key(std::string_view token, const ilp::digest* client_key);
    void end_one_of(connections_of_peer& most);
    void leave_peer(incoming_connection& connection);
    void count(room_reason reason) { ++connections_closed_for_room_[std::to_underlying(reason)]; }
    void report_accept_error(const boost::system::error_code& error);
    peer_state& state_of(const peering::peer& peer);
    link& link_to(const peering::peer& peer, peer_state& state) {
        if (!state.link_to_peer) open_link(peer, state);
        return *state.link_to_peer;
    }
    void open_link(const peering::peer& peer, peer_state& state);
    reachability_record* reachability_over(const packet_in_flight& packet) const;
    load load_for(std::uint32_t sender, const peer_state& state);
    packet_in_flight* carry_out(step decided, const packet_context& context, peer_state& from, answer_sink& sink,
                                std::uint64_t request);
    packet_in_flight* forward(answer_sink& sink, std::uint64_t request, peer_state& from,
                              const packet_context& context);
    bool launch(packet_in_flight& packet, link& next_hop, ilp::bytes_view prepare,
                const std::optional<peering::split_plan>& plan, std::uint32_t to);
    packet_in_flight* wait_for_ceiling(packet_in_flight& packet, const packet_context& context);
    void leave_below_ceilings(peering::commit_ticket durable);
    void carry_out_whole(part_collector::place set, const peering::peer& from);
    bool hold_whole(part_collector::place set, const peering::peer& from, answer_sink& sink, std::uint64_t request);
    void give_up_hold(collected_packet& whole);
    void refuse_whole(part_collector::place set, reject_reason reason, const packet_context* context = nullptr);
    void watch_parts();
    void parts_timed_out();
    std::optional<reject_reason> send_in_parts(packet_in_flight& packet, link& next_hop, ilp::bytes_view prepare,
                                               const peering::split_plan& plan, std::uint32_t to);
    bool awaits_outcome(packet_in_flight& packet, reject_reason reason);
    bool ask_outcome_before(packet_in_flight& packet);
    void outcome_told(packet_in_flight& packet, ilp::bytes_span answer);
    void keep_outcome(const packet_in_flight& packet, ilp::bytes_view fulfill);
    packet_in_flight& add_packet(answer_sink& sink, std::uint64_t request, peer_state& from,
                                 const packet_context& context);
    void note_payment(const packet_context& context, ilp::amount received);
    void refuse(answer_sink& sink, std::uint64_t request, const failure& why, const packet_context* context = nullptr);
    failure note_refusal(peer_state& from, reject_reason reason, const peering::asset* of = nullptr);
    trace_id note_reject(const packet_in_flight& packet, const reply& reply, const trace_id& told);
    void end_in_flight(packet_in_flight& packet);
    bool is_full_for(std::uint32_t sender, const peer_state& state);
    void give_back(packet_in_flight& packet);
    void reject(packet_in_flight& packet, reject_reason reason);
    void fail(packet_in_flight& packet, reject_reason reason);
    bool fulfilled(packet_in_flight& packet, ilp::bytes_view fulfill);
    void finish(packet_in_flight& packet);
    void on_deadline(packet_in_flight& packet);
    void end_turn();
    void submit_postings();
    void revoke(packet_in_flight& packet);
    void revoke_posted();
    void reject_flying();
    void release_durable(peering::commit_ticket durable);
    void let_committer_run();
    void accept_what_waits();
    bool awaits_replies() const noexcept { return awaited_replies_.size() != 0; }
    void note_undelivered(std::uint32_t peer, bool is_fulfill);
    void stop_accepting();
    void end_grace();
    void check_drained();
    void relieve_memory();

    static constexpr std::uint32_t strangers = std::numeric_limits<std::uint32_t>::max() - 1;
    static constexpr std::uint32_t handshakes = strangers - 1;
    static constexpr std::uint32_t payments = handshakes - 1;
    /// Steps of handshakes in one turn. The dearest one takes about 0.3 ms, and packets must not wait for many of them.
    static constexpr std::uint32_t handshake_steps_max = 8;

    /// The maximum of max_hold_time: as long as packets of other senders may be in flight.
    static constexpr std::chrono::minutes senders_memory{1};

    const config::connector_settings settings_;
    connection_room room_;
    const incoming_timeouts timeouts_;
    peering::committer& committer_;
    const bool reports_payments_ = committer_.reports_incoming_payments();
    reachability_board& board_;
    const awaited_echo& echo_;
    std::size_t listener_number_;

    std::shared_ptr<const tls_context> listener_tls_;
    links_tls links_tls_;

    event_loop loop_;
    fair_turns turns_;
    turn_share share_of_strangers_{turns_, strangers, turn_user::stranger};
    turn_share share_of_handshakes_{turns_, handshakes, turn_user::stranger, handshake_steps_max};
    bool serves_waiting_ = false;    ///< serve_waiting() has been posted
    ilp::steady_time commit_began_;  ///< at about this time, if any packet waits for a commit
    std::atomic<peering::commit_ticket> durable_{0};
    wakeup commit_ended_{loop_.sockets(), [this] { release_durable(durable_.load(std::memory_order_acquire)); }};
    boost::asio::ip::tcp::acceptor acceptor_;
    bool is_socket_passed_ = false;  ///< the acceptor's, by a service manager
    deadline_of<worker, &worker::accept> accept_again_;
    std::atomic<std::uint64_t> unauthenticated_requests_ = 0;
    bool draining_ = false;
    bool is_grace_over_ = false;
    bool is_store_lost_ = false;  ///< since give_up_packets()
    deadline_of<worker, &worker::end_grace> grace_;
    std::function<void()> drained_;

    router router_;
    ilp::bytes scratch_;  ///< for packets that this node creates
    trace_source traces_;

    forwarding_table forwarding_table_;
    std::shared_ptr<const rate_table> rates_;
    probes probes_{loop_};
    peer_state own_{turns_, payments};  ///< of the packets that begin here
    payment_runs payments_{loop_, *this, own_.share};
    const std::shared_ptr<expected_replies> expected_replies_;  ///< of all workers
    awaited_replies awaited_replies_{loop_, expected_replies_};
    const std::shared_ptr<peering::split_outcomes> outcomes_;  ///< of all workers
    reply_sender reply_sender_;
    std::vector<std::unique_ptr<link>> retired_links_;  ///< still finishing their packets

    packet_pool packets_;
    part_collector collector_{
        [this](peering::split_outcome outcome) { outcomes_->add(std::move(outcome), loop_.now().wall); }};
    deadline_of<worker, &worker::parts_timed_out> parts_timeout_;
    outcome_questions questions_{
        loop_, [this](packet_in_flight& packet, ilp::bytes_span answer) { outcome_told(packet, answer); }};
    ilp::bytes scratch_parts_;  ///< a packet whose parts are still missing
    recent_users senders_{senders_memory};
    pool_shares pools_;
    peering::posting_batch batch_;  ///< postings of this turn
    std::vector<packet_in_flight*> posted_this_turn_;
    commit_queue waiting_;
    ceiling_queue ceilings_;

    std::vector<std::unique_ptr<peer_state>> peer_states_;  ///< indexed by peer id; created at the first packet
    newcomer_list newcomers_;
    connection_shares connection_shares_;
    std::vector<std::unique_ptr<incoming_connection>> connections_;
    std::uint64_t connections_closed_for_memory_ = 0;
    http2::flood_counts floods_;
    decltype(worker_figures::connections_closed_for_room) connections_closed_for_room_{};

    std::thread thread_;
};

}  // namespace connector

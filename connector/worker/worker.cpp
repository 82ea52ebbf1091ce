#include "connector/worker/worker.hpp"

#include "connector/base/client_network.hpp"
#include "connector/base/descriptor_shares.hpp"
#include "connector/base/log.hpp"
#include "connector/loop/descriptors.hpp"
#include "connector/routing/fair_share.hpp"
#include "connector/routing/waiting_time.hpp"
#include "connector/tls/tls_filter.hpp"
#include "connector/transport/http2/http2_requests.hpp"
#include "connector/worker/make_link.hpp"
#include "ilp/hex.hpp"
#include "peering/book/ledger.hpp"
#include "peering/records/flight.hpp"
#include "peering/records/text.hpp"

#include <sched.h>

#include <boost/asio/post.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace connector {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds accept_pause{100};  // when no descriptors are left
constexpr std::size_t share_of_replies = 4;             // of connector.max_buffer_memory, in addition to it

// Most commits take less. One that takes longer may be waiting for the core that this thread keeps busy.
constexpr std::chrono::microseconds commit_patience{500};

double seconds(std::chrono::steady_clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string log_text(const trace_id& trace) {
    const trace_id::text_form text = trace.text();
    return std::string{as_text(text)};
}

}  // namespace

worker::worker(const config::connector_settings& settings, const peering::directory& directory,
               std::shared_ptr<const rate_table> rates, peering::committer& committer, reachability_board& board,
               const awaited_echo& echo, packet_tls tls, std::shared_ptr<expected_replies> replies,
               std::shared_ptr<const ilp::stream::receiver_secrets> receiver_secrets,
               std::shared_ptr<peering::split_outcomes> outcomes)
    : settings_{settings},
      room_{settings.max_connections},
      timeouts_{settings.request_timeout, settings.idle_timeout},
      committer_{committer},
      board_{board},
      echo_{echo},
      listener_number_{committer.add_listener([this](peering::commit_ticket durable) {
          durable_.store(durable, std::memory_order_release);
          commit_ended_.raise();
      })},
      listener_tls_{std::move(tls.listener)},
      links_tls_{std::move(tls.links)},
      acceptor_{loop_.context()},
      accept_again_{*this},
      grace_{*this},
      router_{settings, std::move(receiver_secrets)},
      forwarding_table_{directory.own_address(), directory.peers(), directory.receiving_accounts()},
      rates_{std::move(rates)},
      expected_replies_{std::move(replies)},
      outcomes_{std::move(outcomes)},
      reply_sender_{loop_,
                    {.find_peer = [this](std::uint32_t id) { return forwarding_table_.find(id); },
                     .make_link = [this](const peering::peer& peer) -> std::unique_ptr<request_link> {
                         auto made = make_request_link(loop_, peer, settings_.max_connection_age, links_tls_, floods_);
                         return made ? *std::move(made) : nullptr;
                     },
                     .is_same_link = &is_same_link,
                     .undelivered = [this](std::uint32_t peer, bool is_fulfill) { note_undelivered(peer, is_fulfill); },
                     .replies_max = settings.max_packets_in_flight,
                     .bytes_max = settings.max_buffer_memory / share_of_replies}},
      packets_{[](deadline& expiry) {
          auto& packet = static_cast<packet_in_flight&>(expiry);
          static_cast<worker*>(packet.listener)->on_deadline(packet);
      }},
      parts_timeout_{*this} {
    own_.name = payments_of_this_node;
    loop_.memory().set_bound(settings_.max_buffer_memory);
    loop_.at_turn_end([this] { end_turn(); });
    loop_.when_flushed([this] { let_committer_run(); });
    loop_.when_over_bound([this] { relieve_memory(); });
}

worker::~worker() {
    stop();
}

error_code worker::listen(const listening_point& at) {
    is_socket_passed_ = at.is_passed();
    return open_acceptor(acceptor_, at, port_use::shared);
}

tcp::endpoint worker::local_endpoint() const {
    return acceptor_.local_endpoint();
}

void worker::start() {
    boost::asio::post(loop_.context(), [this] {
        loop_.enter();
        accept();
    });
    thread_ = std::thread{[this] {
        const auto forever = boost::asio::make_work_guard(loop_.context());
        loop_.context().run();
    }};
}

void worker::stop() {
    loop_.context().stop();
    if (thread_.joinable()) thread_.join();
    probes_.drop_all();  // whoever waits for one learns at once that the daemon is stopping
}

void worker::apply(peering::terms_update update, std::function<void()> done) {
    boost::asio::post(loop_.context(), [this, update = std::move(update), done = std::move(done)] {
        loop_.enter();
        const std::vector<peering::peer_update>& updates = update.peers;
        forwarding_table_.apply(updates);
        forwarding_table_.apply(update.receiving_accounts);
        for (const auto& [before, after] : updates) {
            if (before == nullptr || before->id >= peer_states_.size() || !peer_states_[before->id]) continue;
            peer_state& state = *peer_states_[before->id];
            if (after != nullptr) state.name = after->name();
            if (!state.link_to_peer || (after != nullptr && is_same_link(*before, *after))) continue;
            state.link_to_peer->retire();
            retired_links_.push_back(std::move(state.link_to_peer));
            board_.close(before->id, std::exchange(state.reachability, nullptr));
        }
        reply_sender_.peers_changed(updates);
        for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->peers_changed(updates);
        done();
    });
}

void worker::install_rates(std::shared_ptr<const rate_table> rates) {
    boost::asio::post(loop_.context(), [this, rates = std::move(rates)]() mutable {
        loop_.enter();
        rates_ = std::move(rates);
    });
}

void worker::use_tls(packet_tls tls) {
    boost::asio::post(loop_.context(), [this, tls = std::move(tls)]() mutable {
        loop_.enter();
        listener_tls_ = std::move(tls.listener);
        links_tls_.context = std::move(tls.links);
    });
}

void worker::end_turn() {
    submit_postings();
    if (!retired_links_.empty()) retire_links();
    reply_sender_.retire_links();
    if (!turns_.next_turn(loop_.now().steady) || serves_waiting_) return;
    // Sockets that have become ready in the meantime are looked at in the same turn as what waits.
    serves_waiting_ = true;
    loop_.post([this] {
        loop_.enter();
        serves_waiting_ = false;
        turns_.serve_waiting();
    });
}

/// When a disk write has ended, Linux lets a thread that shares the committer's core go on until its time slice is
/// over, which takes up to 4 ms. A peer with few packets in flight would get hardly any answers beside a busy one.
void worker::let_committer_run() {
    if (!waiting_.empty() && loop_.now().steady - commit_began_ > commit_patience) sched_yield();
}

void worker::retire_links() {
    // The loop destroys them, because its flush queue may still refer to one.
    for (auto& retired : retired_links_) {
        if (retired->is_done()) loop_.dispose(std::move(retired));
    }
    std::erase(retired_links_, nullptr);
}

void worker::drain(std::function<void()> drained) {
    boost::asio::post(loop_.context(), [this, drained = std::move(drained)]() mutable {
        loop_.enter();
        draining_ = true;
        drained_ = std::move(drained);
        payments_.interrupt();
        accept_what_waits();
        for (const auto& connection : connections_) connection->drain();
        stop_accepting();
        loop_.set(grace_, loop_.now().steady + settings_.shutdown_grace);
    });
}

/// Connections that the system has accepted already would be reset with the listener, and their requests with them.
/// Those of a passed socket stay in its queue for the next process.
void worker::accept_what_waits() {
    if (is_socket_passed_) return;
    error_code error;
    acceptor_.non_blocking(true, error);
    while (!error) {
        tcp::socket socket{loop_.context()};
        acceptor_.accept(socket, error);
        if (!error) admit(std::move(socket));
    }
}

/// The answers of peers in asynchronous mode come in requests, for which the listener stays open and new connections
/// are as usual. Their packets are refused.
void worker::stop_accepting() {
    if (awaits_replies() || !acceptor_.is_open()) return;
    error_code ignored;
    acceptor_.close(ignored);
    for (const auto& connection : connections_) connection->drain();
}

void worker::give_up_packets() {
    boost::asio::post(loop_.context(), [this] {
        loop_.enter();
        is_store_lost_ = true;
        revoke_posted();
        reject_flying();
        while (const auto incomplete = collector_.sets().timed_out(ilp::steady_time::max())) {
            refuse_whole(*incomplete, reject_reason::store_unavailable);
        }
        watch_parts();
    });
}

/// What was submitted cannot become durable any more, and what would be submitted need not be.
void worker::revoke_posted() {
    while (!waiting_.empty()) {
        packet_in_flight& packet = waiting_.front();
        waiting_.pop();
        revoke(packet);
    }
    for (packet_in_flight* const packet : std::exchange(posted_this_turn_, {})) revoke(*packet);
    batch_.clear();
}

void worker::reject_flying() {
    packets_.visit([this](packet_in_flight& packet) {
        if (packet.next_hop_link == nullptr) {
            if (!packet.transfer.empty() && ceilings_.remove(packet)) reject(packet, reject_reason::store_unavailable);
            return;
        }
        const bool has_failed = packet.parts != 1 && questions_.is_lost(packet);  // its link does not know it any more
        if (!has_failed && !packet.next_hop_link->withdraw(packet)) {
            if (!packet.next_hop_link->give_up_answer(packet)) return;  // answered() follows
            packet.next_hop_link->forget(packet);
        }
        reject(packet, reject_reason::store_unavailable);
    });
}

/// Ends a packet that was fulfilled and cannot be booked: its sender gets a Reject.
void worker::revoke(packet_in_flight& packet) {
    peering::ledger::release(packet.transfer.legs());
    const failure why = note_refusal(*packet.from, reject_reason::store_unavailable);
    if (packet.answer_to != nullptr) {
        scratch_.clear();
        serialize_reject(scratch_, *why.of_this_node, forwarding_table_.own_address(), nullptr);
        packet.answer_to->revoke(packet.request, scratch_, why);
    }
    finish(packet);
}

void worker::end_grace() {
    is_grace_over_ = true;  // check_drained() follows at the end of the turn
}

void worker::relieve_memory() {
    const auto [connections, bytes] = loop_.memory().relieve();
    if (connections == 0) return;
    connections_closed_for_memory_ += connections;
    log::write_seldom({"buffers", {}}, log::level::warn,
                      "closed the connections with the largest buffers, because a worker exceeded "
                      "connector.max_buffer_memory",
                      {{"connections", connections}, {"bytes", bytes}});
}

void worker::check_drained() {
    if (!draining_ || !drained_ || packets_.in_use() != 0 || collector_.sets().open() != 0 || payments_.size() != 0)
        return;
    stop_accepting();
    if (reply_sender_.has_to_wait(is_grace_over_) || (!connections_.empty() && !is_grace_over_)) return;
    reply_sender_.give_up_all();
    // By the next turn, the answers of this one have been sent.
    boost::asio::post(loop_.context(), std::exchange(drained_, {}));
}

void worker::sample(std::function<void(worker_sample)> callback) {
    boost::asio::post(loop_.context(), [this, callback = std::move(callback)] {
        worker_sample sample;
        worker_figures& figures = sample.figures;
        figures.incoming_connections = connections_.size();
        figures.packets = packets_.in_use();
        figures.waiting_for_store = waiting_.size() + ceilings_.size();
        figures.buffered_bytes = loop_.memory().used();
        figures.replies = reply_sender_.size();
        figures.payments = payments_.size();
        figures.payment_packets = own_.counters.outgoing;
        figures.payment_packets.prepares = own_.counters.incoming.prepares;
        figures.payment_refusals = own_.counters.refusals;
        figures.connections_closed_for_memory = connections_closed_for_memory_;
        figures.connections_closed_for_room = connections_closed_for_room_;
        figures.http2_floods = floods_.by_kind;
        if (const auto oldest = packets_.oldest_hold()) {
            figures.oldest_hold = std::chrono::steady_clock::now() - *oldest;
        }
        for (std::size_t id = 0; id < peer_states_.size(); ++id) {
            if (!peer_states_[id]) continue;
            const peer_state& state = *peer_states_[id];
            sample.peers.push_back({static_cast<std::uint32_t>(id), state.counters,
                                    state.link_to_peer ? state.link_to_peer->connection_count() : 0});
            if (state.link_to_peer) figures.waiting_for_a_connection += state.link_to_peer->waiting_count();
        }
        callback(std::move(sample));
    });
}

void worker::accept() {
    if (!acceptor_.is_open()) return;
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
        loop_.enter();
        if (error == boost::asio::error::operation_aborted) return;
        if (error) {
            report_accept_error(error);
            return loop_.set(accept_again_, loop_.now().steady + accept_pause);
        }
        admit(std::move(socket));
        accept();
    });
}

void worker::admit(tcp::socket socket) {
    const bool is_short = is_kept_back(socket.native_handle(), client_kind::peer_or_stranger);
    const std::size_t strangers_now = connections_.size() - connection_shares_.total();
    if (room_.is_full(connections_.size(), is_short)) {
        const bool fits_in_reserve =
            strangers_now < room_.reserve() && connections_.size() < room_.max_now() + room_.reserve();
        if (!fits_in_reserve && !make_room()) return;
    }
    auto& connection =
        *connections_.emplace_back(std::make_unique<incoming_connection>(loop_, *this, *this, timeouts_));
    connection.place = connections_.size() - 1;
    newcomers_.push_back(connection);
    if (draining_ && !awaits_replies()) connection.drain();
    std::unique_ptr<stream_filter> filter = listener_tls_ ? tls_filter::for_server(listener_tls_) : nullptr;
    if (!connection.start(std::move(socket), std::move(filter)))
        report_accept_error({ENOSPC, boost::system::system_category()});
}

/// Strangers must not keep peers out: of the connections that have not shown a valid token, the oldest gives way to a
/// new one. If all have shown one, the new one is closed, from which the other side learns more than from silence. See
/// may_stay() for what happens once a new one has shown a token.
bool worker::make_room() {
    const bool has_newcomer = !newcomers_.empty();
    log::write_seldom({"connections", {}}, log::level::warn,
                      has_newcomer ? "too many incoming connections: the oldest without a valid token is closed"
                                   : "too many incoming connections: a new one is closed",
                      {{"open", connections_.size()}});
    count(has_newcomer ? room_reason::no_token : room_reason::no_place);
    if (has_newcomer) newcomers_.front().abandon();
    return has_newcomer;
}

/// A peer must not keep others out either: when there is no room, the peer that has most connections gives one up for a
/// peer that has fewer.
bool worker::may_stay(incoming_connection& connection, const peering::peer& from) {
    connections_of_peer& own = state_of(from).connections;
    if (connection.belongs_to == &own) return true;
    if (connection.belongs_to == nullptr) {
        const auto [stays, gives_way] = connection_shares_.decide(own, room_.max_now());
        if (!stays) {
            count(room_reason::too_many);
            log::write_seldom(
                {"connections of a peer", std::string{from.name()}}, log::level::warn,
                "too many incoming connections: a new one of a peer that has as many as others is refused",
                {{"peer", std::string{from.name()}}, {"open", own.connections()}});
            return false;
        }
        if (gives_way != nullptr) end_one_of(static_cast<connections_of_peer&>(*gives_way));
    }
    leave_peer(connection);  // a proxy may send the requests of several peers on one connection
    connection.belongs_to = &own;
    own.list.push_back(connection);
    connection_shares_.add(own);
    return true;
}

/// Closes an idle connection of this peer: of some, the one that has been idle for longest. If all of them are busy,
/// one ends with its next answer; admit() bounds how many wait for that.
void worker::end_one_of(connections_of_peer& most) {
    constexpr std::size_t looked_at_max = 64;
    incoming_connection* longest_idle = nullptr;
    incoming_connection* busy = nullptr;
    for (std::size_t left = std::min(looked_at_max, most.connections()); left > 0; --left) {
        // The next search begins with others.
        incoming_connection& next = most.list.front();
        most.list.pop_front();
        most.list.push_back(next);
        if (next.is_ending()) continue;
        if (!next.is_idle()) {
            if (busy == nullptr) busy = &next;
        } else if (longest_idle == nullptr || next.last_activity() < longest_idle->last_activity()) {
            longest_idle = &next;
        }
    }
    if (longest_idle == nullptr && busy == nullptr) return;
    log::write_seldom({"connections given up", {}}, log::level::warn,
                      "too many incoming connections: one of the peer that has most is closed",
                      {{"open", connections_.size()}});
    if (longest_idle != nullptr) {
        count(room_reason::idle);
        longest_idle->abandon();
    } else {
        count(room_reason::busy);
        busy->drain();
    }
}

void worker::leave_peer(incoming_connection& connection) {
    connections_of_peer* const left = std::exchange(connection.belongs_to, nullptr);
    if (left == nullptr) return;
    connection.peer_hook::unlink();
    connection_shares_.remove(*left);
}

void worker::report_accept_error(const error_code& error) {
    log::write_seldom({"accept", error.message()}, log::level::warn, "cannot accept connections",
                      {{"error", with_advice(error)}});
}

void worker::connection_closed(incoming_connection& connection) {
    leave_peer(connection);
    const std::size_t place = connection.place;
    std::swap(connections_[place], connections_.back());
    connections_[place]->place = place;
    loop_.dispose(std::move(connections_.back()));
    connections_.pop_back();
    check_drained();  // this may have been the last one that a stop waits for
}

authenticated worker::authenticate(std::string_view token, std::string_view account, const ilp::digest* client_key) {
    const authenticated sender = forwarding_table_.find_sender(token, account, client_key, loop_.now());
    if (sender.peer == nullptr) report_missing_key(token, client_key);
    return sender;
}

/// Whoever shows the token of a peer without one of its keys is told no more than others; the operator is.
void worker::report_missing_key(std::string_view token, const ilp::digest* client_key) {
    if (token.empty()) return;
    const peering::peer* const owner = forwarding_table_.find_by_token(ilp::sha256(ilp::as_bytes(token)));
    if (owner == nullptr || owner->client_keys.empty()) return;
    if (client_key != nullptr && std::ranges::find(owner->client_keys, *client_key) != owner->client_keys.end()) return;
    constexpr std::size_t lines_max = 4096;
    log::write_seldom({client_key == nullptr ? "no client key" : "client key", std::string{owner->name()}, lines_max},
                      log::level::warn,
                      client_key == nullptr
                          ? "a request with the peer's token came without a client certificate, which its terms ask for"
                          : "a request with the peer's token came with a client certificate that is not among its "
                            "client keys: if the peer has a new key, add its hash to them",
                      {{"peer", std::string{owner->name()}},
                       {"key", client_key == nullptr ? std::string{} : ilp::to_hex(*client_key)}});
}

std::unique_ptr<multiplexed_requests> worker::make_multiplexed(multiplexed_requests::carrier& carrier) {
    return std::make_unique<http2_requests>(loop_, carrier, *this, timeouts_, floods_);
}

void worker::unauthenticated(const boost::asio::ip::address& remote) {
    unauthenticated_requests_.fetch_add(1, std::memory_order_relaxed);
    log::write_seldom({"unauthenticated", client_network(remote)}, log::level::warn,
                      "request for a packet refused: no peer has its token or certificate, or its signed token has "
                      "expired or has another secret",
                      {{"remote", remote.to_string()}});
}

turn_share* worker::share_of(const peering::peer* peer) {
    return peer == nullptr ? &share_of_strangers_ : &state_of(*peer).share;
}

peer_state& worker::state_of(const peering::peer& peer) {
    if (peer.id >= peer_states_.size()) peer_states_.resize(peer.id + 1);
    auto& place = peer_states_[peer.id];
    if (!place) {
        place = std::make_unique<peer_state>(turns_, peer.id);
        place->name = peer.name();
    }
    return *place;
}

void worker::open_link(const peering::peer& peer, peer_state& state) {
    state.reachability = board_.open(peer.id, peer.uuid);
    state.link_to_peer = make_link(loop_, peer, settings_.max_connection_age, links_tls_, floods_,
                                   {settings_.callback_url, awaited_replies_});
}

/// Null if the packet was sent over a link that has been retired: it says nothing about the present one.
reachability_record* worker::reachability_over(const packet_in_flight& packet) const {
    const peer_state& to = *packet.to;
    return packet.next_hop_link == to.link_to_peer.get() ? to.reachability.get() : nullptr;
}

void worker::probe(std::uint32_t peer, ilp::bytes prepare, std::chrono::milliseconds time_limit,
                   std::function<void(probes::outcome)> done) {
    boost::asio::post(
        loop_.context(), [this, peer, prepare = std::move(prepare), time_limit, done = std::move(done)]() mutable {
            loop_.enter();
            const peering::peer* const to = forwarding_table_.find(peer);
            if (to == nullptr) return done(std::unexpected{std::string{"the peer was deleted"}});
            peer_state& state = state_of(*to);
            link& over = link_to(*to, state);
            probes_.send(over, prepare, loop_.now().steady + time_limit, std::move(done), state.reachability);
        });
}

void worker::quote(quote_order order, payment_runs::quoted done) {
    boost::asio::post(loop_.context(), [this, order = std::move(order), done = std::move(done)]() mutable {
        loop_.enter();
        payments_.quote(std::move(order), std::move(done));
    });
}

void worker::pay(payment_order order, payment_runs::paid done) {
    boost::asio::post(loop_.context(), [this, order = std::move(order), done = std::move(done)]() mutable {
        loop_.enter();
        payments_.pay(std::move(order), std::move(done));
    });
}

void worker::cancel_payment(std::uint64_t number) {
    boost::asio::post(loop_.context(), [this, number] {
        loop_.enter();
        payments_.cancel(number);
    });
}

owed_answer* worker::prepare_received(answer_sink& sink, std::uint64_t request, const peering::peer& from,
                                      ilp::bytes_span body) {
    peer_state& state = state_of(from);
    const load load = load_for(from.id, state);
    const auto [decided, context] = router_.decide(body, from, forwarding_table_, *rates_, load, loop_.now());
    if (decided != step::bad_request) ++state.counters.incoming.prepares;
    return carry_out(decided, context, state, sink, request);
}

bool worker::send_own(answer_sink& sink, std::uint64_t request, const peering::peer& payer, ilp::bytes_span prepare) {
    const load load = load_for(payer.id, own_);
    if (load.store_unavailable) return false;
    const auto [decided, context] = router_.decide_own(prepare, payer, forwarding_table_, *rates_, load, loop_.now());
    ++own_.counters.incoming.prepares;
    carry_out(decided, context, own_, sink, request);
    return true;
}

load worker::load_for(std::uint32_t sender, const peer_state& state) {
    return {.draining = draining_,
            .store_unavailable = !committer_.may_accept_packets(loop_.now().steady),
            .packets_in_flight_full = is_full_for(sender, state),
            .pools = &pools_,
            .parts = &board_.accepted(),
            .echo = &echo_};
}

/// Does what the router has decided. Null if the packet has ended.
packet_in_flight* worker::carry_out(step decided, const packet_context& context, peer_state& from, answer_sink& sink,
                                    std::uint64_t request) {
    if (decided == step::bad_request) {
        sink.refuse_malformed(request);
        return nullptr;
    }
    switch (decided) {
        case step::reject:
            refuse(sink, request,
                   note_refusal(from, context.reason, context.to == nullptr ? nullptr : context.to->asset), &context);
            if (context.ends_payment) note_payment(context, {});
            return nullptr;
        case step::fulfill: {
            packet_in_flight& packet = add_packet(sink, request, from, context);
            scratch_.clear();
            ilp::serialize_fulfill(scratch_, context.fulfillment, context.answer_data);
            if (context.ends_payment || !context.transfer.empty()) note_payment(context, context.outgoing_amount);
            return fulfilled(packet, scratch_) ? &packet : nullptr;
        }
        case step::go_on:
            return forward(sink, request, from, context);
        case step::bad_request:
            break;
    }
    return nullptr;
}

acceptance worker::asynchronous_prepare_received(const peering::peer& from, const request_id& id,
                                                 const std::string& reply_at, ilp::bytes_span body) {
    if (draining_) return acceptance::busy;
    const auto prepare = ilp::prepare_view::parse(body);
    if (!prepare) return acceptance::malformed;
    const auto request = reply_sender_.begin(from, id, reply_at, prepare->expires_at() - loop_.now().wall);
    if (!request) return request.error();
    prepare_received(reply_sender_, *request, from, body);
    return reply_sender_.was_malformed(*request) ? acceptance::malformed : acceptance::accepted;
}

bool worker::reply_received(const peering::peer& from, const request_id& id, ilp::bytes_view answer,
                            const trace_id& trace) {
    reply_receiver* const receiver = expected_replies_->claim(id, from.id, loop_.now().steady);
    if (receiver == nullptr) return false;
    receiver->take_reply(id, {answer.begin(), answer.end()}, trace);
    return true;
}

void worker::note_undelivered(std::uint32_t peer, bool is_fulfill) {
    if (peer >= peer_states_.size() || !peer_states_[peer]) return;
    reply_counters& counters = peer_states_[peer]->counters.undelivered;
    ++(is_fulfill ? counters.fulfills : counters.rejects);
}

/// While several peers send, each of them has a fair share of the places for packets in flight.
bool worker::is_full_for(std::uint32_t sender, const peer_state& state) {
    const bool is_shared = senders_.note(sender, loop_.now().steady);
    if (is_shared) return exceeds_fair_share(state.packets, packets_.in_use(), settings_.max_packets_in_flight);
    return packets_.in_use() >= settings_.max_packets_in_flight;
}

packet_in_flight& worker::add_packet(answer_sink& sink, std::uint64_t request, peer_state& from,
                                     const packet_context& context) {
    packet_in_flight& packet = packets_.take();
    packet.listener = this;
    packet.sender = context.from.id;
    packet.from = &from;
    ++packet.from->packets;
    packet.to = context.to == nullptr ? nullptr : &state_of(*context.to);
    packet.arrived_at = packet.sent_at = context.now.steady;
    packet.accepts = {};
    packet.incoming_amount = context.incoming_amount;
    packet.outgoing_amount = context.outgoing_amount;
    packet.transfer = context.transfer;
    packet.limits = context.limits;
    packet.pool_share = context.pool_share;
    packet.answer_to = &sink;
    packet.request = request;
    return packet;
}

packet_in_flight* worker::forward(answer_sink& sink, std::uint64_t request, peer_state& from,
                                  const packet_context& context) {
    peer_state& state = state_of(*context.to);
    link& next_hop = link_to(*context.to, state);
    const bool too_many =
        exceeds_fair_share(state.counters.packets_in_flight, packets_.in_use(), settings_.max_packets_in_flight);
    packet_in_flight& packet = add_packet(sink, request, from, context);
    packet.due = context.now.when(context.outgoing_expires_at);
    std::memcpy(packet.condition.data(), context.prepare->condition().data(), packet.condition.size());
    ++state.counters.packets_in_flight;
    state.counters.amount_in_flight += static_cast<double>(packet.outgoing_amount.value);
    if (too_many) {
        reject(packet, reject_reason::next_hop_queue_full);
        return nullptr;
    }
    if (!peering::take_off(*context.to->liquidity, packet.outgoing_amount)) [[unlikely]]
        return wait_for_ceiling(packet, context);
    packet.flies_to = context.to->liquidity;
    return launch(packet, next_hop, context.prepare->bytes(), context.plan, context.to->id) ? &packet : nullptr;
}

/// Gives the packet to the link. Returns false if the link has refused it; the packet has then ended.
bool worker::launch(packet_in_flight& packet, link& next_hop, ilp::bytes_view prepare,
                    const std::optional<peering::split_plan>& plan, std::uint32_t to) {
    peer_state& state = *packet.to;
    const auto refusal = plan ? send_in_parts(packet, next_hop, prepare, *plan, to) : next_hop.send(packet, prepare);
    if (refusal) {
        // During the pause after a failed connect nothing has been tried.
        if (*refusal != reject_reason::next_hop_unreachable)
            state.reachability->failed(loop_.now(), *refusal, next_hop);
        reject(packet, *refusal);
        return false;
    }
    packet.next_hop_link = &next_hop;
    ++state.counters.outgoing.prepares;
    loop_.set(packet, loop_.now().steady + waiting_time_max(packet.due - loop_.now().steady));
    return true;
}

/// The packet would exceed what the store knows may be in flight to the next hop. It leaves once the store has a higher
/// ceiling, and is refused if that takes half of the time until it expires. Null if it was refused at once.
packet_in_flight* worker::wait_for_ceiling(packet_in_flight& packet, const packet_context& context) {
    if (loop_.memory().is_waiting_full()) {
        reject(packet, reject_reason::too_many_packets_in_flight);
        return nullptr;
    }
    const ilp::bytes_view prepare = context.prepare->bytes();
    ceilings_.add({.packet = &packet,
                   .peer = context.to->id,
                   .account = context.to->liquidity,
                   .prepare = {prepare.begin(), prepare.end()},
                   .plan = context.plan,
                   .memory = {loop_.memory(), prepare.size()}});
    loop_.set(packet, loop_.now().steady + waiting_time_max(packet.due - loop_.now().steady));
    return &packet;
}

/// A commit has raised ceilings. What other workers have sent meanwhile may have used them up; then the packet asks
/// again. Each commit at least doubles the ceiling that it raises.
void worker::leave_below_ceilings(peering::commit_ticket durable) {
    while (auto waiting = ceilings_.take(durable)) {
        packet_in_flight& packet = *waiting->packet;
        const peering::peer* const to = forwarding_table_.find(waiting->peer);
        if (to == nullptr) {
            reject(packet, reject_reason::no_route);
        } else if (const auto now = loop_.now().steady; now >= packet.due || !committer_.may_accept_packets(now)) {
            // The process may have been suspended in the meantime.
            reject(packet, reject_reason::store_unavailable);
        } else if (!peering::take_off(*waiting->account, packet.outgoing_amount)) {
            ceilings_.add(*std::move(waiting));
        } else {
            packet.cancel();
            packet.flies_to = waiting->account;
            packet.sent_at = loop_.now().steady;
            launch(packet, link_to(*to, *packet.to), waiting->prepare, waiting->plan, to->id);
        }
    }
}

/// Adds what a packet has brought to the report about its payment.
void worker::note_payment(const packet_context& context, ilp::amount received) {
    if (!reports_payments_ || context.receiving_account == nullptr) return;
    peering::received_packets& all = batch_.received_over(context.connection);
    if (all.account == peering::uuid_text{}) {
        all.account = context.receiving_account->uuid;
        all.asset_code = context.receiving_account->asset->code;
        all.asset_scale = context.receiving_account->asset->scale;
        all.address_expires_at = context.address_expires_at;
        all.first = context.now;
    }
    all.amount += received.value;
    if (!received.is_zero()) ++all.packets;
    all.last = context.now;
    all.has_ended = all.has_ended || context.ends_payment;
}

void worker::refuse(answer_sink& sink, std::uint64_t request, const failure& why, const packet_context* context) {
    scratch_.clear();
    serialize_reject(scratch_, *why.of_this_node, forwarding_table_.own_address(), context);
    sink.reject(request, scratch_, why);
}

/// Counts and logs a packet that this node refuses. `of` is the asset of the next hop, if there is one.
failure worker::note_refusal(peer_state& from, reject_reason reason, const peering::asset* of) {
    const reject_text& text = describe(reason);
    const failure noted{traces_.next(), reason};
    from.counters.outgoing.count_reject(text.code);
    from.counters.refusals.count(reason);
    if (!log::enabled(log::level::debug)) return noted;
    const log::field peer{"peer", from.name};
    const log::field code{"code", std::string{ilp::code_text(text.code)}};
    const log::field why{"reason", std::string{text.identifier}};
    const log::field trace{"trace", log_text(noted.trace)};
    const bool is_about_asset =
        reason == reject_reason::asset_lacks_liquidity || reason == reject_reason::asset_share_exceeded;
    if (!is_about_asset || of == nullptr) {
        log::write(log::level::debug, "packet refused", {peer, code, why, trace});
    } else {
        const log::field asset{"asset", peering::asset_text(of->code, of->scale)};
        log::write(log::level::debug, "packet refused", {peer, code, why, asset, trace});
    }
    return noted;
}

/// Logs a Reject of the next hop. `told` is the trace id that has come with it, if there was one. Returns the one under
/// which the packet is known from here on.
trace_id worker::note_reject(const packet_in_flight& packet, const reply& reply, const trace_id& told) {
    const trace_id trace = told ? told : traces_.next();
    if (log::enabled(log::level::debug)) {
        log::write(log::level::debug, "packet rejected by the next hop",
                   {{"peer", packet.from->name},
                    {"next_hop", packet.to->name},
                    {"code", std::string{reply.code}},
                    {"trace", log_text(trace)}});
    }
    return trace;
}

void worker::answered(carried_packet& carried, ilp::bytes_span answer) {
    auto& packet = static_cast<packet_in_flight&>(carried);
    reachability_record* const reachability = reachability_over(packet);
    if (reachability != nullptr) reachability->note_split(packet.accepts);
    const bool came_in_time = std::exchange(packet.came_in_time, false) || loop_.now().steady <= packet.due;
    if (!came_in_time) {
        if (reachability != nullptr) reachability->answered(loop_.now(), loop_.now().steady - packet.sent_at);
        return reject(packet, reject_reason::next_hop_timed_out);
    }
    const reply reply = router_.check_reply(packet.condition, answer);
    if (reachability != nullptr) {
        if (reply.kind == reply_kind::refuse && reply.reason == reject_reason::next_hop_answered_nonsense) {
            reachability->failed(loop_.now(), reply.reason, *packet.next_hop_link);
        } else {
            reachability->answered(loop_.now(), loop_.now().steady - packet.sent_at);
        }
    }
    peer_counters& of_next_hop = packet.to->counters;
    of_next_hop.answers.observe(seconds(loop_.now().steady - packet.arrived_at));
    switch (reply.kind) {
        case reply_kind::refuse:
            return reject(packet, reply.reason);
        case reply_kind::reject: {
            of_next_hop.incoming.count_reject(reply.code);
            packet.from->counters.outgoing.count_reject(reply.code);
            const trace_id trace = note_reject(packet, reply, std::exchange(packet.trace, {}));
            end_in_flight(packet);
            give_back(packet);
            if (packet.answer_to != nullptr) packet.answer_to->reject(packet.request, reply.packet, {.trace = trace});
            return finish(packet);
        }
        case reply_kind::fulfill:
            ++of_next_hop.incoming.fulfills;
            if (packet.parts != 1) [[unlikely]]
                of_next_hop.splits.count(questions_.was_told(packet) ? split_result::sent_recovered
                                                                     : split_result::sent_fulfilled);
            of_next_hop.outgoing.amount += static_cast<double>(packet.outgoing_amount.value);
            end_in_flight(packet);
            fulfilled(packet, reply.packet);
    }
}

void worker::failed(carried_packet& carried, reject_reason reason) {
    fail(static_cast<packet_in_flight&>(carried), reason);
}

/// Refuses a packet because of what has happened on the way to its next hop.
void worker::fail(packet_in_flight& packet, reject_reason reason) {
    if (auto* const reachability = reachability_over(packet))
        reachability->failed(loop_.now(), reason, *packet.next_hop_link);
    if (packet.parts != 1 && awaits_outcome(packet, reason)) return;
    reject(packet, reason);
}

void worker::on_deadline(packet_in_flight& packet) {
    if (packet.next_hop_link == nullptr) {  // it waits for the store
        ceilings_.remove(packet);
        return reject(packet, reject_reason::store_unavailable);
    }
    if (packet.parts != 1 && ask_outcome_before(packet)) return;
    // A packet still in the queue has waited too long: see waiting_time_max().
    if (const auto refusal = packet.next_hop_link->withdraw(packet)) return fail(packet, *refusal);
    if (loop_.now().steady < packet.due) return loop_.set(packet, packet.due);
    if (!packet.next_hop_link->give_up_answer(packet)) return;  // answered() follows
    packet.next_hop_link->forget(packet);
    fail(packet, reject_reason::next_hop_timed_out);
}

/// Ends the packet's wait for the next hop.
void worker::end_in_flight(packet_in_flight& packet) {
    packet.cancel();
    peer_counters& counters = packet.to->counters;
    --counters.packets_in_flight;
    counters.amount_in_flight -= static_cast<double>(packet.outgoing_amount.value);
}

/// Returns what a packet held and took that is not fulfilled.
void worker::give_back(packet_in_flight& packet) {
    if (packet.parts != 1) [[unlikely]]
        packet.to->counters.splits.count(split_result::sent_rejected);
    peering::ledger::release(packet.transfer.legs());
    packet.limits.give_back_throughput(packet.incoming_amount, packet.outgoing_amount,
                                       loop_.now().steady - packet.arrived_at);
}

void worker::reject(packet_in_flight& packet, reject_reason reason) {
    end_in_flight(packet);
    give_back(packet);
    const failure why = note_refusal(*packet.from, reason);
    if (packet.answer_to != nullptr) refuse(*packet.answer_to, packet.request, why);
    finish(packet);
}

/// From here on the fulfillment is not lost: once the transfer is durable, the sender gets it. Returns false if there
/// was nothing to make durable; the packet has then ended.
bool worker::fulfilled(packet_in_flight& packet, ilp::bytes_view fulfill) {
    peer_counters& of_sender = packet.from->counters;
    ++of_sender.outgoing.fulfills;
    of_sender.incoming.amount += static_cast<double>(packet.incoming_amount.value);
    const bool held = !packet.transfer.empty();
    if (held && packet.answer_to == &collector_) [[unlikely]]
        keep_outcome(packet, fulfill);
    if (packet.answer_to != nullptr) packet.answer_to->answer(packet.request, fulfill, held);
    if (!held) {
        finish(packet);
        return false;
    }
    batch_.add(packet.transfer.legs());
    posted_this_turn_.push_back(&packet);
    return true;
}

void worker::finish(packet_in_flight& packet) {
    packet.from->counters.duration.observe(seconds(loop_.now().steady - packet.arrived_at));
    --packet.from->packets;
    packet.limits.end(packet.incoming_amount);
    if (packet.pool_share != nullptr) *packet.pool_share -= packet.outgoing_amount.value;
    if (packet.flies_to != nullptr) peering::land(*packet.flies_to, packet.outgoing_amount);
    if (packet.parts != 1) [[unlikely]] {
        questions_.end(packet);
        packet.parts = 1;
    }
    packets_.give_back(packet);
    check_drained();
}

void worker::submit_postings() {
    if (is_store_lost_) [[unlikely]] {
        revoke_posted();
        return check_drained();
    }
    if (!ceilings_.empty()) [[unlikely]]
        ceilings_.ask(batch_);
    if (posted_this_turn_.empty()) {
        // Payments have ended, or packets wait for a ceiling.
        if (!batch_.empty()) ceilings_.submitted(committer_.submit(listener_number_, batch_));
        return check_drained();
    }
    if (waiting_.empty()) commit_began_ = loop_.now().steady;
    const peering::commit_ticket ticket = committer_.submit(listener_number_, batch_);
    ceilings_.submitted(ticket);
    for (packet_in_flight* const packet : posted_this_turn_) {
        packet->ticket = ticket;
        waiting_.push(*packet);
    }
    posted_this_turn_.clear();
    if (ticket == peering::nothing_to_wait_for) release_durable(ticket);
}

void worker::release_durable(peering::commit_ticket durable) {
    commit_began_ = loop_.now().steady;
    while (!waiting_.empty() && waiting_.front().ticket <= durable) {
        packet_in_flight& packet = waiting_.front();
        waiting_.pop();
        if (packet.answer_to != nullptr) packet.answer_to->release(packet.request);
        finish(packet);
    }
    if (!ceilings_.empty()) [[unlikely]]
        leave_below_ceilings(durable);
}

}  // namespace connector

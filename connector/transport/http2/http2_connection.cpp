#include "connector/transport/http2/http2_connection.hpp"

#include "ilp/invariant.hpp"

#include <algorithm>
#include <utility>

namespace connector {
namespace {

using http2::event_kind;
using std::chrono::seconds;

constexpr seconds dial_time_max{5};
constexpr seconds greeting_time_max{10};  ///< for the handshake, and for the confirmation of our settings
constexpr seconds unused_time_max{60};
constexpr std::size_t memory_kept_max = 4096;
/// Bytes that are read together while many answers come.
constexpr std::size_t answers_read_together = 64 * 1024;
/// Streams that were given up without telling the other side. Beyond that the connection is replaced.
constexpr std::size_t forgotten_max = 50;
/// Bytes that the other side's windows do not allow yet. Beyond that, packets wait where they can still be withdrawn.
constexpr std::size_t unsent_max = 64 * 1024;
/// Streams that a host may reset on a connection without one answer. Beyond that the connection is replaced.
constexpr unsigned refusals_max = 8;

reject_reason reason_of_reset(const http2::event& event) {
    if (event.by_us) return reject_reason::next_hop_answered_nonsense;
    switch (event.code) {
        case http2::error_code::enhance_your_calm:
            return reject_reason::next_hop_busy;
        case http2::error_code::internal_error:
            return reject_reason::next_hop_failed;
        default:
            return reject_reason::next_hop_connection_lost;
    }
}

}  // namespace

http2_connection::http2_connection(owner& owner, event_loop& loop)
    : tcp_connection{loop}, owner_{owner}, timer_{*this} {}

void http2_connection::connect(dial_target target, std::unique_ptr<stream_filter> filter) {
    filter_ = std::move(filter);
    target.time_limit = dial_time_max;
    dial_ = dial{loop_.context(), std::move(target), [this](auto socket) {
                     loop_.enter();
                     if (socket) return connected(std::move(*socket));
                     give_up(socket.error());
                 }};
}

void http2_connection::connected(boost::asio::ip::tcp::socket socket) {
    was_connected_ = true;
    if (!adopt(std::move(socket), std::move(filter_))) {
        was_connected_ = false;  // the fault is not the peer's
        return give_up({.why = "the system cannot watch another socket: raise the limit fs.epoll.max_user_watches"});
    }
    if (!is_established() && !is_closed()) loop_.set(timer_, loop_.now().steady + greeting_time_max);
}

void http2_connection::established() {
    if (filter() != nullptr && filter()->protocol() != "h2") {
        timer_.cancel();
        if (owner_.declined(*this)) return abandon();
    }
    session_.emplace(out_);
    established_at_ = idle_since_ = last_received_ = loop_.now().steady;
    loop_.set(timer_, established_at_ + greeting_time_max);
    loop_.flush_prepares_of(*this);
    receive();
}

void http2_connection::give_up(const dial_failure& failure) {
    owner_.connect_failed(failure, was_connected_ && !was_shed());
    abandon();
}

/// The other side does not take what is sent to it.
bool http2_connection::is_stalled() const noexcept {
    return is_send_blocked() || (session_ && session_->unsent() > unsent_max);
}

void http2_connection::carry(carried_packet& packet, ilp::bytes_view block, ilp::bytes_view prepare) {
    if (out_.capacity() == 0) loop_.spare().lend_large(out_);
    const std::uint64_t number = session_->request(block, prepare, out_);
    const auto place = static_cast<std::size_t>(number >> 32U);
    if (place >= carried_.size()) carried_.resize(place + 1);
    carried& taken = carried_[place];
    taken.next_part = static_cast<std::uint16_t>(place);
    if (packet.parts != 1) [[unlikely]] {
        // A part that was carried before is at the packet's place.
        const bool has_others = packet.place < carried_.size() && carried_[packet.place].packet == &packet;
        if (has_others) std::swap(taken.next_part, carried_[packet.place].next_part);
    }
    packet.place = static_cast<std::uint16_t>(place);
    has_carried_ = true;
    taken.number = number;
    taken.packet = &packet;
    taken.sent_at = loop_.now().steady;
    prepares_ -= taken.prepare.capacity();
    // Parts are not sent again.
    taken.prepare.assign(prepare.begin(), packet.parts == 1 ? prepare.end() : prepare.begin());
    prepares_ += taken.prepare.capacity();
    ++count_;
    unflushed_.push_back(number);
    loop_.flush_prepares_of(*this);
}

void http2_connection::free_place(carried& done) {
    done.number = 0;
    --count_;
    if (done.packet == nullptr) --dropped_;
    if (awaited() == 0) idle_since_ = loop_.now().steady;
    if (done.prepare.capacity() > memory_kept_max) {
        prepares_ -= done.prepare.capacity();
        done.prepare = ilp::bytes{};
    }
}

/// Ends what is known about a packet, which gets its outcome from the caller.
carried_packet& http2_connection::release(carried& done) {
    carried_packet& packet = *done.packet;
    free_place(done);
    done.packet = nullptr;
    if (packet.parts == 1) [[likely]]
        return packet;
    for (carried* each = &carried_[done.next_part]; each != &done; each = &carried_[each->next_part]) {
        each->packet = nullptr;
        ++dropped_;
    }
    if (awaited() == 0) idle_since_ = loop_.now().steady;
    return packet;
}

void http2_connection::give_back(carried& refused) {
    ilp::bytes prepare = refused.prepare;
    carried_packet& packet = release(refused);
    if (packet.parts != 1) return owner_.failed(packet, reject_reason::part_never_left);
    owner_.not_processed(packet, std::move(prepare));
}

bool http2_connection::forget(const carried_packet& packet) {
    if (packet.parts != 1) return forget_parts(packet);
    if (packet.place >= carried_.size() || carried_[packet.place].packet != &packet) return false;
    carried& found = carried_[packet.place];
    session_->give_up(found.number, out_, loop_.now().steady);
    // Whoever has sent nothing since then may be gone, which TCP would find out much later.
    const bool is_silent = last_received_ <= found.sent_at;
    release(found);
    if (is_silent || session_->open_streams() > count_ + forgotten_max) leaving_ = true;
    loop_.flush_prepares_of(*this);
    return true;
}

bool http2_connection::forget_parts(const carried_packet& packet) {
    if (packet.place >= carried_.size() || carried_[packet.place].packet != &packet) return false;
    for (carried* each = &carried_[packet.place]; each->packet == &packet; each = &carried_[each->next_part]) {
        session_->give_up(each->number, out_, loop_.now().steady);
        if (last_received_ <= each->sent_at) leaving_ = true;  // as in forget()
        free_place(*each);
        each->packet = nullptr;
    }
    if (session_->open_streams() > count_ + forgotten_max) leaving_ = true;
    loop_.flush_prepares_of(*this);
    return true;
}

void http2_connection::leave() {
    leaving_ = true;
    if (is_usable()) loop_.flush_prepares_of(*this);
}

void http2_connection::flush() {
    if (!session_ || is_closed()) return;
    if (!out_.empty()) {
        switch (send(out_)) {
            case send_outcome::accepted:
                break;
            case send_outcome::nothing_has_left:
                return lost(true);
            case send_outcome::part_may_have_left:
                return lost(false);
        }
        loop_.spare().give_back_large(out_);
    }
    unflushed_.clear();
    account();
    if (leaving_ && usable_ && awaited() == 0 && !is_send_blocked()) abandon();
}

void http2_connection::received() {
    last_received_ = loop_.now().steady;
    const bool sends_much = in_.size() >= receive_buffer::capacity_min;
    if (out_.capacity() == 0) loop_.spare().lend_large(out_);
    while (!is_closed()) {
        const http2::event& event =
            session_->next({reinterpret_cast<ilp::octet*>(in_.octets().data()), in_.size()}, out_, loop_.now().steady);
        if (event.kind == event_kind::failed) {
            in_.consume(in_.size());
            if (!usable_) return give_up({.why = "it does not speak HTTP/2"});
            return end_with_goaway();
        }
        take(event);
        if (is_closed()) return;
        in_.consume(event.consumed);
        if (event.kind == event_kind::pause) {
            go_on_later();
            break;
        }
        if (event.kind == event_kind::needs_more) {
            receive(sends_much ? std::max(event.wanted, answers_read_together) : event.wanted);
            break;
        }
    }
    if (session_->is_leaving()) leaving_ = true;
    if (!usable_ && session_->is_leaving()) return give_up({.why = "it ends each connection at once (GOAWAY)"});
    if (!usable_ && session_->has_settings()) {
        usable_ = true;
        owner_.usable(*this);
    }
    if (out_.empty()) loop_.spare().give_back_large(out_);
    if (!out_.empty() || leaving_) loop_.flush_prepares_of(*this);
    account();
    if (may_carry()) owner_.has_room(*this);
}

/// Processes what has been received and not consumed, after the handlers that are ready now.
void http2_connection::go_on_later() {
    operation_begins();
    loop_.post([this] {
        if (operation_ended()) received();
    });
}

/// The other side has broken the protocol. Packets of this turn stand in front of the GOAWAY, and are not sent with it.
void http2_connection::end_with_goaway() {
    const bool has_unflushed = !unflushed_.empty();
    if (!has_unflushed) send(out_);
    end(reject_reason::next_hop_answered_nonsense, has_unflushed);
}

void http2_connection::take(const http2::event& event) {
    if (session_->is_leaving()) leaving_ = true;  // before a packet comes back that needs another connection
    if (event.kind != event_kind::message && event.kind != event_kind::reset) return;
    carried& of = carried_[static_cast<std::size_t>(event.number >> 32U)];
    ilp::require(of.number == event.number, "an answer belongs to a packet that was sent");
    if (of.packet == nullptr) return free_place(of);
    if (event.kind == event_kind::reset && !event.not_processed && has_other_parts(of)) return end_part(of);
    if (event.kind == event_kind::message) {
        has_answered_ = true;
        carried_packet& packet = release(of);
        packet.accepts = event.accepts;
        if (begins_as_reject(event.body)) [[unlikely]]
            packet.trace = event.has_trace ? session_->trace_of(event.number) : trace_id{};
        return owner_.answered(packet, event.status, event.body);
    }
    note_refusal(event.code);
    if (event.not_processed) return give_back(of);
    carried_packet& packet = release(of);
    owner_.failed(packet, reason_of_reset(event));
}

/// True if further parts of the same packet wait for their answers.
bool http2_connection::has_other_parts(const carried& part) const noexcept {
    return part.next_part != place_of(part);
}

/// Ends one of several parts. The answer to another one decides about the packet.
void http2_connection::end_part(carried& part) {
    carried* before = &part;
    while (before->next_part != place_of(part)) before = &carried_[before->next_part];
    before->next_part = part.next_part;
    part.packet->place = part.next_part;
    free_place(part);
    part.packet = nullptr;
}

/// Called before the packet has its outcome, so that it does not come back here.
void http2_connection::note_refusal(http2::error_code code) {
    if (!has_answered_ && ++refusals_ >= refusals_max) leaving_ = true;
    if (code != http2::error_code::http_1_1_required) return;
    leaving_ = true;
    owner_.refused_http2();
}

void http2_connection::sent_all() {
    if (leaving_) loop_.flush_prepares_of(*this);
    if (may_carry()) owner_.has_room(*this);
}

void http2_connection::disconnected(end_of_stream) {
    lost(true);
}

/// See end() for `from_now`.
void http2_connection::lost(bool from_now) {
    if (usable_) return end(reject_reason::next_hop_connection_lost, from_now);
    if (was_shed()) return give_up({.why = shed_text});
    const std::string_view told = filter() == nullptr ? std::string_view{} : filter()->failure();
    if (!told.empty() && (!session_ || filter()->was_refused())) return give_up({.why = std::string{told}});
    give_up({.why = session_ ? "it ended the connection, perhaps because it does not speak HTTP/2"
                             : "the connection broke during the handshake"});
}

/// Ends the connection. Its packets fail for this reason; if `from_now`, those of this turn have not been sent.
void http2_connection::end(reject_reason reason, bool from_now) {
    const std::vector<std::uint64_t> unsent = std::exchange(unflushed_, {});
    std::vector<carried> left = std::exchange(carried_, {});
    count_ = dropped_ = 0;
    abandon();
    // It is closed first, so that a packet that may be sent again does not come back here.
    for (carried& each : left) {
        if (each.number == 0 || each.packet == nullptr) continue;
        carried_packet& packet = *each.packet;
        const bool is_unsent = from_now && std::ranges::find(unsent, each.number) != unsent.end();
        if (packet.parts != 1) {
            for (carried& other : left) {
                if (other.packet == &packet) other.packet = nullptr;
            }
            owner_.failed(packet, is_unsent ? reject_reason::part_never_left : reason);
        } else if (is_unsent) {
            owner_.not_processed(packet, std::move(each.prepare));
        } else {
            owner_.failed(packet, reason);
        }
    }
}

void http2_connection::abandon() {
    if (is_closed()) return;
    timer_.cancel();
    dial_ = {};
    close();
}

void http2_connection::released() {
    owner_.closed(*this);
}

void http2_connection::account() {
    const std::size_t for_streams =
        session_->table_memory() + session_->trace_memory() + carried_.capacity() * sizeof(carried);
    const std::size_t used =
        out_.capacity() + prepares_ + session_->unsent_memory() + session_->partly_received() + for_streams;
    if (used > accounted_) took(used - accounted_);
    if (used < accounted_) gave_back(accounted_ - used);
    accounted_ = used;
}

void http2_connection::time_out() {
    if (!session_) return give_up({.why = "the handshake timed out"});
    if (!usable_) return give_up({.why = "it does not answer in HTTP/2"});
    const ilp::steady_time now = loop_.now().steady;
    if (!session_->are_settings_confirmed() && now >= established_at_ + greeting_time_max) {
        session_->fail(http2::error_code::settings_timeout, "the settings were not confirmed", out_);
        return end_with_goaway();
    }
    if (awaited() == 0 && now >= idle_since_ + unused_time_max) {
        if (is_send_blocked()) return abandon();  // the other side does not read
        session_->leave(out_);
        return leave();
    }
    loop_.set(timer_, awaited() == 0 ? idle_since_ + unused_time_max : now + unused_time_max);
}

}  // namespace connector

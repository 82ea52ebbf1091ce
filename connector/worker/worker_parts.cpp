/// What a worker does with packets that cross a link in parts (docs/splitting.md). Everything else is in worker.cpp.

#include "connector/transport/status_reason.hpp"
#include "connector/worker/worker.hpp"
#include "ilp/invariant.hpp"
#include "ilp/packet.hpp"
#include "peering/book/ledger.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace connector {
namespace {

using step_of_set = peering::part_sets::step;

/// How long the Fulfill of a packet that has come in parts is kept after its expiry, and the longest time to the expiry
/// that counts: no node holds a packet for longer.
constexpr std::chrono::seconds outcome_kept_for{60};
constexpr std::chrono::seconds hold_time_max{60};

/// For the steps that end the one part alone.
constexpr reject_reason reason_for(step_of_set refusal) noexcept {
    if (refusal == step_of_set::duplicate) return reject_reason::part_repeated;
    if (refusal == step_of_set::late) return reject_reason::part_too_late;
    if (refusal == step_of_set::contradiction) return reject_reason::parts_contradict;
    return reject_reason::too_many_partial_packets;
}

}  // namespace

owed_answer* worker::part_received(answer_sink& sink, std::uint64_t request, const peering::peer& from,
                                   const peering::part_label& label, ilp::bytes_span body) {
    peer_state& state = state_of(from);
    const auto connection = reinterpret_cast<std::uintptr_t>(&sink);
    const load load = load_for(from.id, state);
    const auto [decided, part] = router_.decide_part(body, label, from, forwarding_table_, *rates_, load, loop_.now());
    if (decided != step::bad_request) ++state.counters.incoming.prepares;
    if (decided != step::go_on) {
        // The others cannot become whole without it, unless it has come before.
        const auto open = collector_.sets().find(from.id, label.id);
        const bool is_missed = open && collector_.sets().awaits(*open, label.part, connection);
        carry_out(decided, part, state, sink, request);
        if (!open && from.split && decided == step::reject) collector_.sets().end_unopened(from.id, label.id);
        if (is_missed) {
            const bool is_prepare = decided == step::reject;
            refuse_whole(*open, is_prepare ? part.reason : reject_reason::parts_contradict, &part);
        }
        return nullptr;
    }
    const ilp::timestamp expires_at = std::min(part.prepare->expires_at(), loop_.now().wall + hold_time_max);
    const ilp::steady_time latest = loop_.now().when(expires_at - 2 * settings_.min_expiration_window);
    const auto [what, set] = collector_.sets().take({.peer = from.id,
                                                     .connection = connection,
                                                     .label = label,
                                                     .prepare = part.prepare->bytes(),
                                                     .amount = part.incoming_amount},
                                                    latest, loop_.now().steady);
    const bool is_kept = what == step_of_set::open || what == step_of_set::keep || what == step_of_set::complete;
    if (!is_kept) {
        refuse(sink, request, note_refusal(state, reason_for(what)));
        if (what == step_of_set::too_many) collector_.sets().end_unopened(from.id, label.id);
        if (what == step_of_set::contradiction) refuse_whole(*set, reject_reason::parts_contradict);
        watch_parts();
        return nullptr;
    }
    if (what == step_of_set::open) {
        collected_packet& opened = collector_.open(*set);
        opened.from = &state;
        opened.outcome = {from.id, label.id, {}, expires_at + outcome_kept_for};
        if (!hold_whole(*set, from, sink, request)) return nullptr;
    }
    collected_packet& whole = *collector_.find(*set);
    owed_answer& owed = whole.parts.emplace_back(&sink, request);
    watch_parts();
    if (what != step_of_set::complete) return &owed;
    carry_out_whole(*set, from);
    return collector_.find(*set) == nullptr ? nullptr : &owed;
}

/// Holds the total at the first part, so that a packet which cannot be forwarded is refused at once, and two of them
/// cannot block each other. Returns false if it was refused; the set is then closed.
bool worker::hold_whole(part_collector::place set, const peering::peer& from, answer_sink& sink,
                        std::uint64_t request) {
    collected_packet& whole = *collector_.find(set);
    scratch_parts_ = collector_.sets().prepare(set);  // the first part stays as it is, to be compared with the others
    ilp::prepare_view::parse(scratch_parts_)->set_amount(collector_.sets().total(set));
    const auto [decided, context] = router_.decide_whole(scratch_parts_, from, forwarding_table_, *rates_,
                                                         load_for(from.id, *whole.from), loop_.now());
    if (decided == step::reject) {
        peer_state& state = *whole.from;
        collector_.close(set);
        carry_out(decided, context, state, sink, request);
        watch_parts();
        return false;
    }
    whole.transfer = context.transfer;
    whole.limits = context.limits;
    whole.pool_share = context.pool_share;
    whole.incoming_amount = context.incoming_amount;
    whole.outgoing_amount = context.outgoing_amount;
    whole.held_at = loop_.now().steady;
    return true;
}

/// The last part is here. What was held is held again for the packet, which is like any other from now on.
void worker::carry_out_whole(part_collector::place set, const peering::peer& from) {
    collected_packet& whole = *collector_.find(set);
    peer_state& state = *whole.from;
    give_up_hold(whole);
    ilp::bytes& prepare = collector_.sets().prepare(set);
    ilp::prepare_view::parse(prepare)->set_amount(collector_.sets().total(set));
    const auto [decided, context] =
        router_.decide_whole(prepare, from, forwarding_table_, *rates_, load_for(from.id, state), loop_.now());
    carry_out(decided, context, state, collector_, set);
    if (collector_.find(set) != nullptr) collector_.sets().drop_prepare(set);
}

void worker::give_up_hold(collected_packet& whole) {
    peering::ledger::release(whole.transfer.legs());
    whole.transfer = {};
    whole.limits.give_back_throughput(whole.incoming_amount, whole.outgoing_amount, loop_.now().steady - whole.held_at);
    whole.limits.end(whole.incoming_amount);
    whole.limits = {};
    if (whole.pool_share != nullptr) *whole.pool_share -= whole.outgoing_amount.value;
    whole.pool_share = nullptr;
}

/// Refuses all parts that have come, before the last one has. `context`: of the part that is to blame; may be null.
void worker::refuse_whole(part_collector::place set, reject_reason reason, const packet_context* context) {
    collected_packet* const whole = collector_.find(set);
    if (whole == nullptr) return collector_.sets().close(set);  // its first part was refused
    give_up_hold(*whole);
    refuse(collector_, set, note_refusal(*whole->from, reason), context);
}

void worker::watch_parts() {
    const auto next = collector_.sets().next_timeout();
    if (next) {
        loop_.set(parts_timeout_, *next);
    } else {
        parts_timeout_.cancel();
    }
}

void worker::parts_timed_out() {
    while (const auto late = collector_.sets().timed_out(loop_.now().steady)) {
        refuse_whole(*late, reject_reason::parts_incomplete);
    }
    watch_parts();
    check_drained();
}

std::optional<ilp::bytes> worker::outcome_of(const peering::peer& from, const peering::split_id& id) {
    return outcomes_->find(from.id, id, loop_.now().wall);
}

std::optional<reject_reason> worker::send_in_parts(packet_in_flight& packet, link& next_hop, ilp::bytes_view prepare,
                                                   const peering::split_plan& plan, std::uint32_t to) {
    const parting how{questions_.begin(packet, to), plan};
    const auto refusal = next_hop.send_parts(packet, prepare, how);
    if (refusal) questions_.end(packet);
    return refusal;
}

/// Returns true if a packet in parts, whose connection has failed, waits until its next hop has been asked.
bool worker::awaits_outcome(packet_in_flight& packet, reject_reason reason) {
    if (!may_have_arrived(reason) || loop_.now().steady >= packet.due) return false;
    questions_.lost(packet, reason);
    loop_.set(packet, std::max(loop_.now().steady, packet.due - outcome_questions::time_to_answer));
    return true;
}

/// Asks the next hop before a packet in parts expires. Returns false if there is nothing left to do but to end it.
bool worker::ask_outcome_before(packet_in_flight& packet) {
    const ilp::steady_time now = loop_.now().steady;
    const auto lost = questions_.is_lost(packet);
    if (!lost) {
        if (const auto refusal = packet.next_hop_link->withdraw(packet)) {  // it has waited too long to be sent
            reject(packet, *refusal);
            return true;
        }
    }
    if (now < packet.due - outcome_questions::time_to_answer) {
        loop_.set(packet, packet.due - outcome_questions::time_to_answer);
        return true;
    }
    if (now < packet.due) {
        // The next hop may be starting, or its next hop may have answered since the last question.
        const peering::peer* const to = forwarding_table_.find(questions_.next_hop(packet));
        if (to != nullptr && questions_.may_ask(packet, now)) questions_.ask(packet, link_to(*to, *packet.to), now);
        loop_.set(packet, std::min(packet.due, now + outcome_questions::pause));
        return true;
    }
    if (!lost) return false;
    reject(packet, *lost);
    return true;
}

/// The next hop has said what became of a packet whose parts it has not answered here.
void worker::outcome_told(packet_in_flight& packet, ilp::bytes_span answer) {
    const reply told = router_.check_reply(packet.condition, answer);
    if (told.kind != reply_kind::fulfill || loop_.now().steady > packet.due) return;
    if (!questions_.is_lost(packet)) packet.next_hop_link->forget(packet);
    questions_.told(packet);
    answered(packet, answer);
}

/// Of a packet that has come in parts: the outcome is in the same batch as its legs.
void worker::keep_outcome(const packet_in_flight& packet, ilp::bytes_view fulfill) {
    batch_.keep(collector_.fulfilled(static_cast<part_collector::place>(packet.request), fulfill));
}

}  // namespace connector

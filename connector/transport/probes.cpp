#include "connector/transport/probes.hpp"

#include "connector/routing/reject_reason.hpp"
#include "ilp/packet.hpp"

#include <fmt/format.h>

namespace connector {
namespace {

/// The link's trouble names the cause more precisely than the reason does.
std::string explain(const link& link, reject_reason reason) {
    const std::string_view message = describe(reason).message;
    return link.trouble().empty() ? std::string{message} : fmt::format("{} ({})", message, link.trouble());
}

/// An answer that is no packet comes from something else than an Interledger node.
bool is_answer(ilp::bytes_span packet) {
    return ilp::fulfill_view::parse(packet).has_value() || ilp::reject_view::parse(packet).has_value();
}

}  // namespace

probes::probe::probe(probes& owner, link& over, std::function<void(outcome)> done,
                     std::shared_ptr<reachability_record> record)
    : deadline{[](deadline& self) {
          auto& late = static_cast<probe&>(self);
          static_cast<probes*>(late.listener)->on_deadline(late);
      }},
      carried_packet{&owner},
      over{over},
      done{std::move(done)},
      record{std::move(record)} {}

void probes::send(link& over, ilp::bytes_view prepare, ilp::steady_time give_up_at, std::function<void(outcome)> done,
                  std::shared_ptr<reachability_record> record) {
    probe& made = probes_.emplace_back(*this, over, std::move(done), std::move(record));
    made.sent_at = loop_.now().steady;
    made.due = give_up_at;
    loop_.set(made, give_up_at);
    if (const auto refusal = over.send(made, prepare)) failed(made, *refusal);
}

void probes::answered(carried_packet& packet, ilp::bytes_span answer) {
    auto& ended = static_cast<probe&>(packet);
    if (ended.record && is_answer(answer)) {
        ended.record->answered(loop_.now(), loop_.now().steady - ended.sent_at);
        ended.record->note_split(ended.accepts);
    } else {
        note_failure(ended, reject_reason::next_hop_answered_nonsense);
    }
    finish(ended, ilp::bytes{answer.begin(), answer.end()});
}

void probes::failed(carried_packet& packet, reject_reason reason) {
    auto& ended = static_cast<probe&>(packet);
    note_failure(ended, reason);
    finish(ended, std::unexpected{explain(ended.over, reason)});
}

void probes::on_deadline(probe& late) {
    if (const auto refusal = late.over.withdraw(late)) return failed(late, *refusal);
    if (!late.over.give_up_answer(late)) return;  // answered() follows
    late.over.forget(late);
    note_failure(late, reject_reason::next_hop_timed_out);
    finish(late, std::unexpected{std::string{"no response in time"}});
}

void probes::note_failure(const probe& ended, reject_reason reason) const {
    if (ended.record) ended.record->failed(loop_.now(), reason, ended.over);
}

void probes::finish(probe& ended, outcome outcome) {
    const auto done = std::move(ended.done);
    probes_.remove_if([&](const probe& each) { return &each == &ended; });
    done(std::move(outcome));
}

}  // namespace connector

#pragma once

#include "connector/loop/event_loop.hpp"
#include "connector/transport/link.hpp"
#include "connector/transport/reachability_record.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"

#include <cstddef>
#include <expected>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>

namespace connector {

/// Prepares of amount 0 that this node sends itself, on the links that packets take but without accounts and limits, to
/// see whether an address can be reached. Used on the loop's thread only.
class probes final : private link_listener {
public:
    /// The next hop's answer, not yet validated, or the reason why there is none.
    using outcome = std::expected<ilp::bytes, std::string>;

    explicit probes(event_loop& loop) : loop_{loop} {}

    /// Calls `done` once, possibly from within this call: when the loop reaches `give_up_at`, or before, or right after
    /// if the answer had come in time (link::give_up_answer()). The link must live until then, or be destroyed without
    /// a further call; then `done` is not called. The outcome is also noted in `record`, unless that is null.
    void send(link& over, ilp::bytes_view prepare, ilp::steady_time give_up_at, std::function<void(outcome)> done,
              std::shared_ptr<reachability_record> record = nullptr);

    /// Drops all of them without calling `done`. Only once the loop has ended.
    void drop_all() noexcept { probes_.clear(); }

    std::size_t in_flight() const noexcept { return probes_.size(); }

private:
    struct probe : deadline, carried_packet {
        probe(probes& owner, link& over, std::function<void(outcome)> done,
              std::shared_ptr<reachability_record> record);

        link& over;
        std::function<void(outcome)> done;
        std::shared_ptr<reachability_record> record;
    };

    void answered(carried_packet& packet, ilp::bytes_span answer) override;
    void failed(carried_packet& packet, reject_reason reason) override;
    void on_deadline(probe& late);
    void note_failure(const probe& ended, reject_reason reason) const;
    void finish(probe& ended, outcome outcome);

    event_loop& loop_;
    std::list<probe> probes_;
};

}  // namespace connector

#include "connector/loop/event_loop.hpp"

namespace connector {

event_loop::event_loop() : now_{ilp::read_clocks()}, deadlines_{now_.steady} {}

void event_loop::enter() {
    if (in_turn_) return;
    in_turn_ = true;
    now_ = ilp::read_clocks();
    // Handlers that are ready now are ahead of this one in the queue, so it runs after them.
    post([this] { end_turn(); });
}

void event_loop::queue(std::vector<flushable*>& list, flushable& object) {
    if (object.queued_) return;
    object.queued_ = true;
    list.push_back(&object);
}

void event_loop::flush(std::vector<flushable*>& list) {
    // A flush may queue further objects.
    for (std::size_t i = 0; i < list.size(); ++i) {
        list[i]->queued_ = false;
        list[i]->flush();
    }
    list.clear();
}

void event_loop::end_turn() {
    if (at_turn_end_) at_turn_end_();
    flush_all();
    if (when_flushed_) when_flushed_();
    if (memory_.is_over_bound() && when_over_bound_) [[unlikely]] {
        when_over_bound_();
        flush_all();
    }
    disposed_.clear();
    in_turn_ = false;
}

void event_loop::flush_all() {
    do {
        flush(answers_);
        flush(prepares_);  // a packet that cannot be sent is answered immediately
    } while (!answers_.empty());
}

void event_loop::set(deadline& deadline, ilp::steady_time due) {
    if (deadlines_.set(deadline, due)) arm_timer();
}

void event_loop::arm_timer() {
    const auto due = deadlines_.next_due();
    if (!due) return;
    timer_.expires_at(*due);  // cancels the previous wait
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        enter();
        deadlines_.advance(now_.steady);
        arm_timer();
    });
}

}  // namespace connector

#pragma once

#include "connector/deadline_wheel.hpp"
#include "connector/socket_set.hpp"
#include "ilp/clock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace connector {

/// Something with octets to send, which leave together at the end of the turn.
class flushable {
public:
    virtual ~flushable() = default;
    virtual void flush() = 0;

private:
    friend class event_loop;
    bool queued_ = false;
};

/// Something that its last handler may not destroy itself: the loop does, at the end of the turn.
class disposable {
public:
    virtual ~disposable() = default;
};

/// One thread's Asio loop, cut into turns: all handlers that were ready together. Within a turn time stands still;
/// at its end everything that is to be sent leaves, each connection's octets in one system call.
///
/// Every handler calls enter() first. Nothing but context() is for other threads.
class event_loop {
public:
    event_loop();

    boost::asio::io_context& context() noexcept { return context_; }

    /// The sockets that packets go through. A turn begins when some of them are ready.
    socket_set& sockets() noexcept { return sockets_; }

    /// Begins a turn, unless one runs.
    void enter();

    const ilp::instant& now() const noexcept { return now_; }

    /// Answers leave before Prepares: a fulfillment must not wait behind new work (RFC 18).
    void flush_answers_of(flushable& connection) { queue(answers_, connection); }
    void flush_prepares_of(flushable& link) { queue(prepares_, link); }

    void dispose(std::unique_ptr<disposable> object) { disposed_.push_back(std::move(object)); }

    void set(deadline& deadline, ilp::steady_time due);

    /// Called first of all at the end of each turn.
    void at_turn_end(std::function<void()> action) { at_turn_end_ = std::move(action); }

private:
    static void queue(std::vector<flushable*>& list, flushable& object);
    static void flush(std::vector<flushable*>& list);
    void end_turn();
    void arm_timer();

    boost::asio::io_context context_{1};
    ilp::instant now_;
    bool in_turn_ = false;
    deadline_wheel deadlines_;
    boost::asio::steady_timer timer_{context_};
    socket_set sockets_{context_, [this] { enter(); }};
    std::function<void()> at_turn_end_;
    std::vector<flushable*> answers_;
    std::vector<flushable*> prepares_;
    std::vector<std::unique_ptr<disposable>> disposed_;
};

}  // namespace connector

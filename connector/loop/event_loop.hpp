#pragma once

#include "connector/loop/buffer_memory.hpp"
#include "connector/loop/deadline_wheel.hpp"
#include "connector/loop/handler_memory.hpp"
#include "connector/loop/socket_set.hpp"
#include "connector/loop/spare_buffers.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace connector {

/// An object with bytes to send, which are written together at the end of the turn.
class flushable {
public:
    virtual ~flushable() = default;
    virtual void flush() = 0;

private:
    friend class event_loop;
    bool queued_ = false;
};

/// An object that must not be destroyed by its own last handler: the loop destroys it at the end of the turn.
class disposable {
public:
    virtual ~disposable() = default;
};

/// One thread's Asio loop, divided into turns. A turn is the set of handlers that were ready together; now() does not
/// change within it. At its end everything queued is sent, with one system call per connection.
///
/// Every handler must call enter() first. Other threads may use nothing but context(), and post to it with
/// boost::asio::post().
class event_loop {
public:
    event_loop();

    boost::asio::io_context& context() noexcept { return context_; }

    /// The sockets of the packet path. A turn begins when some of them are ready.
    socket_set& sockets() noexcept { return sockets_; }

    /// Accounts for the buffers of the loop's connections. The owner of the loop sets the bound, and calls relieve()
    /// when it is exceeded.
    buffer_memory& memory() noexcept { return memory_; }

    spare_buffers& spare() noexcept { return spare_; }

    /// Scratch memory for the duration of one call.
    ilp::bytes& scratch() noexcept { return scratch_; }

    /// Has a handler called after those that are ready now. For the loop's own thread, which pays no allocation.
    template <typename Handler>
    void post(Handler handler) {
        boost::asio::post(context_, boost::asio::bind_allocator(handler_allocator<>{handlers_}, std::move(handler)));
    }

    /// Begins a turn, unless one is in progress.
    void enter();

    const ilp::instant& now() const noexcept { return now_; }

    /// Queues objects for the end of the turn. Answers are flushed before Prepares: a fulfillment must not wait behind
    /// new work (RFC 18).
    void flush_answers_of(flushable& connection) { queue(answers_, connection); }
    void flush_prepares_of(flushable& connection) { queue(prepares_, connection); }

    void dispose(std::unique_ptr<disposable> object) { disposed_.push_back(std::move(object)); }

    void set(deadline& deadline, ilp::steady_time due);

    /// Sets the action that runs first at the end of each turn.
    void at_turn_end(std::function<void()> action) { at_turn_end_ = std::move(action); }

    /// Sets the action that runs at the end of each turn once everything is flushed.
    void when_flushed(std::function<void()> action) { when_flushed_ = std::move(action); }

    /// Sets the action that runs once everything is flushed, if memory() is over its bound even then.
    void when_over_bound(std::function<void()> action) { when_over_bound_ = std::move(action); }

private:
    static void queue(std::vector<flushable*>& list, flushable& object);
    static void flush(std::vector<flushable*>& list);
    void end_turn();
    void flush_all();
    void arm_timer();

    buffer_memory memory_;  // outlives all connections
    spare_buffers spare_;
    ilp::bytes scratch_;
    handler_memory handlers_;
    boost::asio::io_context context_{1};
    ilp::instant now_;
    bool in_turn_ = false;
    deadline_wheel deadlines_;
    boost::asio::steady_timer timer_{context_};
    socket_set sockets_{context_, [this] { enter(); }};
    std::function<void()> at_turn_end_;
    std::function<void()> when_flushed_;
    std::function<void()> when_over_bound_;
    std::vector<flushable*> answers_;
    std::vector<flushable*> prepares_;
    std::vector<std::unique_ptr<disposable>> disposed_;
};

}  // namespace connector

#pragma once

#include "connector/transport/request_id.hpp"
#include "connector/transport/trace_id.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace connector {

/// A worker, to which another one passes an answer that has arrived at its own listener.
class reply_receiver {
public:
    /// Any thread. The answer is to the packet that was sent with this id; a Reject may have a trace id.
    virtual void take_reply(const request_id& id, ilp::bytes answer, const trace_id& trace) = 0;

protected:
    ~reply_receiver() = default;
};

/// The answers that peers still owe in asynchronous mode, of all workers: the system chooses the worker to which a
/// peer's request comes. Each is claimed once, and only until it is due, so the peer is told the same as becomes of its
/// packet. Any thread; workers seldom want the same mutex.
class expected_replies {
public:
    /// The receiver outlives the expectation. Precondition: the id is new.
    void expect(const request_id& id, std::uint32_t peer, ilp::steady_time due, reply_receiver& receiver) {
        shard& of_id = shard_of(id);
        const std::lock_guard lock{of_id.mutex};
        of_id.owed.insert_or_assign(id, debt{peer, due, &receiver});
    }

    /// The answer is not expected any more. Returns true if it still was: nobody has claimed it, and nobody can now.
    bool retract(const request_id& id) {
        shard& of_id = shard_of(id);
        const std::lock_guard lock{of_id.mutex};
        return of_id.owed.erase(id) != 0;
    }

    /// Null if no such answer is expected from this peer: it was never, it has come already, or it comes too late.
    /// Otherwise the answer is to be given to the receiver.
    reply_receiver* claim(const request_id& id, std::uint32_t peer, ilp::steady_time now) {
        shard& of_id = shard_of(id);
        const std::lock_guard lock{of_id.mutex};
        const auto found = of_id.owed.find(id);
        if (found == of_id.owed.end() || found->second.peer != peer || now >= found->second.due) return nullptr;
        reply_receiver* const receiver = found->second.receiver;
        of_id.owed.erase(found);
        return receiver;
    }

private:
    struct debt {
        std::uint32_t peer = 0;
        ilp::steady_time due;
        reply_receiver* receiver = nullptr;
    };
    struct shard {
        std::mutex mutex;
        boost::unordered_flat_map<request_id, debt> owed;
    };

    shard& shard_of(const request_id& id) { return shards_[hash_value(id) % shards_.size()]; }

    std::array<shard, 16> shards_;
};

}  // namespace connector

#pragma once

#include "connector/routing/reject_reason.hpp"
#include "connector/transport/trace_id.hpp"
#include "ilp/bytes.hpp"

#include <cstdint>
#include <optional>

namespace connector {

/// What is known about the failure of a packet, beside its Reject.
struct failure {
    trace_id trace{};
    std::optional<reject_reason> of_this_node{};  ///< why, if this node itself refuses the packet
};

/// Where the answers to requests go: a connection, or what carries several requests at a time. A request is known by a
/// number that is unique within its sink. Each request gets one answer, by answer(), reject() or refuse_malformed().
class answer_sink {
public:
    /// Sets the answer. If `held`, it is sent only after release(), and so are the answers that must not overtake it.
    virtual void answer(std::uint64_t request, ilp::bytes_view packet, bool held) = 0;
    virtual void release(std::uint64_t request) = 0;

    /// The answer is a Reject, which is never held. Whoever is not interested in the failure gets an answer.
    virtual void reject(std::uint64_t request, ilp::bytes_view packet, const failure& /*failure*/) {
        answer(request, packet, false);
    }

    /// Rejects a packet whose answer is held: what that answer says will never be durable.
    virtual void revoke(std::uint64_t request, ilp::bytes_view packet, const failure& failure) {
        reject(request, packet, failure);
    }

    /// The request did not contain a Prepare.
    virtual void refuse_malformed(std::uint64_t request) = 0;

protected:
    ~answer_sink() = default;
};

/// The answer that is still to be given to a request.
struct owed_answer {
    answer_sink* answer_to = nullptr;  ///< null if the sender's connection has closed
    std::uint64_t request = 0;         ///< the request's number in that sink
};

}  // namespace connector

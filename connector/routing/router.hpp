#pragma once

#include "connector/routing/packet_context.hpp"
#include "connector/routing/reject_reason.hpp"
#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"

#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace connector {

/// One stage of packet processing: a name, and a function that passes the packet on or ends its processing.
struct stage {
    std::string_view name;
    step (*run)(packet_context&);
};

/// The stages in order; they are listed in router.cpp.
std::span<const stage> packet_stages() noexcept;

/// What to do with the next hop's answer.
enum class reply_kind : std::uint8_t {
    fulfill,  ///< post the transfer, then relay the packet
    reject,   ///< void the transfer and relay the packet unchanged
    refuse,   ///< void the transfer and refuse with `reason`
};

struct reply {
    reply_kind kind;
    reject_reason reason{};    ///< set for `refuse`
    ilp::bytes_view packet{};  ///< set for the others: a view of the given buffer
    std::string_view code{};   ///< set for `reject`: three characters, a view of the same buffer
};

/// The decision logic: it uses no socket, clock, thread or database, only its arguments. There is one router per
/// worker, because it keeps scratch memory.
class router {
public:
    explicit router(router_terms terms) : terms_{terms} {}

    /// Runs a Prepare through the stages until one of them ends it. If the result is `go_on`, it is to be sent to `to`:
    /// it has been patched in place and its transfer is held. `body` is modified, and must stay valid while the packet
    /// context is used.
    std::pair<step, packet_context> decide(ilp::bytes_span body, const peering::peer& from,
                                           const forwarding_table& forwarding_table, const rate_table& rates,
                                           const load& load, ilp::instant now);

    /// Checks the bytes that the next hop answered in time. `answer` may be modified.
    reply check_reply(std::span<const ilp::octet, ilp::hash_size> condition, ilp::bytes_span answer) noexcept;

private:
    router_terms terms_;
    ilp::bytes scratch_;
};

/// Appends a Reject of this node to `out`. `context` provides the amounts of an F08; it may be null for other reasons.
void serialize_reject(ilp::bytes& out, reject_reason reason, std::string_view triggered_by,
                      const packet_context* context = nullptr);

}  // namespace connector

#pragma once

#include "connector/journey.hpp"
#include "connector/reject_reason.hpp"
#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"

#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace connector {

/// One stage of a Prepare's way: a name, and the function that lets it pass or ends it.
struct stage {
    std::string_view name;
    step (*run)(journey&);
};

/// The stages in their order; router.cpp shows the list.
std::span<const stage> packet_stages() noexcept;

/// What becomes of the next hop's answer.
enum class reply_kind : std::uint8_t {
    fulfill,  ///< post the transfer, then pass the packet on
    reject,   ///< void the transfer, and pass the packet on as it is
    refuse,   ///< void the transfer, and refuse with `reason`
};

struct reply {
    reply_kind kind;
    reject_reason reason{};    ///< of `refuse`
    ilp::bytes_view packet{};  ///< of the others: in the buffer that was given
    std::string_view code{};   ///< of `reject`: three letters, in the same buffer
};

/// The deciding core: values in, values out. No socket, clock, thread or database; one per worker, because it keeps
/// scratch memory and a hash context.
class router {
public:
    explicit router(router_terms terms) : terms_{terms} {}

    /// Sends a Prepare through the stages, until one of them ends it. With `go_on` it is to be sent to `to`: patched in
    /// place, its transfer held. `body` is modified, and must stay until the journey is done with.
    std::pair<step, journey> decide(ilp::bytes_span body, const peering::peer& from, const network& network,
                                    const rate_table& rates, const load& load, ilp::instant now);

    /// Judges the octets that the next hop answered in time. `answer` may be modified.
    reply settle(std::span<const ilp::octet, ilp::hash_size> condition, ilp::bytes_span answer) noexcept;

private:
    router_terms terms_;
    ilp::bytes scratch_;
};

/// Appends our own Reject to `out`. `journey` gives the amounts of an F08; null for reasons that have none.
void serialize_reject(ilp::bytes& out, reject_reason reason, std::string_view triggered_by,
                      const journey* journey = nullptr);

}  // namespace connector

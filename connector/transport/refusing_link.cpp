#include "connector/transport/refusing_link.hpp"

#include "connector/base/log.hpp"

#include <fmt/format.h>

namespace connector {

std::optional<reject_reason> refusing_link::send(carried_packet&, ilp::bytes_view) {
    if (!std::exchange(has_reported_, true)) {
        constexpr std::size_t lines_max = 4096;
        // Each worker has a link to the peer.
        log::write_seldom({"peer refused", name_, lines_max}, log::level::warn,
                          fmt::format("packets to the peer are rejected: {}", describe(reason_).message),
                          {{"peer", name_}, {"endpoint", endpoint_}, {"advice", advice_}});
    }
    return reason_;
}

}  // namespace connector

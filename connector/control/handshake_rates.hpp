#pragma once

#include "connector/base/source.hpp"
#include "connector/control/source_rates.hpp"
#include "ilp/clock.hpp"
#include "peering/directory/limits.hpp"

#include <cstdint>

namespace connector {

/// Limits the TLS handshakes of a listener whose requests are limited, because a handshake costs much more than a
/// request: twice as many are allowed, of each source and of all together. A client may come with a new connection for
/// each request, and one that asks too often still gets a few answers that say so. Not thread-safe.
class handshake_rates {
public:
    /// The limits of requests; 0 for those of a source means no limit.
    handshake_rates(std::uint32_t requests_per_second, std::uint32_t requests_per_minute_of_source)
        : of_source_{per_request * requests_per_minute_of_source},
          of_all_{per_request * requests_per_second, per_request * requests_per_second} {}

    bool try_take(const source_key& source, ilp::steady_time now) {
        return of_source_.try_take(source, now) && of_all_.try_take(1, now);
    }

private:
    static constexpr std::uint32_t per_request = 2;

    source_rates of_source_;
    peering::token_bucket of_all_;
};

}  // namespace connector

#pragma once

#include "connector/base/source.hpp"
#include "ilp/clock.hpp"
#include "peering/directory/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <map>

namespace connector {

/// Limits how often each source may ask, so that one alone cannot use up what all share. It remembers a bounded number
/// of sources; while there are more, those that do not fit share one allowance. Not thread-safe.
class source_rates {
public:
    static constexpr std::size_t sources_max = 10'000;

    /// `per_minute` requests may come at once, and refill evenly; 0 means no limit.
    explicit source_rates(std::uint32_t per_minute) : per_minute_{per_minute}, others_{per_minute} {}

    bool try_take(const source_key& source, ilp::steady_time now);

private:
    struct allowance {
        explicit allowance(std::uint32_t per_minute);
        peering::token_bucket bucket;
        ilp::steady_time last_asked{};
    };

    allowance& allowance_of(const source_key& source, ilp::steady_time now);

    const std::uint32_t per_minute_;
    std::map<source_key, allowance> known_;
    allowance others_;
    ilp::steady_time last_swept_{};
};

}  // namespace connector

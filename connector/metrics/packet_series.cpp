#include "connector/metrics/packet_series.hpp"

namespace connector::metrics {

void add_refusals(families& out, const refusal_counters& refusals, std::string_view sender) {
    if (refusals.empty()) return;
    for (int i = 0; i < reject_reason_count; ++i) {
        const auto reason = static_cast<reject_reason>(i);
        const std::uint64_t count = refusals[reason];
        if (count == 0) continue;
        out.add<metric::packets_refused>(static_cast<double>(count), sender, describe(reason).identifier);
    }
}

}  // namespace connector::metrics

#include "connector/daemon/service_status.hpp"

#include <fmt/format.h>

namespace connector {

std::string status_text(std::size_t peers, double packets_per_second, std::string_view trouble) {
    return fmt::format("{} peer{}, {:.0f} packets/s{}{}", peers, peers == 1 ? "" : "s", packets_per_second,
                       trouble.empty() ? "" : "; ", trouble);
}

}  // namespace connector

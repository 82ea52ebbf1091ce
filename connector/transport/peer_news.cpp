#include "connector/transport/peer_news.hpp"

#include "connector/base/log.hpp"

#include <fmt/format.h>

#include <string>

namespace connector {

void report_peer_news(const reachability::news& news, std::string_view name, std::string_view endpoint,
                      bool lacks_descriptors) {
    constexpr std::size_t lines_max = 4096;
    const auto source = lacks_descriptors ? std::string{} : fmt::format("{} {}", name, news.kind);
    log::write_seldom({lacks_descriptors ? "no descriptors" : "peer", source, lines_max},
                      news.good ? log::level::info : log::level::warn, news.text,
                      {{"peer", std::string{name}}, {"endpoint", std::string{endpoint}}});
}

}  // namespace connector

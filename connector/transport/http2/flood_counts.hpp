#pragma once

#include "connector/transport/http2/flood_budget.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace connector::http2 {

/// How connections ended because the other side sent too much of something: plain integers, owned by one worker.
struct flood_counts {
    std::array<std::uint64_t, flood_kinds> by_kind{};

    void note(flood kind) noexcept { ++by_kind[static_cast<std::size_t>(std::to_underlying(kind))]; }
};

}  // namespace connector::http2

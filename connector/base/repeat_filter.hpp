#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace connector::log {

/// Decides which of the lines that others can provoke are written: the first of each kind from each source. For
/// `quiet_time` after it, further ones are only counted. Its memory is bounded: sources beyond a kind's bound count as
/// one. It uses no clock and is not thread-safe.
class repeat_filter {
public:
    using time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds quiet_time{60};
    static constexpr std::size_t source_size_max = 256;  ///< only the beginning of a longer source counts
    static constexpr std::string_view other_sources = "others";

    /// True if the line is to be written. `kind` is a literal, so that there are few of them.
    bool pass(std::string_view kind, std::string_view source, std::size_t sources_max, time now);

    /// Lines that were left out.
    struct left_out {
        std::string_view kind;
        std::string source;
        std::uint64_t count = 0;
    };

    /// Forgets the sources whose quiet time has ended, and returns those with lines that were left out.
    std::vector<left_out> take_ended(time now);

private:
    struct entry {
        std::uint64_t left_out = 0;
        time until;
    };
    using sources = std::unordered_map<std::string, entry>;

    std::map<std::string_view, sources> kinds_;
};

}  // namespace connector::log

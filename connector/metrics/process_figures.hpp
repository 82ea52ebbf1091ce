#pragma once

#include <cstdint>
#include <optional>

namespace connector {

/// The operating system provides these figures of this process. A figure that cannot be read is nullopt.
struct process_figures {
    std::optional<double> cpu_seconds{};  ///< user and system time of all threads
    std::optional<std::uint64_t> resident_bytes{};
    std::optional<std::uint64_t> virtual_bytes{};
    std::optional<std::uint64_t> open_descriptors{};
    std::optional<std::uint64_t> max_descriptors{};
};

/// The memory of this process that is not swapped out. Any thread.
std::optional<std::uint64_t> resident_bytes();

/// Any thread. Takes a while if very many descriptors are open, because each is counted.
process_figures read_process_figures();

}  // namespace connector

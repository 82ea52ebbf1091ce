#include "connector/metrics/process_figures.hpp"

#include <unistd.h>

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace connector {
namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::optional<std::uint64_t> count_open_descriptors() {
    std::error_code error;
    const std::filesystem::directory_iterator open{"/proc/self/fd", error};
    if (error) return std::nullopt;
    const auto count = std::distance(begin(open), end(open));
    return static_cast<std::uint64_t>(count) - 1;  // without the one that reads the directory
}

struct memory_sizes {
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_bytes = 0;
};

std::optional<memory_sizes> read_memory_sizes() {
    memory_sizes pages;
    if (!(std::ifstream{"/proc/self/statm"} >> pages.virtual_bytes >> pages.resident_bytes)) return std::nullopt;
    const auto page_size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return memory_sizes{pages.virtual_bytes * page_size, pages.resident_bytes * page_size};
}

}  // namespace

std::optional<std::uint64_t> resident_bytes() {
    const auto sizes = read_memory_sizes();
    return sizes ? std::optional{sizes->resident_bytes} : std::nullopt;
}

process_figures read_process_figures() {
    process_figures figures;
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) == 0) figures.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    if (const auto sizes = read_memory_sizes()) {
        figures.virtual_bytes = sizes->virtual_bytes;
        figures.resident_bytes = sizes->resident_bytes;
    }
    figures.open_descriptors = count_open_descriptors();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_descriptors = limit.rlim_cur;
    return figures;
}

}  // namespace connector

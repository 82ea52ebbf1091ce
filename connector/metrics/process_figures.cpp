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

}  // namespace

process_figures read_process_figures() {
    process_figures figures;
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) == 0) figures.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    std::uint64_t virtual_pages = 0;
    std::uint64_t resident_pages = 0;
    if (std::ifstream{"/proc/self/statm"} >> virtual_pages >> resident_pages) {
        const auto page_size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        figures.virtual_bytes = virtual_pages * page_size;
        figures.resident_bytes = resident_pages * page_size;
    }
    figures.open_descriptors = count_open_descriptors();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_descriptors = limit.rlim_cur;
    return figures;
}

}  // namespace connector

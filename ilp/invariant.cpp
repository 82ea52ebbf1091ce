#include "ilp/invariant.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace ilp {
namespace {

/// Strips the directories: those of the build machine do not help a reader of the message.
const char* file_name(const std::source_location& where) noexcept {
    const std::string_view path = where.file_name();
    return where.file_name() + (path.rfind('/') + 1);  // npos + 1 is 0
}

void write_to_standard_error(std::string_view line) noexcept {
    // Written with one call so that no other thread's output is interleaved.
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fflush(stderr);
}

std::atomic<invariant_listener> current_listener = write_to_standard_error;

}  // namespace

void tell_broken_invariants_to(invariant_listener listener) noexcept {
    current_listener = listener;
}

void abort_on_broken(invariant broken, std::source_location where) noexcept {
    std::array<char, 1024> line;
    std::snprintf(line.data(), line.size() - 1, "ilpd: broken invariant: %s (%s:%u, %s)", broken.sentence(),
                  file_name(where), static_cast<unsigned>(where.line()), where.function_name());
    const std::size_t length = std::string_view{line.data()}.size();
    line[length] = '\n';
    current_listener.load()({line.data(), length + 1});
    std::abort();
}

}  // namespace ilp

#include "peering/store/lock_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace peering {
namespace {

std::string reason(int error) {
    return std::generic_category().message(error);
}

std::string holder(int descriptor) {
    std::array<char, 16> text{};
    const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
    const std::string_view found{text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
    const std::string_view digits = found.substr(0, found.find_first_not_of("0123456789"));
    return digits.empty() ? "" : fmt::format(" (pid {})", digits);
}

}  // namespace

std::expected<lock_file, std::string> lock_file::acquire(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return std::unexpected{fmt::format("cannot open the lock file {}: {}", path, reason(errno))};
    lock_file lock{descriptor};
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return std::unexpected{fmt::format("cannot lock {}: {}", path, reason(errno))};
        }
        return std::unexpected{
            fmt::format("it is in use by another ilpd{}: stop that process, or give this one its own database",
                        holder(descriptor))};
    }
    const std::string pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(descriptor, 0) != 0 ||
        ::pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        return std::unexpected{fmt::format("cannot write the lock file {}: {}", path, reason(errno))};
    }
    return lock;
}

lock_file::~lock_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace peering

#include "peering/store/instance_file.hpp"

#include "peering/records/uuid.hpp"

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

constexpr std::size_t uuid_length = 36;

std::unexpected<std::string> cannot_use(std::string_view what, const std::string& path, int error) {
    return std::unexpected{fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(error))};
}

}  // namespace

std::expected<instance_file, std::string> instance_file::open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (descriptor < 0) return cannot_use("open", path, errno);
    instance_file file{descriptor};
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return cannot_use("lock", path, errno);
        return std::unexpected{fmt::format("{} is in use by another ilpd", path)};
    }
    std::array<char, uuid_length> text{};
    if (::pread(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
        is_uuid_v4({text.data(), text.size()})) {
        file.name_.assign(text.data(), text.size());
        return file;
    }
    file.name_ = new_uuid();
    const std::string line = file.name_ + '\n';
    if (::ftruncate(descriptor, 0) != 0 ||
        ::pwrite(descriptor, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size()) ||
        ::fsync(descriptor) != 0) {
        return cannot_use("write", path, errno);
    }
    return file;
}

instance_file::~instance_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace peering

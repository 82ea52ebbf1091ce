#include "peering/store/sqlite/database_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace peering::sqlite {
namespace {

/// SQLite locks bytes among the 512 from 2^30 on. Nobody locks this one, and a lock does not depend on what the file
/// contains there.
constexpr off_t lock_byte = (off_t{1} << 30) + 1024;

}  // namespace

std::expected<database_file, std::string> database_file::open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return std::unexpected{
            fmt::format("cannot open or create the file: {}", std::generic_category().message(errno))};
    }
    database_file opened{descriptor};
    // A lock of the open file description: unlike a plain POSIX lock, it does not end when SQLite closes the file.
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = lock_byte;
    lock.l_len = 1;
    if (::fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return opened;
    if (errno != EAGAIN && errno != EACCES) {
        return std::unexpected{fmt::format("cannot lock the file: {}", std::generic_category().message(errno))};
    }
    return std::unexpected{
        "it is in use by another ilpd, under another name (a hard link or a bind mount): stop that one, or give this "
        "one a database of its own"};
}

database_file::~database_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace peering::sqlite

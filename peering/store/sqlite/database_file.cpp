#include "peering/store/sqlite/database_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace peering::sqlite {
namespace {

/// SQLite locks bytes among the 512 from 2^30 on. It never locks this one, and a lock does not depend on what the
/// file contains there.
constexpr off_t lock_byte = (off_t{1} << 30) + 1024;

}  // namespace

std::expected<database_file, std::string> database_file::open(const std::string& name, const std::string& real_path) {
    const int descriptor = ::open(real_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
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
    if (::fcntl(descriptor, F_OFD_SETLK, &lock) == 0) {
        struct stat found{};
        if (::fstat(descriptor, &found) != 0) {
            return std::unexpected{fmt::format("cannot look at the file: {}", std::generic_category().message(errno))};
        }
        opened.watched_.push_back({name, found.st_dev, found.st_ino});
        return opened;
    }
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

void database_file::watch_side_files(const std::string& real_path) {
    for (const char* const suffix : {"-wal", "-shm"}) {
        watched_name name{real_path + suffix, 0, 0, std::string_view{suffix} == "-wal"};
        struct stat found{};
        // A file that is not there has the number 0, which no file has: check_names() reports it.
        if (::stat(name.path.c_str(), &found) == 0) {
            name.device = found.st_dev;
            name.number = found.st_ino;
        }
        watched_.push_back(std::move(name));
    }
}

std::expected<std::uint64_t, std::string> database_file::check_names() const {
    std::uint64_t log_size = 0;
    for (const watched_name& name : watched_) {
        struct stat found{};
        const bool is_there = ::stat(name.path.c_str(), &found) == 0;
        if (!is_there || found.st_dev != name.device || found.st_ino != name.number) {
            return std::unexpected{fmt::format(
                "{} {}: what is committed now would be lost; put the file back that this ilpd has open, or stop it "
                "and look at the files before the next start",
                name.path,
                is_there ? "is another file now"
                         : fmt::format("has gone ({})", std::generic_category().message(errno)))};
        }
        if (name.is_log) log_size = static_cast<std::uint64_t>(found.st_size);
    }
    return log_size;
}

std::uint64_t database_file::count_names() const noexcept {
    struct stat found{};
    return ::fstat(descriptor_, &found) == 0 ? found.st_nlink : 1;
}

}  // namespace peering::sqlite

#include "tests/support/wall_clock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>

namespace support {
namespace {

std::filesystem::path file_in(const temporary_directory& folder) {
    return folder.path() / "difference";
}

}  // namespace

wall_clock::wall_clock() {
    set({});
}

std::vector<std::pair<std::string, std::string>> wall_clock::environment() const {
    return {{"LD_PRELOAD", ILPD_BINARY_DIR "/libilpd_wall_clock.so"},
            {"ILPD_TEST_WALL_CLOCK", file_in(folder_).string()}};
}

void wall_clock::set(std::chrono::milliseconds difference) const {
    const std::int64_t count = difference.count();
    const int file = open(file_in(folder_).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const bool written = file >= 0 && pwrite(file, &count, sizeof count, 0) == sizeof count;
    const int error = errno;
    if (file >= 0) close(file);
    if (!written) throw std::system_error{error, std::generic_category(), "cannot set the clock of the daemon"};
}

}  // namespace support

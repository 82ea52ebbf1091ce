#pragma once

#include "tests/support/child_process.hpp"

#include <sched.h>

#include <sys/mount.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace support {

/// A file system that a test can fill, visible to this thread and the programs that it starts. It disappears with the
/// test's process.
class small_file_system {
public:
    explicit small_file_system(const char* size) {
        is_there_ = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                    ::mount("none", path().c_str(), "tmpfs", 0, (std::string{"size="} + size).c_str()) == 0;
    }
    ~small_file_system() {
        if (is_there_) ::umount2(path().c_str(), MNT_DETACH);
    }
    small_file_system(const small_file_system&) = delete;
    small_file_system& operator=(const small_file_system&) = delete;

    bool is_there() const noexcept { return is_there_; }
    const std::filesystem::path& path() const noexcept { return directory_.path(); }

    void fill() const {
        std::ofstream file{path() / "filler"};
        const std::string zeros(4096, '\0');
        while (file.write(zeros.data(), static_cast<std::streamsize>(zeros.size())).flush()) {
        }
    }
    void make_room() const { std::filesystem::remove(path() / "filler"); }

private:
    temporary_directory directory_;
    bool is_there_ = false;
};

}  // namespace support

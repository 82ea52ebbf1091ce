#pragma once

#include <expected>
#include <string>
#include <utility>

namespace peering {

/// Prevents a second daemon from using the same database: an advisory lock on a file. The file is never deleted;
/// otherwise a process could lock a file that another one is about to remove. The system releases the lock when the
/// process ends, however it ends.
class lock_file {
public:
    /// The error message is a sentence for the operator that includes the other daemon's process id.
    static std::expected<lock_file, std::string> acquire(const std::string& path);

    lock_file(lock_file&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    lock_file& operator=(lock_file&&) = delete;
    ~lock_file();

private:
    explicit lock_file(int descriptor) noexcept : descriptor_{descriptor} {}
    int descriptor_;
};

}  // namespace peering

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace peering::sqlite {

/// The file of a database as the system sees it, apart from its contents. It is locked against a second daemon,
/// under whatever name that one opens it: a hard link or a bind mount leads to the same lock, unlike a lock file beside
/// the name. The system releases the lock when the process ends, however it ends.
///
/// Closing any descriptor of a file drops the locks that SQLite holds on it in this process, so this object must
/// outlive the connection.
class database_file {
public:
    /// `name` is an absolute path as the operator wrote it, `real_path` the same one without symbolic links. Creates
    /// the file, accessible by its owner only, if there is none; SQLite gives its side files the same mode. The error
    /// is a sentence for the operator.
    static std::expected<database_file, std::string> open(const std::string& name, const std::string& real_path);

    database_file(database_file&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)}, watched_{std::move(other.watched_)} {}
    database_file& operator=(database_file&&) = delete;
    ~database_file();

    /// Call once SQLite has made its side files, `-wal` and `-shm`.
    void watch_side_files(const std::string& real_path);

    /// Checks that the names of the database and of its side files still lead to the files that are open here: whatever
    /// is written to a file without a name is lost. Returns the size of the write-ahead log in bytes, or a sentence for
    /// the operator.
    std::expected<std::uint64_t, std::string> check_names() const;

    /// The number of names (hard links) of the file.
    std::uint64_t count_names() const noexcept;

private:
    struct watched_name {
        std::string path;
        dev_t device;
        ino_t number;
        bool is_log = false;
    };

    explicit database_file(int descriptor) noexcept : descriptor_{descriptor} {}

    int descriptor_;
    std::vector<watched_name> watched_;
};

}  // namespace peering::sqlite

#pragma once

#include <expected>
#include <string>
#include <utility>

namespace peering::sqlite {

/// The file of a database as the system sees it, apart from its contents. It is locked against a second daemon,
/// whatever name that one knows it by: a hard link or a bind mount leads to the same lock, unlike a lock file beside
/// the name. The system releases the lock when the process ends, however it ends.
///
/// Closing any descriptor of a file drops the locks that SQLite holds on it in this process, so this object must
/// outlive the connection.
class database_file {
public:
    /// Creates the file, accessible by its owner only, if there is none; SQLite gives its side files the same mode. The
    /// error is a sentence for the operator.
    static std::expected<database_file, std::string> open(const std::string& path);

    database_file(database_file&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    database_file& operator=(database_file&&) = delete;
    ~database_file();

private:
    explicit database_file(int descriptor) noexcept : descriptor_{descriptor} {}
    int descriptor_;
};

}  // namespace peering::sqlite

#pragma once

#include <expected>
#include <string>
#include <utility>

namespace peering {

/// The name of a daemon among those that use the same database, in a file of its own. The file is locked as long as the
/// process lives, however it ends, so whoever has the lock knows that nobody else of this name is running. It is never
/// deleted.
class instance_file {
public:
    /// Makes the file, with a new name, if it is not there. The error message says why the name cannot be used.
    static std::expected<instance_file, std::string> open(const std::string& path);

    instance_file(instance_file&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)}, name_{std::move(other.name_)} {}
    instance_file& operator=(instance_file&&) = delete;
    ~instance_file();

    const std::string& name() const noexcept { return name_; }

private:
    explicit instance_file(int descriptor) noexcept : descriptor_{descriptor} {}

    int descriptor_;
    std::string name_;
};

}  // namespace peering

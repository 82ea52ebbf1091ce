#include "peering/store/lock_file.hpp"

#include "tests/support/child_process.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <optional>

namespace lock_file_test {

using peering::lock_file;

TEST_CASE("a second lock is refused with the holder's process id, and granted once the first is released") {
    const support::temporary_directory directory;
    const std::string path = directory.path() / "db.lock";
    auto first = lock_file::acquire(path);
    REQUIRE(first.has_value());
    {
        const auto second = lock_file::acquire(path);
        REQUIRE_FALSE(second.has_value());
        CHECK_THAT(second.error(), Catch::Contains("in use by another ilpd (pid " + std::to_string(::getpid()) + ")"));
    }
    {
        const lock_file moved{std::move(*first)};
        CHECK_FALSE(lock_file::acquire(path).has_value());
    }
    CHECK(std::filesystem::exists(path));
    CHECK(lock_file::acquire(path).has_value());
}

TEST_CASE("a lock file that cannot be created is an error with its path and reason") {
    const auto lock = lock_file::acquire("/nonexistent/db.lock");
    REQUIRE_FALSE(lock.has_value());
    CHECK_THAT(lock.error(), Catch::Contains("/nonexistent/db.lock") && Catch::Contains("No such file or directory"));
}

}  // namespace lock_file_test

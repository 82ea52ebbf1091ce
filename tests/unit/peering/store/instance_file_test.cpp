#include "peering/store/instance_file.hpp"

#include "peering/records/uuid.hpp"
#include "tests/support/child_process.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace instance_file_test {

using peering::instance_file;

TEST_CASE("a daemon keeps its name, which nobody else can have while it runs") {
    const support::temporary_directory directory;
    const std::string path = directory.path() / "ilpd.instance";
    std::string name;
    {
        auto first = instance_file::open(path);
        REQUIRE(first.has_value());
        name = first->name();
        CHECK(peering::is_uuid_v4(name));
        const auto second = instance_file::open(path);
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error() == path + " is in use by another ilpd");
        const instance_file moved{std::move(*first)};
        CHECK(moved.name() == name);
        CHECK_FALSE(instance_file::open(path).has_value());
    }
    CHECK(instance_file::open(path).value().name() == name);
    const support::temporary_directory elsewhere;
    CHECK(instance_file::open(elsewhere.path() / "ilpd.instance").value().name() != name);
}

TEST_CASE("a file without a name gets one, and a file that cannot be used is an error with its path and reason") {
    const support::temporary_directory directory;
    const std::string path = directory.path() / "ilpd.instance";
    std::ofstream{path} << "what is this, and much longer than a name would ever be\n";
    const std::string name = instance_file::open(path).value().name();
    CHECK(peering::is_uuid_v4(name));
    CHECK(std::filesystem::file_size(path) == name.size() + 1);
    CHECK(instance_file::open(path).value().name() == name);

    const auto missing = instance_file::open("/nonexistent/ilpd.instance");
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error() == "cannot open /nonexistent/ilpd.instance: No such file or directory");
    const std::string folder = directory.path();
    CHECK_THAT(instance_file::open(folder).error(), Catch::Contains(folder));
}

}  // namespace instance_file_test

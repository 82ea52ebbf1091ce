#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/daemon.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace support {

struct ilpctl_run {
    int status = 0;
    std::string out;
    std::string err;
};

/// Runs ilpctl against the Admin API on this port.
inline ilpctl_run run_ilpctl(std::uint16_t port, const std::vector<std::string>& words,
                             const std::vector<std::pair<std::string, std::string>>& environment = {}) {
    const temporary_directory folder;
    const auto read = [&](const char* name) {
        auto file = std::ifstream{folder.path() / name, std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{file}, {}};
    };
    command what;
    what.arguments = {(std::filesystem::path{daemon_program()}.parent_path() / "ilpctl").string(), "--url",
                      "http://127.0.0.1:" + std::to_string(port) + "/graphql"};
    what.arguments.insert(what.arguments.end(), words.begin(), words.end());
    what.output = folder.path() / "output";
    what.errors = folder.path() / "errors";
    what.environment = environment;
    child_process process{std::move(what)};
    const auto status = process.wait(patience);
    REQUIRE(status);
    return {*status, read("output"), read("errors")};
}

}  // namespace support

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

struct program_run {
    int status = 0;
    std::string out;
    std::string err;
};
using ilpctl_run = program_run;

/// Runs a program to its end.
inline program_run run_program(std::vector<std::string> arguments,
                               const std::vector<std::pair<std::string, std::string>>& environment = {}) {
    const temporary_directory folder;
    const auto read = [&](const char* name) {
        auto file = std::ifstream{folder.path() / name, std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{file}, {}};
    };
    command what;
    what.arguments = std::move(arguments);
    what.output = folder.path() / "output";
    what.errors = folder.path() / "errors";
    what.environment = environment;
    child_process process{std::move(what)};
    const auto status = process.wait(patience);
    REQUIRE(status);
    return {*status, read("output"), read("errors")};
}

/// Runs ilpctl, which is beside the daemon.
inline ilpctl_run run_ilpctl(std::vector<std::string> words,
                             const std::vector<std::pair<std::string, std::string>>& environment = {}) {
    words.insert(words.begin(), (std::filesystem::path{daemon_program()}.parent_path() / "ilpctl").string());
    return run_program(std::move(words), environment);
}

/// Runs ilpctl against the Admin API on this port.
inline ilpctl_run run_ilpctl(std::uint16_t port, std::vector<std::string> words,
                             const std::vector<std::pair<std::string, std::string>>& environment = {}) {
    const std::vector<std::string> where{"--url", "http://127.0.0.1:" + std::to_string(port) + "/graphql"};
    words.insert(words.begin(), where.begin(), where.end());
    return run_ilpctl(std::move(words), environment);
}

}  // namespace support

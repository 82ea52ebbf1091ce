#pragma once

#include "tests/support/child_process.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace support {

/// The wall clock of a daemon, which the test can set while the daemon runs. Its steady clock goes on as before. Builds
/// with sanitizers have no such clock, because the library that it needs is not built with them.
class wall_clock {
public:
    wall_clock();

    /// The environment of the daemon.
    std::vector<std::pair<std::string, std::string>> environment() const;

    /// Sets the clock to the real time plus `difference`.
    void set(std::chrono::milliseconds difference) const;

private:
    temporary_directory folder_;
};

}  // namespace support

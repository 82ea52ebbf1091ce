#pragma once

#include <cerrno>
#include <cstddef>

namespace connector::testing {

/// The calls of recv() and send() by the code under test, on any thread. The tests of this program are the only ones
/// that use it.
struct system_call {
    int count = 0;          ///< calls since the last reset
    int failing = 0;        ///< the number of the call that fails, from 1; 0: none
    int error = 0;          ///< what it fails with
    bool is_short = false;  ///< it transfers only `size_max` bytes instead of failing
    std::size_t size_max = 1;
    bool fails_from_then_on = false;

    void reset() { *this = {}; }
};

extern system_call receiving;
extern system_call sending;

}  // namespace connector::testing

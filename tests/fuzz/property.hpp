#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

/// The function that each target defines. libFuzzer calls it with generated inputs, replay.cpp with those of the
/// corpus.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size);

namespace fuzz {

/// Ends the program if the property does not hold. A fuzzer reports that as a finding.
inline void require(bool holds, const char* property) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", property);
    std::abort();
}

}  // namespace fuzz

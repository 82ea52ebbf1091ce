#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

/// The function that a target defines: libFuzzer calls it with inputs that it makes up, replay.cpp with the corpus.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size);

namespace fuzz {

/// Ends the program when the property does not hold: that is what a fuzzer takes for a finding.
inline void require(bool holds, const char* property) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", property);
    std::abort();
}

}  // namespace fuzz

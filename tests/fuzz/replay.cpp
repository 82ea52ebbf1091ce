#include "tests/fuzz/property.hpp"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

/// Runs the target on every file of the given folder, so that a target and its corpus are tested without a fuzzer.
int main(int argument_count, char** arguments) {
    if (argument_count != 2) {
        std::fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
        return 2;
    }
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{arguments[1]}) {
        std::ifstream in{entry.path(), std::ios::binary};
        const std::vector<char> input{std::istreambuf_iterator<char>{in}, {}};
        std::printf("%s\n", entry.path().filename().c_str());
        std::fflush(stdout);
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
        ++count;
    }
    if (count == 0) std::fprintf(stderr, "%s holds no file\n", arguments[1]);
    return count == 0 ? 1 : 0;
}

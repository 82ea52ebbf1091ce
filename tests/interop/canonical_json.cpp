#include "peering/canonical_json.hpp"

#include "peering/parse_json.hpp"

#include <iostream>
#include <string>

/// For canonical_json.test.mjs: each line of the input is a JSON text, and is answered with its canonical form.
int main() {
    for (std::string line; std::getline(std::cin, line);) {
        const auto value = peering::parse_json(line);
        const auto canonical = value ? peering::canonical_json(*value) : std::nullopt;
        std::cout << canonical.value_or("refused") << '\n';
    }
}

#include "peering/json/canonical_json.hpp"

#include "peering/json/parse_json.hpp"

#include <iostream>
#include <string>

/// For canonical_json.test.mjs. Reads one JSON text per line and prints its canonical form.
int main() {
    for (std::string line; std::getline(std::cin, line);) {
        const auto value = peering::parse_json(line);
        const auto canonical = value ? peering::canonical_json(*value) : std::nullopt;
        std::cout << canonical.value_or("refused") << '\n';
    }
}

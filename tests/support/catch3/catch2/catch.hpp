#pragma once

// Stands for the single header of Catch2 2 where Catch2 3 is installed: the tests include <catch2/catch.hpp> and use
// the names of version 2.

#include <catch2/catch_all.hpp>

#include <string>

using Catch::Approx;

namespace Catch {

inline auto Contains(const std::string& text) {
    return Matchers::ContainsSubstring(text);
}

using Matchers::EndsWith;
using Matchers::StartsWith;

}  // namespace Catch

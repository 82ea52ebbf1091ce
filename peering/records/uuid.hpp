#pragma once

#include "ilp/invariant.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace peering {

/// The 36 characters of a UUID, stored inline: there is one for each peer.
class uuid_text {
public:
    static constexpr std::size_t size = 36;

    /// Not a UUID yet: 36 NUL characters.
    uuid_text() = default;
    /// Precondition: `text` has 36 characters.
    explicit uuid_text(std::string_view text) noexcept {
        ilp::require(text.size() == size, "a UUID has 36 characters");
        std::ranges::copy(text, characters_.begin());
    }
    std::string_view text() const noexcept { return {characters_.data(), characters_.size()}; }
    operator std::string_view() const noexcept { return text(); }
    friend bool operator==(const uuid_text&, const uuid_text&) = default;
    friend bool operator==(const uuid_text& a, std::string_view b) noexcept { return a.text() == b; }

private:
    std::array<char, size> characters_{};
};

/// Returns a random UUID (version 4) from the operating system's secure random source, as 36 characters.
std::string new_uuid();

/// True for a version 4 UUID of 36 characters; hexadecimal digits in either case.
bool is_uuid_v4(std::string_view text) noexcept;

}  // namespace peering

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ilp {

inline constexpr std::size_t address_size_max = 1023;

/// The schemes of RFC 15. `allocated` networks (g and the test ones) are routed between nodes, the others are local to
/// a node, a link or a cluster.
enum class scheme : std::uint8_t { g, private_, example, peer, self, test, test1, test2, test3, local };

/// True for scheme, then one or more `.segment` (RFC 15): at most 1023 octets, compared octet by octet.
bool is_address(std::string_view text) noexcept;

/// True for what may stand in a route table: an address, a bare scheme, or nothing (the default route).
bool is_prefix(std::string_view text) noexcept;

/// The scheme that the text begins with; empty when it begins with none. Looks no further than the first dot, so it
/// says nothing about what follows there.
std::optional<scheme> scheme_of(std::string_view text) noexcept;

/// True when `prefix` is `destination` or ends at one of its segment boundaries: g.bob covers g.bob and g.bob.x, never
/// g.bobby. The empty prefix covers everything.
constexpr bool covers(std::string_view prefix, std::string_view destination) noexcept {
    return destination.starts_with(prefix) &&
           (prefix.size() == destination.size() || prefix.empty() || destination[prefix.size()] == '.');
}

/// An ILP address that owns its text and is always valid.
class address {
public:
    static std::optional<address> parse(std::string_view text);

    const std::string& text() const noexcept { return text_; }
    operator std::string_view() const noexcept { return text_; }
    friend auto operator<=>(const address&, const address&) = default;

private:
    explicit address(std::string_view text) : text_{text} {}
    std::string text_;
};

}  // namespace ilp

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ilp {

inline constexpr std::size_t address_size_max = 1023;

/// The address schemes of RFC 15. Addresses in an `allocated` network (g and the test schemes) are routed between
/// nodes; the others are local to a node, a link or a cluster.
enum class scheme : std::uint8_t { g, private_, example, peer, self, test, test1, test2, test3, local };

/// True for the schemes of the networks that nodes route between; a node belongs to exactly one of them (RFC 34).
constexpr bool is_allocated(ilp::scheme scheme) noexcept {
    using enum ilp::scheme;
    return scheme == g || scheme == test || scheme == test1 || scheme == test2 || scheme == test3;
}

/// True for a scheme followed by one or more `.segment` (RFC 15), at most 1023 octets. Addresses compare octet by
/// octet.
bool is_address(std::string_view text) noexcept;

/// True for a valid route table prefix: an address, a bare scheme, or nothing (the default route).
bool is_prefix(std::string_view text) noexcept;

/// Returns the scheme that the text begins with, or nullopt if there is none. Reads no further than the first dot and
/// does not check what follows it.
std::optional<scheme> scheme_of(std::string_view text) noexcept;

/// Says why a node with the address `own` never forwards a packet to `prefix` or below it, as a clause; empty if it
/// may. Both must begin with a scheme, or be empty.
std::string_view unreachable_because(std::string_view own, std::string_view prefix) noexcept;

/// True if `prefix` equals `destination` or ends at one of its segment boundaries: g.bob covers g.bob and g.bob.x but
/// not g.bobby. The empty prefix covers everything.
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

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace connector {

/// The header field that names the id beside a Reject, in lower case.
inline constexpr std::string_view trace_field = "ilp-trace-id";

/// Names a packet that has failed, in the log of each node that it has passed. The node that refuses the packet makes
/// the id, and the others pass it on with the Reject. It has 32 lower-case hexadecimal digits, as the trace ids of W3C
/// Trace Context have.
class trace_id {
public:
    using text_form = std::array<char, 32>;

    /// All zeros, which is no id.
    constexpr trace_id() noexcept = default;
    constexpr trace_id(std::uint64_t high, std::uint64_t low) noexcept : high_{high}, low_{low} {}

    /// Nullopt for everything that text() does not write, and for all zeros.
    static std::optional<trace_id> parse(std::string_view text) noexcept;

    /// False if it is no id.
    explicit operator bool() const noexcept { return (high_ | low_) != 0; }

    text_form text() const noexcept;

    friend bool operator==(const trace_id&, const trace_id&) = default;

private:
    std::uint64_t high_ = 0;
    std::uint64_t low_ = 0;
};

inline std::string_view as_text(const trace_id::text_form& text) noexcept {
    return {text.data(), text.size()};
}

/// Makes new ids. They are unlike those of other sources, but no secret. For one thread.
class trace_source {
public:
    /// From the random generator of libcrypto; the ids that follow cost a few multiplications each.
    trace_source();

    trace_id next() noexcept;

private:
    std::uint64_t high_ = 0;
    std::uint64_t low_ = 0;
};

}  // namespace connector

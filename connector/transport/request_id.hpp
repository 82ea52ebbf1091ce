#pragma once

#include <boost/uuid/uuid.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace connector {

/// What a Prepare and its answer have in common in the asynchronous mode of RFC 35: a UUID of version 4.
class request_id {
public:
    using text_form = std::array<char, 36>;

    /// All zeros, which is no valid id.
    request_id() noexcept : value_{} {}

    /// Nullopt unless it is a UUID of version 4 with 36 characters; its digits may be in either case.
    static std::optional<request_id> parse(std::string_view text) noexcept;

    /// A new one. It comes from the random generator of libcrypto, which makes no system call for each.
    static request_id random();

    /// In lower case.
    text_form text() const noexcept;

    friend bool operator==(const request_id&, const request_id&) = default;
    /// It is another one in each process: peers choose ids, and must not be able to choose many with one hash.
    friend std::size_t hash_value(const request_id& id) noexcept;

private:
    boost::uuids::uuid value_;
};

inline std::string_view as_text(const request_id::text_form& text) noexcept {
    return {text.data(), text.size()};
}

}  // namespace connector

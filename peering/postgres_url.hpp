#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peering {

bool is_postgres_url(std::string_view url) noexcept;

/// A `postgresql://` URL, taken apart as libpq does it.
class postgres_url {
public:
    /// Empty when libpq does not understand it, and when a part of its password seems to have become host, port or
    /// database, because it has a character that must be percent-encoded there. Why is not said: libpq's messages
    /// quote the URL.
    static std::optional<postgres_url> parse(const std::string& url);

    /// Nothing but user, host, port and database: for logs and errors.
    std::string printable() const;

    /// One URL for each host of a list, in its order: so that each gets its time, also after one that does not answer.
    std::vector<postgres_url> each_host() const;

    /// Every parameter that has a value, by libpq's keyword.
    const std::vector<std::pair<std::string, std::string>>& parameters() const noexcept { return parameters_; }

    /// Empty: not given.
    std::string_view value_of(std::string_view keyword) const noexcept;

private:
    void set(std::string_view keyword, std::string_view value);

    std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace peering

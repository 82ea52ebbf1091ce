#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peering {

bool is_postgres_url(std::string_view url) noexcept;

/// A `postgresql://` URL, parsed by libpq's rules.
class postgres_url {
public:
    /// Nullopt if libpq cannot parse the URL, or if part of its password seems to have ended up as host, port or
    /// database because it contains a character that must be percent-encoded there. The reason is not reported, because
    /// libpq's messages quote the URL.
    static std::optional<postgres_url> parse(const std::string& url);

    /// Only user, host, port and database: for logs and error messages.
    std::string printable() const;

    /// One URL for each host of a host list, in the same order, so that each host gets its own time limit, even after
    /// one that does not answer.
    std::vector<postgres_url> each_host() const;

    /// All parameters that have a value, by libpq's keyword.
    const std::vector<std::pair<std::string, std::string>>& parameters() const noexcept { return parameters_; }

    /// Empty if the parameter is not given.
    std::string_view value_of(std::string_view keyword) const noexcept;

private:
    void set(std::string_view keyword, std::string_view value);

    std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace peering

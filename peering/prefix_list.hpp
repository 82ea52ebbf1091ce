#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peering {

/// Address prefixes in one text: lists of one or two are held by the hundred thousand.
class prefix_list {
public:
    prefix_list() = default;
    /// Precondition: they are prefixes (ilp::is_prefix).
    explicit prefix_list(const std::vector<std::string>& prefixes) {
        for (const std::string& prefix : prefixes) (text_ += prefix) += end;
        text_.shrink_to_fit();
    }

    /// Calls `seen(prefix)` for each, in their order. What it is given stays as long as the list.
    template <class Seen>
    void for_each(Seen seen) const {
        for (std::string_view left = text_; !left.empty();) {
            const std::size_t size = left.find(end);
            seen(left.substr(0, size));
            left.remove_prefix(size + 1);
        }
    }

    std::vector<std::string> to_vector() const {
        std::vector<std::string> all;
        for_each([&all](std::string_view prefix) { all.emplace_back(prefix); });
        return all;
    }

    friend bool operator==(const prefix_list&, const prefix_list&) = default;

private:
    static constexpr char end = '\n';  // in no prefix; after each, for the default route is the empty one

    std::string text_;
};

}  // namespace peering

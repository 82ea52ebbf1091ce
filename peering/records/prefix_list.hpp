#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peering {

/// Address prefixes in a single string, because there may be hundreds of thousands of lists with one or two prefixes.
class prefix_list {
public:
    prefix_list() = default;
    /// Precondition: all of them are valid prefixes (ilp::is_prefix).
    explicit prefix_list(const std::vector<std::string>& prefixes) {
        for (const std::string& prefix : prefixes) (text_ += prefix) += end;
        text_.shrink_to_fit();
    }

    /// Calls `seen(prefix)` for each prefix in order. The views are valid as long as the list exists.
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
    static constexpr char end = '\n';  // in no prefix; ends each one, because the default route is the empty prefix

    std::string text_;
};

}  // namespace peering

#pragma once

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <functional>
#include <string_view>

namespace peering {

/// A set of pointers to objects, looked up by a string member. The strings are not copied. Precondition: the objects in
/// the table stay where they are and keep their strings.
template <class Thing, auto Text>
class table_by_text {
public:
    void add(const Thing& thing) { things_.insert(&thing); }
    /// Precondition: this very object was added.
    void remove(const Thing& thing) { things_.erase(&thing); }

    /// Null if there is none.
    const Thing* find(std::string_view text) const noexcept {
        const auto found = things_.find(text);
        return found == things_.end() ? nullptr : *found;
    }

private:
    static std::string_view text_of(std::string_view text) noexcept { return text; }
    static std::string_view text_of(const Thing* thing) noexcept { return std::invoke(Text, *thing); }

    struct hash {
        using is_transparent = void;
        std::size_t operator()(const auto& it) const noexcept { return std::hash<std::string_view>{}(text_of(it)); }
    };
    struct equal {
        using is_transparent = void;
        bool operator()(const auto& a, const auto& b) const noexcept { return text_of(a) == text_of(b); }
    };
    boost::unordered_flat_set<const Thing*, hash, equal> things_;
};

}  // namespace peering

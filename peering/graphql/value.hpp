#pragma once

#include <boost/json/value.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

namespace peering::graphql {

class value;
struct member;

/// A resolver's result for a field of an object type. It holds the type name (which selects the type if the field's
/// type is an interface), members for the fields that need no resolver, and the C++ value that the resolvers of its
/// fields read.
class object {
public:
    using members = std::vector<member>;

    /// Names must live as long as the object, as literals do.
    explicit object(std::string_view type);
    object(std::string_view type, members members);

    /// Makes an object whose resolvers read `source` as a T.
    template <typename T>
    static object of(std::string_view type, T source);
    template <typename T>
    static object of(std::string_view type, T source, members members);
    template <typename T>
    static object sharing(std::string_view type, std::shared_ptr<T> source);

    std::string_view type() const { return type_; }
    /// Returns null if there is no such member.
    const value* find(std::string_view name) const;

    /// Precondition: the object was made from a T.
    template <typename T>
    const T& as() const;

private:
    std::string_view type_;
    members members_;
    std::shared_ptr<const void> source_;
    const std::type_info* source_type_ = nullptr;
};

/// A resolver's result. It converts implicitly, so that `return asset.code;` is enough, from numbers, text, an optional
/// (nullopt becomes null), an object, a list of these, or JSON for a scalar that is an object.
class value {
public:
    using list = std::vector<value>;

    value(std::nullptr_t = nullptr) {}
    value(bool flag) : content_{boost::json::value(flag)} {}
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    value(T number) : content_{boost::json::value(number)} {}
    value(double number) : content_{boost::json::value(number)} {}
    value(std::string_view text) : content_{boost::json::value(boost::json::string_view{text.data(), text.size()})} {}
    value(const std::string& text) : value{std::string_view{text}} {}
    value(const char* text) : value{std::string_view{text}} {}
    value(boost::json::object json) : content_{boost::json::value(std::move(json))} {}
    value(object object) : content_{std::make_shared<const graphql_object>(std::move(object))} {}
    value(list items) : content_{std::move(items)} {}
    template <typename T>
    value(const std::optional<T>& maybe) : value{maybe ? value{*maybe} : value{}} {}
    template <typename T>
        requires(!std::same_as<T, value> && !std::same_as<T, char>)
    value(const std::vector<T>& items) : content_{list(items.begin(), items.end())} {}

    bool is_null() const;
    /// These return null if the value is of another kind.
    const list* as_list() const { return std::get_if<list>(&content_); }
    const object* as_object() const;
    const boost::json::value* as_leaf() const { return std::get_if<boost::json::value>(&content_); }

private:
    using graphql_object = object;
    std::variant<boost::json::value, list, std::shared_ptr<const object>> content_;
};

struct member {
    std::string_view name;
    graphql::value value;
};

// Template definitions.

template <typename T>
object object::of(std::string_view type, T source) {
    return sharing(type, std::make_shared<const T>(std::move(source)));
}

template <typename T>
object object::of(std::string_view type, T source, members members) {
    auto result = of(type, std::move(source));
    result.members_ = std::move(members);
    return result;
}

template <typename T>
object object::sharing(std::string_view type, std::shared_ptr<T> source) {
    auto result = object{type};
    result.source_ = std::move(source);
    result.source_type_ = &typeid(T);
    return result;
}

[[noreturn]] void refuse_source(std::string_view type, const std::type_info* has, const std::type_info& wanted);

template <typename T>
const T& object::as() const {
    if (source_type_ == nullptr || *source_type_ != typeid(T)) refuse_source(type_, source_type_, typeid(T));
    return *static_cast<const T*>(source_.get());
}

}  // namespace peering::graphql

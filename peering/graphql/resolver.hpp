#pragma once

#include "peering/graphql/value.hpp"

#include <boost/json/object.hpp>

#include <concepts>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace peering::graphql {

/// The coerced arguments of a field, or an input object among them. Names and types are those of the schema, and
/// defaults are filled in. This is a view: resolvers must not keep it.
///
/// T is one of bool, an integer (Int, UInt8, UInt64), double, std::string (String, ID, an enum value), arguments (an
/// input object), boost::json::object (JSONObject), or a std::vector of one of these.
class arguments {
public:
    explicit arguments(const boost::json::object& values) : values_{&values} {}

    /// For an argument that the schema does not allow to be absent or null.
    template <typename T>
    T get(std::string_view name) const {
        return read<T>(values_->at(name));
    }

    /// Returns nullopt if the argument is absent or null.
    template <typename T>
    std::optional<T> find(std::string_view name) const {
        const auto* found = values_->if_contains(name);
        if (found == nullptr || found->is_null()) return std::nullopt;
        return read<T>(*found);
    }

    /// True if the argument was given, even as null: this distinguishes clearing a field from leaving it unchanged.
    bool has(std::string_view name) const { return values_->contains(name); }

    const boost::json::object& json() const { return *values_; }

private:
    template <typename T>
    struct is_list : std::false_type {};
    template <typename T>
    struct is_list<std::vector<T>> : std::true_type {};

    template <typename T>
    static T read(const boost::json::value& value);

    const boost::json::object* values_;
};

/// Base class for per-request data that resolvers need.
class context {
public:
    virtual ~context() = default;
};

/// A request to answer one field of one object.
struct call {
    const object& parent;
    const arguments& args;
    graphql::context& context;

    /// Returns the parent's C++ value. Precondition: the parent was made from a T.
    template <typename T>
    const T& of() const {
        return parent.as<T>();
    }
    /// Precondition: the request was run with a Context.
    template <std::derived_from<graphql::context> Context>
    Context& with() const {
        return dynamic_cast<Context&>(context);
    }
};

/// A resolver's refusal: an entry in the answer's errors, with `code` in its extensions.
struct field_error {
    std::string message;
    std::string code;
};

using field_result = std::expected<value, field_error>;

/// Answers one field. It may block, and is never called concurrently for the same request. An exception becomes an
/// error that does not disclose the reason; see answer::internal_errors.
using resolver = std::function<field_result(const call&)>;

/// Resolvers by "Type.field". A field without a resolver is answered with the member of the same name of its object, or
/// null.
using resolvers = std::map<std::string, resolver, std::less<>>;

/// Makes a resolver that reads the parent's C++ value: `reading<peer>(&peer::name)`, or any function of a peer.
template <typename T, typename Read>
resolver reading(Read read) {
    return [read = std::move(read)](const call& call) -> field_result { return std::invoke(read, call.of<T>()); };
}

// Template definitions.

template <typename T>
T arguments::read(const boost::json::value& value) {
    if constexpr (std::same_as<T, bool>) {
        return value.as_bool();
    } else if constexpr (std::is_arithmetic_v<T>) {
        return value.to_number<T>();
    } else if constexpr (std::same_as<T, std::string>) {
        return std::string{std::string_view{value.as_string()}};
    } else if constexpr (std::same_as<T, arguments>) {
        return arguments{value.as_object()};
    } else if constexpr (std::same_as<T, boost::json::object>) {
        return value.as_object();
    } else {
        static_assert(is_list<T>::value, "no type of an argument");
        auto result = T{};
        for (const auto& item : value.as_array()) result.push_back(read<typename T::value_type>(item));
        return result;
    }
}

}  // namespace peering::graphql

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

/// The arguments of a field, or an input object among them, coerced: names and types are the schema's, defaults are
/// filled in. A view: resolvers do not keep it.
///
/// T is one of: bool, an integer (Int, UInt8, UInt64), double, std::string (String, ID, an enum's value), arguments (an
/// input object), boost::json::object (JSONObject), std::vector of one of them.
class arguments {
public:
    explicit arguments(const boost::json::object& values) : values_{&values} {}

    /// Of an argument that the schema does not let be absent or null.
    template <typename T>
    T get(std::string_view name) const {
        return read<T>(values_->at(name));
    }

    /// Empty: absent, or null.
    template <typename T>
    std::optional<T> find(std::string_view name) const {
        const auto* found = values_->if_contains(name);
        if (found == nullptr || found->is_null()) return std::nullopt;
        return read<T>(*found);
    }

    /// Given, perhaps as null: what tells "clear it" from "leave it".
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

/// What belongs to one request and resolvers need: derive from it.
class context {
public:
    virtual ~context() = default;
};

/// One field of one object that is to be answered.
struct call {
    const object& parent;
    const arguments& args;
    graphql::context& context;

    /// The parent's C++ value; precondition: it was made of a T.
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

/// A "no" of a resolver: an entry in the answer's errors, with `code` in its extensions.
struct refusal {
    std::string message;
    std::string code;
};

using outcome = std::expected<value, refusal>;

/// Answers one field. It may block; it is not called twice at a time for one request. What it throws becomes an error
/// that does not tell why, see answer::internal_errors.
using resolver = std::function<outcome(const call&)>;

/// By "Type.field". A field without one is answered with its object's member of the same name, or null.
using resolvers = std::map<std::string, resolver, std::less<>>;

/// A resolver that reads the parent's C++ value: `reading<peer>(&peer::name)`, or any function of a peer.
template <typename T, typename Read>
resolver reading(Read read) {
    return [read = std::move(read)](const call& call) -> outcome { return std::invoke(read, call.of<T>()); };
}

// Templates.

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

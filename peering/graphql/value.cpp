#include "peering/graphql/value.hpp"

#include <algorithm>
#include <stdexcept>

namespace peering::graphql {

object::object(std::string_view type) : type_{type} {}

object::object(std::string_view type, members members) : type_{type}, members_{std::move(members)} {}

const value* object::find(std::string_view name) const {
    const auto found = std::ranges::find(members_, name, &member::name);
    return found == members_.end() ? nullptr : &found->value;
}

void refuse_source(std::string_view type, const std::type_info* has, const std::type_info& wanted) {
    throw std::logic_error{"an object of type " + std::string{type} + " is read as " + wanted.name() +
                           ", and is made of " + (has == nullptr ? "members alone" : has->name())};
}

bool value::is_null() const {
    const auto* leaf = as_leaf();
    return leaf != nullptr && leaf->is_null();
}

const object* value::as_object() const {
    const auto* shared = std::get_if<std::shared_ptr<const object>>(&content_);
    return shared == nullptr ? nullptr : shared->get();
}

}  // namespace peering::graphql

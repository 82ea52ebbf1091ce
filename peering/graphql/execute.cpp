#include "peering/graphql/execute.hpp"

#include "peering/graphql/bounds.hpp"
#include "peering/graphql/coerce.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <set>
#include <utility>

namespace peering::graphql {
namespace {

namespace json = boost::json;

/// A position in the answer. Each level lives on the stack of the function that visits it.
struct path {
    const path* parent = nullptr;
    std::string_view name;
    std::size_t index = 0;  ///< index of an element, which has no name

    /// An upper bound for the bytes that steps() takes when it is written.
    std::size_t size() const {
        constexpr std::size_t index_size = 21;
        return (name.empty() ? index_size : name.size() + 3) + (parent == nullptr ? 0 : parent->size());
    }

    json::array steps() const {
        auto result = parent == nullptr ? json::array{} : parent->steps();
        if (name.empty())
            result.push_back(index);
        else
            result.push_back(json::string_view{name.data(), name.size()});
        return result;
    }
};

/// All selections with the same response name; the names are in order of first appearance.
struct named_nodes {
    std::string_view response_name;
    std::vector<const selection*> fields;
};

/// The field being answered, with its type and the nodes that ask for it.
struct question {
    const named_type& of;
    const graphql::field& field;
    const std::vector<const selection*>& nodes;

    std::string text() const { return std::string{of.name} + "." + std::string{field.name}; }
};

/// The approximate number of bytes of a leaf in the answer. Only texts can be large.
std::size_t size_of(const json::value& value) {
    constexpr std::size_t small = 8;
    if (const auto* const text = value.if_string()) return small + text->size();
    auto size = small;
    if (const auto* const array = value.if_array())
        for (const auto& element : *array) size += size_of(element);
    if (const auto* const object = value.if_object())
        for (const auto& member : *object) size += member.key().size() + size_of(member.value());
    return size;
}

/// nullopt means that null occurred where the type does not allow it; the null then replaces the enclosing value.
using completed = std::optional<json::value>;

class execution {
public:
    explicit execution(const execution_plan& plan) : plan_{plan} {}

    execution_result run();

private:
    std::vector<named_nodes> collect(const named_type& of, const std::vector<const selection_set*>& sets) const;
    void collect(const named_type& of, const selection_set& set, std::set<std::string_view>& fragments_seen,
                 std::vector<named_nodes>& into) const;
    bool is_wanted(const selection& selection) const;
    bool applies(std::string_view fragment_type, const named_type& of) const;

    completed select(const named_type& of, const object& parent, const std::vector<const selection_set*>& sets,
                     const path* at);
    completed answer_field(const named_type& of, const object& parent, const named_nodes& named, const path& at);
    completed complete(const type& type, const value& value, const question& asked, const path& at);
    completed complete_nullable(const type& type, const value& value, const question& asked, const path& at);
    completed complete_list(const type& type, const value& value, const question& asked, const path& at);
    completed complete_leaf(const named_type& type, const value& value, const question& asked, const path& at);
    completed complete_object(const named_type& type, const value& value, const question& asked, const path& at);

    /// Counts what is added to the answer. Returns false once a bound has been reached; the first time, it adds an
    /// error.
    bool has_room(std::size_t bytes, std::size_t values, const question& asked, const path& at);

    /// Records an error and returns the value that replaces the failed one.
    completed fail(error error, const question& asked, const path& at);
    completed fail_internally(std::string what, const question& asked, const path& at);

    const execution_plan& plan_;
    std::vector<error> errors_;
    std::vector<std::string> internal_errors_;
    std::size_t values_ = 0;
    std::size_t bytes_ = 0;
    bool is_full_ = false;  ///< a bound was reached, and the answer is only an error
};

execution_result execution::run() {
    const bool is_mutation = plan_.operation.kind == operation_kind::mutation;
    const auto& root = is_mutation ? *plan_.of.mutation() : plan_.of.query();
    const auto nothing = object{root.name};
    auto data = select(root, nothing, {&plan_.operation.set}, nullptr);
    if (is_full_) data.reset();

    auto result = execution_result{};
    result.reached = progress::executed;
    if (!errors_.empty()) {
        auto errors = json::array{};
        for (const auto& error : errors_) errors.push_back(to_json(error));
        result.body["errors"] = std::move(errors);
    }
    result.body["data"] = data ? *std::move(data) : json::value{};
    result.internal_errors = std::move(internal_errors_);
    return result;
}

std::vector<named_nodes> execution::collect(const named_type& of, const std::vector<const selection_set*>& sets) const {
    auto result = std::vector<named_nodes>{};
    auto fragments_seen = std::set<std::string_view>{};
    for (const auto* set : sets) collect(of, *set, fragments_seen, result);
    return result;
}

void execution::collect(const named_type& of, const selection_set& set, std::set<std::string_view>& fragments_seen,
                        std::vector<named_nodes>& into) const {
    for (const auto& selection : set.selections) {
        if (!is_wanted(selection)) continue;
        switch (selection.kind) {
            case selection_kind::field: {
                const auto name = selection.response_name();
                auto found = std::ranges::find(into, name, &named_nodes::response_name);
                if (found == into.end()) found = into.insert(found, {name, {}});
                found->fields.push_back(&selection);
                break;
            }
            case selection_kind::inline_fragment:
                if (selection.name.text.empty() || applies(selection.name.text, of))
                    collect(of, selection.set, fragments_seen, into);
                break;
            case selection_kind::fragment_spread: {
                if (!fragments_seen.insert(selection.name.text).second) break;
                const auto& fragment =
                    *std::ranges::find(plan_.source.fragments, selection.name.text,
                                       [](const auto& each) -> const std::string& { return each.name.text; });
                if (applies(fragment.type.text, of)) collect(of, fragment.set, fragments_seen, into);
                break;
            }
        }
    }
}

bool execution::is_wanted(const selection& selection) const {
    for (const auto& directive : selection.directives) {
        const bool skips = directive.name.text == "skip";
        if (!skips && directive.name.text != "include") continue;
        const auto& type = *plan_.of.find_directive(directive.name.text);
        const auto given = coerce_arguments(type.arguments, directive.arguments, plan_.variables, directive.at);
        if (given && given->at("if").as_bool() == skips) return false;
    }
    return true;
}

bool execution::applies(std::string_view fragment_type, const named_type& of) const {
    return of.is_subtype_of(*plan_.of.find_type(fragment_type));
}

completed execution::select(const named_type& of, const object& parent, const std::vector<const selection_set*>& sets,
                            const path* at) {
    auto result = json::object{};
    for (const auto& named : collect(of, sets)) {
        const auto here = path{at, named.response_name};
        auto value = answer_field(of, parent, named, here);
        if (!value) return std::nullopt;
        result[named.response_name] = *std::move(value);
    }
    return result;
}

completed execution::answer_field(const named_type& of, const object& parent, const named_nodes& named,
                                  const path& at) {
    const auto& node = *named.fields.front();
    const auto& field = *plan_.of.find_field(of, node.name.text);
    const auto asked = question{of, field, named.fields};
    if (!has_room(named.response_name.size(), 1, asked, at)) return std::nullopt;
    auto given = coerce_arguments(field.arguments, node.arguments, plan_.variables, node.at);
    auto what = completed{};
    if (!given) {
        what = fail(std::move(given).error(), asked, at);
    } else if (field.name == "__typename") {
        what = json::value(json::string_view{of.name.data(), of.name.size()});
    } else {
        const auto args = arguments{*given};
        const auto found = plan_.resolver_of.find(&field);
        try {
            if (found == plan_.resolver_of.end()) {
                const auto* member = parent.find(field.name);
                what = complete(field.of, member == nullptr ? value{} : *member, asked, at);
            } else {
                const auto answered = (*found->second)({parent, args, plan_.context});
                what = answered ? complete(field.of, *answered, asked, at)
                                : fail({answered.error().message, {}, answered.error().code, {}}, asked, at);
            }
        } catch (const std::exception& thrown) {
            what = fail_internally(thrown.what(), asked, at);
        }
    }
    if (!what && !field.of.is_non_null()) return json::value{};
    return what;
}

completed execution::complete(const type& type, const value& value, const question& asked, const path& at) {
    if (!type.is_non_null()) {
        auto result = complete_nullable(type, value, asked, at);
        return result ? std::move(result) : json::value{};
    }
    if (value.is_null()) {
        const auto what = "Cannot return null for non-nullable field " + asked.text() + ".";
        if (internal_errors_.size() < internal_errors_max) internal_errors_.push_back(what);
        return fail({what, {}, std::string{code::internal_server_error}, {}}, asked, at);
    }
    return complete_nullable(type.unwrapped(), value, asked, at);
}

completed execution::complete_nullable(const type& type, const value& value, const question& asked, const path& at) {
    if (value.is_null()) return json::value{};
    if (type.is_list()) return complete_list(type, value, asked, at);
    if (type.named->is_leaf()) return complete_leaf(*type.named, value, asked, at);
    return complete_object(*type.named, value, asked, at);
}

completed execution::complete_list(const type& type, const value& value, const question& asked, const path& at) {
    const auto* items = value.as_list();
    if (items == nullptr) return fail_internally("Expected a list.", asked, at);
    auto result = json::array{};
    result.reserve(items->size());
    for (const auto& item : *items) {
        const auto here = path{&at, {}, result.size()};
        if (!has_room(0, 1, asked, here)) return std::nullopt;
        auto element = complete(type.unwrapped(), item, asked, here);
        if (!element) return std::nullopt;
        result.push_back(*std::move(element));
    }
    return result;
}

completed execution::complete_leaf(const named_type& type, const value& value, const question& asked, const path& at) {
    const auto* leaf = value.as_leaf();
    if (leaf == nullptr) return fail_internally("Expected a value of type " + std::string{type.name} + ".", asked, at);
    if (type.kind == type_kind::scalar) {
        auto written = type.scalar->write(*leaf);
        if (!written) return fail_internally(written.error(), asked, at);
        if (!has_room(size_of(*written), 0, asked, at)) return std::nullopt;
        return *std::move(written);
    }
    if (!leaf->is_string() || type.find_value(leaf->get_string()) == nullptr)
        return fail_internally("Expected a value of enum " + std::string{type.name} + ".", asked, at);
    return *leaf;
}

completed execution::complete_object(const named_type& type, const value& value, const question& asked,
                                     const path& at) {
    const auto* object = value.as_object();
    const auto* made_of = object == nullptr ? nullptr : plan_.of.find_type(object->type());
    if (made_of == nullptr || made_of->kind != type_kind::object || !made_of->is_subtype_of(type))
        return fail_internally("Expected an object of type " + std::string{type.name} + ".", asked, at);
    auto sets = std::vector<const selection_set*>{};
    for (const auto* node : asked.nodes) sets.push_back(&node->set);
    return select(*made_of, *object, sets, &at);
}

bool execution::has_room(std::size_t bytes, std::size_t values, const question& asked, const path& at) {
    if (is_full_) return false;
    bytes_ += bytes;
    values_ += values;
    if (bytes_ <= answer_size_max && values_ <= answer_values_max) return true;
    is_full_ = true;
    errors_.clear();  // they may be what fills the answer
    const auto message = values_ > answer_values_max
                             ? "The answer has more than " + std::to_string(answer_values_max) + " values."
                             : "The answer has more than " + std::to_string(answer_size_max) +
                                   " bytes: ask for fewer fields or smaller pages.";
    auto too_large = error{message, {}, std::string{code::bad_user_input}, {}};
    too_large.locations.push_back(asked.nodes.front()->at);
    too_large.path = at.steps();
    errors_.push_back(std::move(too_large));
    return false;
}

completed execution::fail(error error, const question& asked, const path& at) {
    constexpr std::size_t location_size = 32;
    if (!has_room(error.message.size() + asked.nodes.size() * location_size + at.size(), 0, asked, at))
        return std::nullopt;
    if (error.locations.empty())
        for (const auto* node : asked.nodes) error.locations.push_back(node->at);
    error.path = at.steps();
    errors_.push_back(std::move(error));
    return std::nullopt;
}

completed execution::fail_internally(std::string what, const question& asked, const path& at) {
    if (internal_errors_.size() < internal_errors_max)
        internal_errors_.push_back(asked.text() + ": " + std::move(what));
    return fail({"Internal server error", {}, std::string{code::internal_server_error}, {}}, asked, at);
}

}  // namespace

execution_result execute(const execution_plan& plan) {
    return execution{plan}.run();
}

}  // namespace peering::graphql

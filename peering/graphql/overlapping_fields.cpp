#include "peering/graphql/overlapping_fields.hpp"

#include "peering/graphql/bounds.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace peering::graphql {
namespace {

/// A selection set's fields by response name, including those of its fragments.
using fields_by_name = std::vector<std::pair<std::string_view, std::vector<used_field>>>;

struct conflict {
    std::string_view response_name;
    std::string reason;
    std::vector<location> first;
    std::vector<location> second;
};

struct too_many_comparisons {};

bool same(const literal& a, const literal& b) {
    const auto same_fields = [&] {
        return std::ranges::all_of(a.fields, [&](const literal_field& ours) {
            const auto theirs =
                std::ranges::find(b.fields, ours.name.text, [](const literal_field& each) { return each.name.text; });
            return theirs != b.fields.end() && same(ours.value, theirs->value);
        });
    };
    return a.kind == b.kind && a.text == b.text && std::ranges::equal(a.items, b.items, same) &&
           a.fields.size() == b.fields.size() && same_fields();
}

bool same(const std::vector<argument>& a, const std::vector<argument>& b) {
    return a.size() == b.size() && std::ranges::all_of(a, [&](const argument& ours) {
               const auto theirs =
                   std::ranges::find(b, ours.name.text, [](const argument& each) { return each.name.text; });
               return theirs != b.end() && same(ours.value, theirs->value);
           });
}

/// True if values of these two types cannot share a response name.
bool shapes_differ(const type& a, const type& b) {
    if (a.is_non_null() || b.is_non_null() || a.is_list() || b.is_list()) {
        if (a.is_non_null() != b.is_non_null() || a.is_list() != b.is_list()) return true;
        return shapes_differ(a.unwrapped(), b.unwrapped());
    }
    return (a.named->is_leaf() || b.named->is_leaf()) && a.named != b.named;
}

class comparison {
public:
    explicit comparison(const typed_document& in) : in_{in} {}

    /// Checks the fields of one selection set.
    void check(const used_set& set);

    std::vector<error> errors;

private:
    const fields_by_name& fields_of(const selection_set& set, const named_type* parent);
    void collect(const selection_set& set, const named_type* parent, std::set<std::string_view>& fragments_seen,
                 fields_by_name& into) const;
    std::optional<conflict> compare(std::string_view response_name, const used_field& a, const used_field& b,
                                    bool exclusive);
    std::optional<conflict> compare_sets(std::string_view response_name, const used_field& a, const used_field& b,
                                         bool exclusive);
    bool seen(const used_field& a, const used_field& b, bool exclusive);

    const typed_document& in_;
    std::unordered_map<const selection_set*, fields_by_name> fields_of_;
    std::map<std::pair<const selection*, const selection*>, bool> compared_;
    std::size_t comparisons_ = 0;
};

const fields_by_name& comparison::fields_of(const selection_set& set, const named_type* parent) {
    const auto [found, is_new] = fields_of_.try_emplace(&set);
    if (is_new) {
        auto fragments_seen = std::set<std::string_view>{};
        collect(set, parent, fragments_seen, found->second);
    }
    return found->second;
}

void comparison::collect(const selection_set& set, const named_type* parent, std::set<std::string_view>& fragments_seen,
                         fields_by_name& into) const {
    for (const auto& selection : set.selections) {
        if (selection.kind == selection_kind::field) {
            const auto name = selection.response_name();
            auto found = std::ranges::find(into, name, &fields_by_name::value_type::first);
            if (found == into.end()) found = into.insert(found, {name, {}});
            const auto* definition = parent == nullptr ? nullptr : in_.schema.find_field(*parent, selection.name.text);
            found->second.push_back({&selection, parent, definition});
        } else if (selection.kind == selection_kind::inline_fragment) {
            const auto* type = selection.name.text.empty() ? parent : in_.schema.find_type(selection.name.text);
            collect(selection.set, type, fragments_seen, into);
        } else if (fragments_seen.insert(selection.name.text).second) {
            if (const auto* fragment = in_.find_fragment(selection.name.text))
                collect(fragment->set, in_.schema.find_type(fragment->type.text), fragments_seen, into);
        }
    }
}

/// Fields of mutually exclusive parents are compared less strictly, so such a pair may have to be compared again.
bool comparison::seen(const used_field& a, const used_field& b, bool exclusive) {
    if (++comparisons_ > field_comparisons_max) throw too_many_comparisons{};
    const auto [found, is_new] = compared_.try_emplace(std::minmax(a.node, b.node), exclusive);
    if (is_new) return false;
    if (exclusive || !found->second) return true;
    found->second = false;
    return false;
}

void comparison::check(const used_set& set) {
    for (const auto& [name, fields] : fields_of(*set.node, set.parent)) {
        for (auto a = fields.begin(); a != fields.end(); ++a) {
            for (auto b = a + 1; b != fields.end(); ++b) {
                const auto found = compare(name, *a, *b, false);
                if (!found) continue;
                auto locations = found->first;
                locations.insert(locations.end(), found->second.begin(), found->second.end());
                errors.push_back({"Fields \"" + std::string{name} + "\" conflict because " + found->reason +
                                      ". Use different aliases on the fields to fetch both if this was intentional.",
                                  std::move(locations),
                                  std::string{code::validation_failed},
                                  {}});
                if (errors.size() >= validation_errors_max) return;
            }
        }
    }
}

std::optional<conflict> comparison::compare(std::string_view response_name, const used_field& a, const used_field& b,
                                            bool exclusive) {
    if (a.node == b.node) return std::nullopt;
    // No object has two object types.
    exclusive = exclusive || (a.parent != b.parent && a.parent != nullptr && b.parent != nullptr &&
                              a.parent->kind == type_kind::object && b.parent->kind == type_kind::object);
    if (seen(a, b, exclusive)) return std::nullopt;
    const auto differ = [&](std::string reason) {
        return conflict{response_name, std::move(reason), {a.node->at}, {b.node->at}};
    };
    const auto quoted = [](std::string_view text) { return '"' + std::string{text} + '"'; };
    if (!exclusive) {
        if (a.node->name.text != b.node->name.text)
            return differ(quoted(a.node->name.text) + " and " + quoted(b.node->name.text) + " are different fields");
        if (!same(a.node->arguments, b.node->arguments)) return differ("they have differing arguments");
    }
    if (a.definition != nullptr && b.definition != nullptr && shapes_differ(a.definition->of, b.definition->of))
        return differ("they return conflicting types " + quoted(to_string(a.definition->of)) + " and " +
                      quoted(to_string(b.definition->of)));
    return compare_sets(response_name, a, b, exclusive);
}

std::optional<conflict> comparison::compare_sets(std::string_view response_name, const used_field& a,
                                                 const used_field& b, bool exclusive) {
    const auto type_of = [](const used_field& of) {
        return of.definition == nullptr ? nullptr : of.definition->of.named;
    };
    if (a.node->set.selections.empty() || b.node->set.selections.empty()) return std::nullopt;
    // References to elements of an unordered_map stay valid while it grows.
    const auto& ours = fields_of(a.node->set, type_of(a));
    const auto& theirs = fields_of(b.node->set, type_of(b));
    auto result = conflict{response_name, {}, {a.node->at}, {b.node->at}};
    auto reasons = std::vector<std::string>{};
    for (const auto& [name, fields] : ours) {
        const auto same_name = std::ranges::find(theirs, name, &fields_by_name::value_type::first);
        if (same_name == theirs.end()) continue;
        for (const auto& our : fields) {
            for (const auto& their : same_name->second) {
                const auto inner = compare(name, our, their, exclusive);
                if (!inner) continue;
                reasons.push_back("subfields \"" + std::string{name} + "\" conflict because " + inner->reason);
                result.first.insert(result.first.end(), inner->first.begin(), inner->first.end());
                result.second.insert(result.second.end(), inner->second.begin(), inner->second.end());
            }
        }
    }
    if (reasons.empty()) return std::nullopt;
    for (const auto& reason : reasons) result.reason += (result.reason.empty() ? "" : " and ") + reason;
    return result;
}

}  // namespace

std::vector<error> find_overlapping_fields(const typed_document& in) {
    auto comparison = graphql::comparison{in};
    try {
        for (const auto& set : in.sets) {
            comparison.check(set);
            if (comparison.errors.size() >= validation_errors_max) break;
        }
    } catch (const too_many_comparisons&) {
        comparison.errors.push_back({"The document has too many fields with the same names: more than " +
                                         std::to_string(field_comparisons_max) + " comparisons.",
                                     {},
                                     std::string{code::validation_failed},
                                     {}});
    }
    return std::move(comparison.errors);
}

}  // namespace peering::graphql

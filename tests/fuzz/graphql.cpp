#include "ilp/bytes.hpp"
#include "peering/admin/schema.hpp"
#include "peering/graphql/engine.hpp"
#include "peering/graphql/parser.hpp"
#include "tests/fuzz/property.hpp"

#include <boost/json/array.hpp>

#include <string>
#include <string_view>
#include <utility>

using fuzz::require;

namespace {

namespace graphql = peering::graphql;

/// An object of this type that has every field, at any requested depth.
graphql::value any_value(const graphql::schema& schema, const graphql::type& type);

graphql::resolvers resolvers_of_everything(const graphql::schema& schema) {
    auto all = graphql::resolvers{};
    for (const auto& type : schema.types()) {
        if (type->kind != graphql::type_kind::object || type->name.starts_with("__")) continue;
        for (const auto& field : type->fields) {
            auto name = std::string{type->name} + "." + std::string{field.name};
            all[std::move(name)] = [&schema, of = field.of](const graphql::call&) -> graphql::field_result {
                return any_value(schema, of);
            };
        }
    }
    return all;
}

graphql::value any_value(const graphql::schema& schema, const graphql::type& type) {
    const auto wanted = type.nullable();
    if (wanted.is_list()) return graphql::value::list{any_value(schema, wanted.unwrapped())};
    if (wanted.named->is_composite()) return graphql::object{wanted.named->name};
    if (wanted.named->kind == graphql::type_kind::enumeration) return wanted.named->values.front().name;
    if (wanted.named->name == "Boolean") return true;
    if (wanted.named->name == "JSONObject") return boost::json::object{};
    return 1;
}

const graphql::engine& engine() {
    static const auto its_schema = peering::admin::load_schema();
    static const auto all = graphql::engine{peering::admin::load_schema(), resolvers_of_everything(its_schema)};
    return all;
}

}  // namespace

/// Any text is either refused with a reason or answered according to the schema: with data and without internal errors,
/// because every resolver here returns a value of its field's type.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto text = ilp::as_text({octets, size});
    auto nothing = graphql::context{};
    const auto prepared = engine().prepare(text, "");
    if (!prepared) {
        const auto& errors = prepared.error().body.at("errors").as_array();
        require(!errors.empty() && !prepared.error().body.contains("data"), "what is refused has a reason and no data");
        return 0;
    }
    const auto answer = engine().execute(*prepared, {}, nothing);
    require(answer.internal_errors.empty(), "nothing valid fails inside");
    const bool executed = answer.reached == graphql::progress::executed;
    require(executed == answer.body.contains("data"), "what was executed has data");
    require(executed || answer.body.contains("errors"), "what was not has a reason");
    return 0;
}

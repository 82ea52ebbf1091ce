#include "peering/admin/schema.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>

namespace peering::admin {

graphql::schema load_schema() {
    using graphql::written_as;
    auto scalars = graphql::scalars{
        {"UInt8", graphql::unsigned_scalar("UInt8", 255, written_as::number)},
        {"UInt64", graphql::unsigned_scalar("UInt64", std::numeric_limits<std::uint64_t>::max(), written_as::digits)},
        {"JSONObject", graphql::json_object_scalar()}};
    auto schema = graphql::schema::build(schema_text, std::move(scalars));
    if (!schema) throw std::logic_error{"schema.graphql, " + schema.error()};
    return *std::move(schema);
}

}  // namespace peering::admin

#include "peering/graphql/error.hpp"

#include <utility>

namespace peering::graphql {

std::string in_quotes(std::string_view text) {
    return '"' + std::string{text} + '"';
}

boost::json::object to_json(const error& error) {
    auto result = boost::json::object{{"message", error.message}};
    if (!error.locations.empty()) {
        auto locations = boost::json::array{};
        for (const auto [line, column] : error.locations)
            locations.push_back(boost::json::object{{"line", line}, {"column", column}});
        result["locations"] = std::move(locations);
    }
    if (!error.path.empty()) result["path"] = error.path;
    if (!error.code.empty()) result["extensions"] = boost::json::object{{"code", error.code}};
    return result;
}

}  // namespace peering::graphql

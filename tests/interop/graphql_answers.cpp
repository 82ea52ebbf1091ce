#include "peering/admin/schema.hpp"
#include "peering/graphql/engine.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace json = boost::json;
namespace graphql = peering::graphql;

/// Executes documents against the Admin API's schema without resolvers. That is enough to compare validation and
/// introspection with another implementation.
///   graphql_answers FILE    FILE: a JSON list of documents; prints a list of answers, null for a valid document that
///                           asks for more than introspection
int main(int count, char** words) {
    if (count != 2) return 2;
    auto file = std::ifstream{words[1]};
    const auto text = std::string{std::istreambuf_iterator<char>{file}, {}};
    const auto engine = graphql::engine{peering::admin::load_schema(), {}};
    auto nothing = graphql::context{};
    auto answers = json::array{};
    const auto documents = json::parse(text);
    for (const auto& document : documents.as_array()) {
        auto& answer = answers.emplace_back(json::value{});
        const auto prepared = engine.prepare(document.as_string(), "");
        if (!prepared) {
            answer = prepared.error().body;
        } else if (prepared->operation->set.selections.front().name.text == "__schema") {
            answer = engine.execute(*prepared, {}, nothing).body;
        }
    }
    std::cout << json::serialize(answers) << '\n';
    return 0;
}

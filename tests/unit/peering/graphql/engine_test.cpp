#include "peering/graphql/engine.hpp"

#include "peering/admin/schema.hpp"
#include "tests/unit/peering/graphql/support.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>

namespace engine_test {

using namespace graphql_tests;

namespace {

const engine& pets_engine() {
    static const auto engine = graphql::engine{pet_schema(), {}};
    return engine;
}

/// "CODE: MESSAGE" of the first error, and how far the request got.
std::pair<progress, std::string> first_error(std::string_view query, std::string_view operation = "",
                                             const std::string& variables = "{}") {
    auto nothing = context{};
    const auto answer = pets_engine().run(query, operation, json::parse(variables).as_object(), nothing);
    if (!answer.body.contains("errors")) return {answer.reached, ""};
    const auto& error = answer.body.at("errors").at(0);
    return {answer.reached, std::string{error.at("extensions").at("code").as_string()} + ": " +
                                std::string{error.at("message").as_string()}};
}

using result = std::pair<progress, std::string>;

}  // namespace

TEST_CASE("A result says how far its request progressed") {
    CHECK(first_error("{ dog {") ==
          result{progress::refused, "GRAPHQL_PARSE_FAILED: Syntax Error: Expected Name, found <EOF>."});
    CHECK(first_error("{ bird }") ==
          result{progress::refused, "GRAPHQL_VALIDATION_FAILED: Cannot query field \"bird\" on type \"Query\"."});
    CHECK(first_error("query ($a: Int!) { echo(int: $a) }") ==
          result{progress::validated, "BAD_USER_INPUT: Variable \"$a\" of required type \"Int!\" was not provided."});
    CHECK(first_error("{ dog { name } }") == result{progress::executed, ""});
    CHECK(first_error("{ dogs { name } }") ==
          result{progress::executed, "INTERNAL_SERVER_ERROR: Cannot return null for non-nullable field Query.dogs."});
}

TEST_CASE("A request that was not executed has no data") {
    auto nothing = context{};
    CHECK_FALSE(pets_engine().run("{ bird }", "", {}, nothing).body.contains("data"));
    CHECK_FALSE(pets_engine().run("query ($a: Int!) { echo(int: $a) }", "", {}, nothing).body.contains("data"));
}

TEST_CASE("The operation is chosen by its name") {
    const auto* two = "query A { a: dog { name } } mutation B { fail { name } }";
    CHECK_FALSE(pets_engine().prepare(two, "A")->is_mutation());
    CHECK(pets_engine().prepare(two, "B")->is_mutation());
    CHECK(pets_engine().prepare("{ dog { name } }", "")->operation->kind == operation_kind::query);
    const auto code = std::string{"OPERATION_RESOLUTION_FAILURE: "};
    CHECK(first_error(two) ==
          result{progress::refused, code + "Must provide operation name if query contains multiple operations."});
    CHECK(first_error(two, "C") == result{progress::refused, code + "Unknown operation named \"C\"."});
    CHECK(first_error("{ dog { name } }", "A") == result{progress::refused, code + "Unknown operation named \"A\"."});
    CHECK(first_error("subscription { a }") ==
          result{progress::refused, code + "Schema is not configured to execute subscription operation."});
    const auto queries_only = graphql::engine{*schema::build("type Query { a: Int }", {}), {}};
    CHECK(queries_only.prepare("mutation { a }", "").error().body.at("errors").at(0).at("message") ==
          "Schema is not configured to execute mutation operation.");
}

TEST_CASE("A prepared request can be moved, and run more than once") {
    auto prepared = *pets_engine().prepare("query ($a: Int) { echo(int: $a) dog { name } }", "");
    const auto moved = std::move(prepared);
    auto nothing = context{};
    for (int i = 0; i < 2; ++i) CHECK(pets_engine().execute(moved, {{"a", i}}, nothing).reached == progress::executed);
}

TEST_CASE("A resolver for a field that does not exist is refused") {
    const auto none = [](const call&) -> field_result { return nullptr; };
    for (const auto* field : {"Query.bird", "Bird.name", "Query", "Query.", "", "Trick.SIT"})
        CHECK_THROWS_AS((engine{pet_schema(), {{field, none}}}), std::invalid_argument);
    CHECK_NOTHROW(engine{pet_schema(), {{"Query.dog", none}, {"Pet.name", none}}});
}

TEST_CASE("The Admin API's schema is valid") {
    CHECK_NOTHROW(peering::admin::load_schema());
    CHECK(peering::admin::schema_text.find("type Query {") != std::string_view::npos);
}

}  // namespace engine_test

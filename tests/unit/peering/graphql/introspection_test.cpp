#include "peering/graphql/introspection.hpp"

#include "tests/unit/peering/graphql/support.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace introspection_test {

using namespace graphql_tests;

namespace {

std::string response_to(std::string_view query) {
    static const auto engine = graphql::engine{pet_schema(), {}};
    auto nothing = context{};
    const auto body = engine.run(query, "", {}, nothing).body;
    return json::serialize(body.contains("errors") ? json::value(body) : body.at("data"));
}

/// Introspects one type.
std::string about(std::string_view name, const std::string& what) {
    return response_to("{ __type(name: \"" + std::string{name} + "\") { " + what + " } }");
}

}  // namespace

TEST_CASE("A schema names its roots and its directives") {
    CHECK(
        response_to(
            "{ __schema { queryType { name } mutationType { name } subscriptionType { name } description } }") ==
        R"({"__schema":{"queryType":{"name":"Query"},"mutationType":{"name":"Mutation"},"subscriptionType":null,"description":null}})");
    CHECK(
        response_to("{ __schema { directives { name locations isRepeatable args { name type { kind ofType { name } } "
                    "defaultValue } } } }") ==
        R"({"__schema":{"directives":[)"
        R"({"name":"include","locations":["FIELD","FRAGMENT_SPREAD","INLINE_FRAGMENT"],"isRepeatable":false,)"
        R"("args":[{"name":"if","type":{"kind":"NON_NULL","ofType":{"name":"Boolean"}},"defaultValue":null}]},)"
        R"({"name":"skip","locations":["FIELD","FRAGMENT_SPREAD","INLINE_FRAGMENT"],"isRepeatable":false,)"
        R"("args":[{"name":"if","type":{"kind":"NON_NULL","ofType":{"name":"Boolean"}},"defaultValue":null}]},)"
        R"({"name":"deprecated","locations":["FIELD_DEFINITION","ARGUMENT_DEFINITION","INPUT_FIELD_DEFINITION","ENUM_VALUE"],)"
        R"("isRepeatable":false,"args":[{"name":"reason","type":{"kind":"SCALAR","ofType":null},)"
        R"("defaultValue":"\"No longer supported\""}]},)"
        R"({"name":"specifiedBy","locations":["SCALAR"],"isRepeatable":false,)"
        R"("args":[{"name":"url","type":{"kind":"NON_NULL","ofType":{"name":"String"}},"defaultValue":null}]}]}})");
}

TEST_CASE("Each kind of type has its fields, and null for those of others") {
    const auto* all =
        "kind fields { name } interfaces { name } possibleTypes { name } enumValues { name } inputFields { name } "
        "ofType { name }";
    CHECK(
        about("UInt64", all) ==
        R"({"__type":{"kind":"SCALAR","fields":null,"interfaces":null,"possibleTypes":null,"enumValues":null,"inputFields":null,"ofType":null}})");
    CHECK(
        about("Cat", all) ==
        R"({"__type":{"kind":"OBJECT","fields":[{"name":"name"},{"name":"nickname"},{"name":"meowVolume"},{"name":"barkVolume"},{"name":"friend"}],)"
        R"("interfaces":[{"name":"Pet"}],"possibleTypes":null,"enumValues":null,"inputFields":null,"ofType":null}})");
    CHECK(about("Pet", all) ==
          R"({"__type":{"kind":"INTERFACE","fields":[{"name":"name"},{"name":"nickname"}],"interfaces":[],)"
          R"("possibleTypes":[{"name":"Dog"},{"name":"Cat"}],"enumValues":null,"inputFields":null,"ofType":null}})");
    CHECK(
        about("CatOrDog", all) ==
        R"({"__type":{"kind":"UNION","fields":null,"interfaces":null,"possibleTypes":[{"name":"Cat"},{"name":"Dog"}],)"
        R"("enumValues":null,"inputFields":null,"ofType":null}})");
    CHECK(about("Trick", all) == R"({"__type":{"kind":"ENUM","fields":null,"interfaces":null,"possibleTypes":null,)"
                                 R"("enumValues":[{"name":"SIT"},{"name":"DOWN"}],"inputFields":null,"ofType":null}})");
    CHECK(about("DogInput", all) ==
          R"({"__type":{"kind":"INPUT_OBJECT","fields":null,"interfaces":null,"possibleTypes":null,"enumValues":null,)"
          R"("inputFields":[{"name":"name"},{"name":"weight"},{"name":"tricks"},{"name":"friend"}],"ofType":null}})");
    CHECK(about("Bird", all) == R"({"__type":null})");
}

TEST_CASE("Types are wrapped in lists and non-null") {
    CHECK(response_to(
              "{ __type(name: \"Query\") { fields { type { ...t } } } } "
              "fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { "
              "name } } } } }")
              .find(R"({"type":{"kind":"NON_NULL","name":null,"ofType":{"kind":"LIST","name":null,"ofType":)"
                    R"({"kind":"NON_NULL","name":null,"ofType":{"kind":"OBJECT","name":"Dog","ofType":null}}}}})") !=
          std::string::npos);
}

TEST_CASE("Deprecated elements are listed on request") {
    CHECK(about("Trick", "enumValues(includeDeprecated: true) { name isDeprecated deprecationReason }") ==
          R"({"__type":{"enumValues":[{"name":"SIT","isDeprecated":false,"deprecationReason":null},)"
          R"({"name":"DOWN","isDeprecated":false,"deprecationReason":null},)"
          R"({"name":"HEEL","isDeprecated":true,"deprecationReason":"No longer supported"}]}})");
    CHECK(about("Dog", "fields { name }").find("oldName") == std::string::npos);
    CHECK(about("Dog", "fields(includeDeprecated: true) { name deprecationReason }")
              .find(R"({"name":"oldName","deprecationReason":"Use name."})") != std::string::npos);
}

TEST_CASE("Defaults are shown as in a document") {
    CHECK(about("DogInput", "inputFields { name defaultValue }").find(R"({"name":"weight","defaultValue":"5"})") !=
          std::string::npos);
    CHECK(
        about("Query", "fields { name args { name defaultValue } }").find(R"({"name":"needed","defaultValue":"7"})") !=
        std::string::npos);
}

TEST_CASE("Introspection describes itself") {
    CHECK(
        about("__Type", "kind fields { name }").starts_with(R"({"__type":{"kind":"OBJECT","fields":[{"name":"kind"})"));
    CHECK(about("__Meta", "name") == R"({"__type":null})");
    CHECK(response_to("{ __schema { types { name } } }").find("__Meta") == std::string::npos);
    CHECK(response_to("{ __schema { __typename queryType { __typename } } }") ==
          R"({"__schema":{"__typename":"__Schema","queryType":{"__typename":"__Type"}}})");
}

}  // namespace introspection_test

#include "peering/graphql/execute.hpp"

#include "peering/graphql/bounds.hpp"
#include "tests/unit/peering/graphql/support.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace execute_test {

using namespace graphql_tests;

namespace {

struct dog {
    std::string name;
    std::optional<std::string> nickname;
    std::uint64_t weight = 0;
};

struct kennel : context {
    std::vector<std::string> calls;
};

object as_object(const dog& dog) {
    return object::of("Dog", dog);
}

object named(std::string name) {
    return as_object({std::move(name), std::nullopt, 0});
}

field_result rename(const call& call) {
    const auto to = call.args.get<std::string>("to");
    call.with<kennel>().calls.push_back(to);
    if (to == "Cat") return std::unexpected{field_error{"A dog is no cat", "BAD_USER_INPUT"}};
    return named(to);
}

/// Resolvers for two dogs and a cat, with fields that fail in every way.
resolvers pet_resolvers() {
    auto all = resolvers{};
    all["Query.dog"] = [](const call&) -> field_result { return as_object({"Rex", std::nullopt, ~std::uint64_t{0}}); };
    all["Query.pet"] = [](const call&) -> field_result { return as_object({"Rex", "R", 1}); };
    all["Query.cat"] = [](const call&) -> field_result { return object{"Cat", {{"name", "Tom"}, {"meowVolume", 3}}}; };
    all["Query.catOrDog"] = all["Query.cat"];
    all["Query.echo"] = [](const call& call) -> field_result { return call.args.json(); };
    all["Query.dogs"] = [](const call& call) -> field_result {
        auto result = value::list{};
        for (int i = 0; i < call.args.find<int>("first").value_or(0); ++i)
            result.push_back(named(i == 1 ? "" : "dog " + std::to_string(i)));
        return result;
    };
    all["Query.maybeDogs"] = [](const call&) -> field_result {
        return value::list{named("a"), nullptr, named(""), named("d")};
    };
    all["Query.findDog"] = [](const call& call) -> field_result {
        const auto which = call.args.get<arguments>("which");
        return as_object({which.get<std::string>("name"), {}, which.find<std::uint64_t>("weight").value_or(99)});
    };
    all["Dog.name"] = [](const call& call) -> field_result {
        const auto& name = call.of<dog>().name;
        return name.empty() ? value{} : value{name};
    };
    all["Dog.nickname"] = reading<dog>(&dog::nickname);
    all["Dog.weight"] = reading<dog>(&dog::weight);
    all["Dog.isHouseTrained"] = [](const call&) -> field_result {
        throw std::runtime_error{"SELECT secret FROM dogs"};
    };
    all["Dog.barkVolume"] = [](const call&) -> field_result {
        return std::unexpected{field_error{"Too loud", "FORBIDDEN"}};
    };
    all["Dog.knows"] = [](const call& call) -> field_result { return call.args.get<std::string>("trick") == "SIT"; };
    all["Dog.friend"] = [](const call&) -> field_result { return object{"Query"}; };
    all["Dog.mother"] = [](const call&) -> field_result { return named(""); };
    all["Mutation.rename"] = rename;
    all["Mutation.fail"] = [](const call& call) -> field_result {
        call.with<kennel>().calls.emplace_back("fail");
        return std::unexpected{field_error{"No", "CONFLICT"}};
    };
    return all;
}

execution_result run(std::string_view query, const std::string& variables = "{}", kennel* where = nullptr) {
    static const auto engine = graphql::engine{pet_schema(), pet_resolvers()};
    auto here = kennel{};
    return engine.run(query, "", json::parse(variables).as_object(), where == nullptr ? here : *where);
}

std::string answered(std::string_view query, const std::string& variables = "{}") {
    return json::serialize(run(query, variables).body);
}

/// The data of an answer that has no errors.
std::string data(std::string_view query, const std::string& variables = "{}") {
    const auto body = run(query, variables).body;
    return body.contains("errors") ? json::serialize(body) : json::serialize(body.at("data"));
}

}  // namespace

TEST_CASE("Fields are answered by their resolvers, or from their object's members") {
    CHECK(data("{ dog { name nickname weight } }") ==
          R"({"dog":{"name":"Rex","nickname":null,"weight":"18446744073709551615"}})");
    CHECK(data("{ cat { name meowVolume barkVolume nickname } }") ==
          R"({"cat":{"name":"Tom","meowVolume":3,"barkVolume":null,"nickname":null}})");
}

TEST_CASE("A result has the names and the order of the request") {
    CHECK(data("{ b: dog { z: name a: name } a: dog { name } b: dog { nickname } }") ==
          R"({"b":{"z":"Rex","a":"Rex","nickname":null},"a":{"name":"Rex"}})");
}

TEST_CASE("Fragments apply to the types that they are on") {
    CHECK(data("{ pet { __typename ...d ... on Cat { meowVolume } ... on Pet { nickname } ... { n: name } } } "
               "fragment d on Dog { weight ...p } fragment p on Pet { name }") ==
          R"({"pet":{"__typename":"Dog","weight":"1","name":"Rex","nickname":"R","n":"Rex"}})");
    CHECK(data("{ catOrDog { ... on CatOrDog { ... on Cat { name } ... on Dog { weight } } } }") ==
          R"({"catOrDog":{"name":"Tom"}})");
}

TEST_CASE("Skip and include leave out fields and fragments") {
    CHECK(data("{ dog { name @skip(if: true) nickname @include(if: false) weight @skip(if: false) @include(if: true) } "
               "}") == R"({"dog":{"weight":"18446744073709551615"}})");
    CHECK(data("{ dog { ...f @skip(if: true) ... @include(if: false) { nickname } knows(trick: SIT) } } fragment f on "
               "Dog { name }") == R"({"dog":{"knows":true}})");
    const auto* query =
        "query ($a: Boolean!, $b: Boolean = true) { dog { name @include(if: $a) nickname @skip(if: $b) } }";
    CHECK(data(query, R"({"a": false})") == R"({"dog":{}})");
    CHECK(data(query, R"({"a": true, "b": false})") == R"({"dog":{"name":"Rex","nickname":null}})");
    CHECK(data("{ dog { name @skip(if: true) @include(if: true) name } }") == R"({"dog":{"name":"Rex"}})");
    // A fragment that was skipped once may be used again.
    CHECK(data("{ dog { ...f @skip(if: true) ...f } } fragment f on Dog { name }") == R"({"dog":{"name":"Rex"}})");
}

TEST_CASE("Resolvers read arguments as they are typed") {
    CHECK(data("{ findDog(which: {name: \"A\"}) { name weight } }") == R"({"findDog":{"name":"A","weight":"5"}})");
    CHECK(data("{ findDog(which: {name: \"A\", weight: null}) { weight } }") == R"({"findDog":{"weight":"99"}})");
    CHECK(data("query ($d: DogInput!) { findDog(which: $d) { name weight } }",
               R"({"d": {"name": "B", "weight": "7"}})") == R"({"findDog":{"name":"B","weight":"7"}})");
    CHECK(data("{ dog { sit: knows(trick: SIT) down: knows(trick: DOWN) } }") ==
          R"({"dog":{"sit":true,"down":false}})");
    CHECK(data("{ echo(int: 1, large: \"2\") }") == R"({"echo":{"int":1,"large":2,"needed":7}})");
}

TEST_CASE("Absent, null and given arguments are distinguished") {
    const auto values =
        json::parse(R"({"a": null, "b": 1, "list": ["x", "y"], "small": 255, "flag": true})").as_object();
    const auto args = arguments{values};
    CHECK(args.has("a"));
    CHECK_FALSE(args.find<int>("a"));
    CHECK_FALSE(args.has("c"));
    CHECK_FALSE(args.find<int>("c"));
    CHECK(args.find<int>("b") == 1);
    CHECK(args.get<std::vector<std::string>>("list") == std::vector<std::string>{"x", "y"});
    CHECK(args.get<std::uint8_t>("small") == 255);
    CHECK(args.get<bool>("flag"));
    CHECK_THROWS(args.get<std::int8_t>("small"));
    CHECK_THROWS(args.get<int>("c"));
}

TEST_CASE("A refusal becomes an error with code and path, and its field is null") {
    CHECK(answered("{ dog { name loud: barkVolume } }") ==
          R"({"errors":[{"message":"Too loud","locations":[{"line":1,"column":14}],"path":["dog","loud"],)"
          R"("extensions":{"code":"FORBIDDEN"}}],"data":{"dog":{"name":"Rex","loud":null}}})");
    CHECK(run("{ dog { barkVolume } }").reached == progress::executed);
}

TEST_CASE("Null in a non-null place makes the enclosing value null") {
    // Dog.name of the second dog is null in [Dog!]!, so null propagates to the root.
    CHECK(answered("{ dogs { name } }") ==
          R"({"errors":[{"message":"Cannot return null for non-nullable field Dog.name.",)"
          R"("locations":[{"line":1,"column":10}],"path":["dogs",1,"name"],)"
          R"("extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":null})");
    // In [Dog], null propagates to the element.
    CHECK(answered("{ maybeDogs { n: name } dog { name } }") ==
          R"({"errors":[{"message":"Cannot return null for non-nullable field Dog.name.",)"
          R"("locations":[{"line":1,"column":15}],"path":["maybeDogs",2,"n"],)"
          R"("extensions":{"code":"INTERNAL_SERVER_ERROR"}}],)"
          R"("data":{"maybeDogs":[{"n":"a"},null,null,{"n":"d"}],"dog":{"name":"Rex"}}})");
    // It propagates through two non-null fields to a nullable one.
    CHECK(run("{ dog { mother { name } } }").body.at("data") == json::value{{"dog", nullptr}});
    CHECK(run("{ dogs(first: 1) { name } }").body.contains("errors") == false);
}

TEST_CASE("Exceptions of resolvers go to the log and not to the client") {
    const auto result = run("{ dog { isHouseTrained } }");
    CHECK(json::serialize(result.body).find("SELECT") == std::string::npos);
    CHECK(result.body.at("errors").at(0).at("message") == "Internal server error");
    CHECK(result.body.at("errors").at(0).at("extensions").at("code") == "INTERNAL_SERVER_ERROR");
    REQUIRE(result.internal_errors.size() == 1);
    CHECK(result.internal_errors.front() == "Dog.isHouseTrained: SELECT secret FROM dogs");
}

TEST_CASE("A resolver whose result does not match its type is an internal error") {
    const auto result = run("{ dog { friend { name } } }");
    CHECK(result.body.at("data") == json::value{{"dog", {{"friend", nullptr}}}});
    REQUIRE(result.internal_errors.size() == 1);
    CHECK(result.internal_errors.front() == "Dog.friend: Expected an object of type Pet.");

    const auto wrong = [](value given, std::string_view query) {
        auto all = resolvers{};
        all["Query.dogs"] = all["Query.dog"] =
            all["Query.echo"] = [given](const call&) -> field_result { return given; };
        all["Query.cat"] = [given](const call&) -> field_result { return object{"Cat", {{"meowVolume", given}}}; };
        auto nothing = context{};
        const auto answer = graphql::engine{pet_schema(), all}.run(query, "", {}, nothing);
        return answer.internal_errors.empty() ? "" : answer.internal_errors.front();
    };
    CHECK(wrong(1, "{ dogs { name } }") == "Query.dogs: Expected a list.");
    CHECK(wrong(1, "{ dog { name } }") == "Query.dog: Expected an object of type Dog.");
    CHECK(wrong(value::list{}, "{ dog { name } }") == "Query.dog: Expected an object of type Dog.");
    CHECK(wrong(object{"Dog"}, "{ echo }") == "Query.echo: Expected a value of type JSONObject.");
    CHECK(wrong("a", "{ cat { meowVolume } }") == "Cat.meowVolume: Int cannot represent non-integer value: \"a\"");
}

TEST_CASE("An object read as another C++ type is an internal error") {
    auto all = pet_resolvers();
    all["Query.dog"] = [](const call&) -> field_result { return object::of("Dog", 5); };
    auto here = kennel{};
    const auto result = graphql::engine{pet_schema(), all}.run("{ dog { name } }", "", {}, here);
    REQUIRE(result.internal_errors.size() == 1);
    CHECK(result.internal_errors.front().starts_with("Dog.name: an object of type Dog is read as"));
}

TEST_CASE("An object may share its source") {
    auto all = pet_resolvers();
    const auto rex = std::make_shared<const dog>(dog{"shared", std::nullopt, 0});
    all["Query.dog"] = [rex](const call&) -> field_result { return object::sharing("Dog", rex); };
    auto here = kennel{};
    const auto result = graphql::engine{pet_schema(), all}.run("{ dog { name } }", "", {}, here);
    CHECK(result.body.at("data") == json::value{{"dog", {{"name", "shared"}}}});
}

TEST_CASE("Mutations run in their order until one makes the whole result null") {
    auto where = kennel{};
    run("mutation { c: rename(to: \"C\") { name } fail { name } a: rename(to: \"A\") { name } }", "{}", &where);
    CHECK(where.calls == std::vector<std::string>{"C", "fail", "A"});
    where.calls.clear();
    const auto result =
        run("mutation { a: rename(to: \"A\") { name } b: rename(to: \"Cat\") { name } c: rename(to: \"C\") { name } }",
            "{}", &where);
    CHECK(where.calls == std::vector<std::string>{"A", "Cat"});
    CHECK(result.body.at("data").is_null());
    CHECK(result.body.at("errors").at(0).at("message") == "A dog is no cat");
}

TEST_CASE("Null for an argument that must not be null is an error of its field alone") {
    CHECK(answered("query ($t: Trick = SIT) { dog { name } d: dog { knows(trick: $t) } }", R"({"t": null})") ==
          R"({"errors":[{"message":"Argument \"trick\" of non-null type \"Trick!\" must not be null.",)"
          R"("locations":[{"line":1,"column":62}],"path":["d","knows"],"extensions":{"code":"BAD_USER_INPUT"}}],)"
          R"("data":{"dog":{"name":"Rex"},"d":null}})");
}

TEST_CASE("The size of a result is bounded") {
    auto all = pet_resolvers();
    all["Query.dogs"] = [](const call&) -> field_result {
        auto result = value::list{};
        for (std::size_t i = 0; i < answer_values_max; ++i) result.push_back(named("a"));
        return result;
    };
    auto here = kennel{};
    const auto engine = graphql::engine{pet_schema(), all};
    const auto result = engine.run("{ dogs { name } }", "", {}, here);
    CHECK(result.body.at("data").is_null());
    REQUIRE(result.body.at("errors").as_array().size() == 1);
    CHECK(result.body.at("errors").at(0).at("message") == "The answer has more than 200000 values.");
}

TEST_CASE("An answer is bounded in bytes, whatever they are made of") {
    const auto count = 2000;
    const auto text = std::string(answer_size_max / count, 'a');
    auto all = pet_resolvers();
    all["Query.dogs"] = [&](const call&) -> field_result {
        auto result = value::list{};
        for (int i = 0; i < count; ++i) result.push_back(named(text));
        return result;
    };
    auto here = kennel{};
    const auto texts = graphql::engine{pet_schema(), all};
    const auto too_large =
        std::string{"The answer has more than 16777216 bytes: ask for fewer fields or smaller pages."};
    const auto expect_too_large = [&](const execution_result& given) {
        CHECK(given.body.at("data").is_null());
        REQUIRE(given.body.at("errors").as_array().size() == 1);
        CHECK(given.body.at("errors").at(0).at("message") == json::string_view{too_large});
    };
    expect_too_large(texts.run("{ dogs { name } }", "", {}, here));

    // A long alias in each of many elements.
    all["Query.dogs"] = [](const call&) -> field_result {
        auto result = value::list{};
        for (std::size_t i = 0; i < answer_values_max / 3; ++i) result.push_back(named("a"));
        return result;
    };
    const auto alias = std::string(name_size_max, 'a');
    const auto aliases = graphql::engine{pet_schema(), all};
    expect_too_large(aliases.run("{ dogs { " + alias + ": name } }", "", {}, here));
    CHECK(aliases.run("{ dogs { a: name } }", "", {}, here).body.at("data").is_object());

    // Errors, each of which names the path.
    all["Dog.nickname"] = [](const call&) -> field_result {
        return std::unexpected{field_error{std::string(1000, 'a'), "BAD_USER_INPUT"}};
    };
    expect_too_large(graphql::engine{pet_schema(), all}.run("{ dogs { nickname } }", "", {}, here));
}

}  // namespace execute_test

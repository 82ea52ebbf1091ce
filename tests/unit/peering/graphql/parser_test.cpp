#include "peering/graphql/parser.hpp"

#include "peering/graphql/bounds.hpp"
#include "tests/unit/peering/graphql/support.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace parser_test {

using namespace graphql_tests;

TEST_CASE("An operation has a kind, a name, variables, directives and selections") {
    const auto document = parsed(R"(
        mutation Change($a: [Int!]! = [1, 2] @x, $b: String) @y(z: $b) {
            other: field(list: [$a, null], object: {text: "t", flag: true, enum: UP, number: -1.5}) @skip(if: false) { inner }
            ...Named @x
            ... on Type { a }
            ... @x { b }
        })");
    REQUIRE(document.operations.size() == 1);
    const auto& operation = document.operations.front();
    CHECK(operation.kind == operation_kind::mutation);
    CHECK(operation.name.text == "Change");
    CHECK(operation.at == location{2, 9});
    REQUIRE(operation.variables.size() == 2);
    CHECK(operation.variables[0].name.text == "a");
    CHECK(operation.variables[0].type.name.text == "Int");
    CHECK(operation.variables[0].type.wrappers == std::vector{wrapper::non_null, wrapper::list, wrapper::non_null});
    CHECK(to_string(*operation.variables[0].default_value) == "[1, 2]");
    CHECK(operation.variables[0].directives.size() == 1);
    CHECK_FALSE(operation.variables[1].default_value);
    CHECK(operation.directives.front().arguments.front().value.kind == literal_kind::variable);

    const auto& selections = operation.set.selections;
    REQUIRE(selections.size() == 4);
    CHECK(selections[0].name.text == "field");
    CHECK(selections[0].response_name() == "other");
    CHECK(selections[0].at == location{3, 13});
    CHECK(selections[0].name.at == location{3, 20});
    CHECK(to_string(selections[0].arguments[0].value) == "[$a, null]");
    CHECK(to_string(selections[0].arguments[1].value) == R"({text: "t", flag: true, enum: UP, number: -1.5})");
    CHECK(selections[0].set.selections.front().response_name() == "inner");
    CHECK(selections[1].kind == selection_kind::fragment_spread);
    CHECK(selections[1].name.text == "Named");
    CHECK(selections[2].kind == selection_kind::inline_fragment);
    CHECK(selections[2].name.text == "Type");
    CHECK(selections[3].name.text.empty());
    CHECK(selections[3].directives.size() == 1);
}

TEST_CASE("Braces alone are a query, and a document may contain many definitions") {
    const auto document = parsed("{ a } query B { b } subscription { c } fragment F on T @x { d }");
    REQUIRE(document.operations.size() == 3);
    CHECK(document.operations[0].kind == operation_kind::query);
    CHECK(document.operations[0].name.text.empty());
    CHECK(document.operations[2].kind == operation_kind::subscription);
    REQUIRE(document.fragments.size() == 1);
    CHECK(document.fragments[0].name.text == "F");
    CHECK(document.fragments[0].type.text == "T");
}

TEST_CASE("Keywords are names where the grammar expects a name") {
    CHECK(
        mistake_in("query query { fragment on: on(query: type) true: null ...mutation } fragment mutation on on { a }")
            .empty());
}

TEST_CASE("A printed literal parses to the same literal") {
    for (const auto* text : {"1", "-1.5e10", "true", "null", "UP", "$a", R"("a\"b\\c\nd\u0001")", "[]", "[[1], [2, 3]]",
                             "{}", "{a: {b: [1]}, c: \"\"}"}) {
        const auto document = parsed("{ a(b: " + std::string{text} + ") }");
        CHECK(to_string(document.operations.front().set.selections.front().arguments.front().value) == text);
    }
}

TEST_CASE("A schema's text has types, directives and roots") {
    const auto document = parsed(R"(
        "The schema" schema { query: Q mutation: M }
        """
        A type
        """
        type T implements & A & B @x(y: 1) { "A field" f("An argument" a: [Int!]! = [1] @x, b: Int): String! @deprecated }
        interface A implements B { f: Int }
        union U = | T | V
        enum E { "One" ONE TWO @deprecated(reason: "no") }
        input I { a: Int = 1, b: [I!] }
        scalar S @specifiedBy(url: "u")
        "A directive" directive @x(y: Int = 2) repeatable on | FIELD | QUERY
        type Empty
    )");
    REQUIRE(document.schemas.size() == 1);
    CHECK(document.schemas[0].roots[1].type.text == "M");
    REQUIRE(document.types.size() == 7);
    const auto& type = document.types[0];
    CHECK(type.description == "A type");
    CHECK(type.at == location{6, 9});
    CHECK(type.interfaces.size() == 2);
    CHECK(type.fields[0].description == "A field");
    CHECK(type.fields[0].arguments[0].description == "An argument");
    CHECK(to_string(*type.fields[0].arguments[0].default_value) == "[1]");
    CHECK(document.types[1].kind == type_kind::interface);
    CHECK(document.types[2].members.size() == 2);
    CHECK(document.types[3].values[0].description == "One");
    CHECK(document.types[4].inputs.size() == 2);
    CHECK(document.types[5].kind == type_kind::scalar);
    REQUIRE(document.directives.size() == 1);
    CHECK(document.directives[0].repeatable);
    CHECK(document.directives[0].locations.size() == 2);
}

TEST_CASE("The first mistake is named with its place") {
    CHECK(mistake_in("") == "1:1 Syntax Error: Unexpected <EOF>.");
    CHECK(mistake_in("{") == "1:2 Syntax Error: Expected Name, found <EOF>.");
    CHECK(mistake_in("{ a } foo") == "1:7 Syntax Error: Unexpected Name \"foo\".");
    CHECK(mistake_in("{\n  a {}\n}") == "2:6 Syntax Error: Expected Name, found \"}\".");
    CHECK(mistake_in("{ a(b: ) }") == "1:8 Syntax Error: Unexpected \")\".");
    CHECK(mistake_in("{ a(b 1) }") == "1:7 Syntax Error: Expected \":\", found Int \"1\".");
    CHECK(mistake_in("{ ...on }") == "1:9 Syntax Error: Expected Name, found \"}\".");
    CHECK(mistake_in("fragment on on T { a }") == "1:10 Syntax Error: Unexpected Name \"on\".");
    CHECK(mistake_in("fragment F T { a }") == "1:12 Syntax Error: Expected \"on\", found Name \"T\".");
    CHECK(mistake_in("query ($a: Int = $b) { a }") ==
          "1:18 Syntax Error: Unexpected variable \"$b\" in constant value.");
    CHECK(mistake_in("query ($a Int) { a }") == "1:11 Syntax Error: Expected \":\", found Name \"Int\".");
    CHECK(mistake_in("{ a ? }") == "1:5 Syntax Error: Unexpected character: \"?\".");
    CHECK(mistake_in("{ } ?") == "1:3 Syntax Error: Expected Name, found \"}\".");
    CHECK(mistake_in("extend type T { a: Int }") == "1:1 Syntax Error: Unexpected Name \"extend\".");
    CHECK(parse("{").error().code == code::parse_failed);
}

TEST_CASE("Nesting is bounded, of every kind") {
    const auto repeated = [](std::string_view text, std::size_t count) {
        auto result = std::string{};
        while (count-- > 0) result += text;
        return result;
    };
    const auto selections = [&](std::size_t depth) { return repeated("{a", depth) + repeated("}", depth); };
    const auto lists = [&](std::size_t depth) { return "{a(b:" + repeated("[", depth) + repeated("]", depth) + ")}"; };
    const auto objects = [&](std::size_t depth) {
        return "{a(b:" + repeated("{c:", depth) + "1" + repeated("}", depth) + ")}";
    };
    const auto types = [&](std::size_t depth) {
        return "query($a:" + repeated("[", depth) + "T" + repeated("]", depth) + "){a}";
    };
    const auto message = "Syntax Error: Document is nested more than 32 levels deep.";
    CHECK(mistake_in(selections(nesting_max)).empty());
    CHECK(mistake_in(selections(nesting_max + 1)).ends_with(message));
    CHECK(mistake_in(lists(nesting_max - 1)).empty());
    CHECK(mistake_in(lists(nesting_max)).ends_with(message));
    CHECK(mistake_in(objects(nesting_max - 1)).empty());
    CHECK(mistake_in(objects(nesting_max)).ends_with(message));
    CHECK(mistake_in(types(nesting_max - 1)).empty());
    CHECK(mistake_in(types(nesting_max)).ends_with(message));
    for (const auto* open : {"{a", "{a(b:[", "{a(b:{c:", "query($a:["})
        CHECK_FALSE(mistake_in(repeated(open, 9000 / std::string_view{open}.size())).empty());
}

}  // namespace parser_test

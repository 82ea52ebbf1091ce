#include "peering/graphql/page_cost.hpp"

#include "peering/graphql/bounds.hpp"
#include "tests/unit/peering/graphql/support.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace page_cost_test {

using namespace graphql_tests;

namespace {

constexpr std::string_view shelves = R"(
type Query { shelves(first: Int, last: Int): Shelves! sums(limit: Int = 20): [Int!] one: Shelf }
type Mutation { add(first: Int): Shelf }
interface Holder { shelves(first: Int): Shelves! }
type Shelves { edges: [Edge!]! pageInfo: String }
type Edge { node: Shelf! }
type Shelf implements Holder { name: String shelves(first: Int): Shelves! books(first: Int = 3): [String!] holder: Holder }
)";

const engine& shelf_engine() {
    static int shelves_read = 0;
    static const auto engine = graphql::engine{
        schema::build(shelves, {}).value(),
        {{"Mutation.add", [](const call&) -> field_result { return ++shelves_read, nullptr; }},
         {"Query.one",
          [](const call&) -> field_result { return shelves_read == 0 ? value{} : value{object{"Shelf"}}; }}}};
    return engine;
}

std::size_t cost(std::string_view query, const std::string& variables = "{}") {
    const auto prepared = shelf_engine().prepare(query, "");
    if (!prepared) throw std::logic_error{json::serialize(prepared.error().body)};
    return page_cost(shelf_engine().schema(), *prepared->source, *prepared->operation,
                     json::parse(variables).as_object());
}

}  // namespace

TEST_CASE("A page costs as many nodes as it may have") {
    CHECK(cost("{ one { name } }") == 0);
    CHECK(cost("{ shelves { pageInfo } }") == page_size_default);
    CHECK(cost("{ shelves(first: 7) { edges { node { name } } } }") == 7);
    CHECK(cost("{ shelves(last: 8) { pageInfo } }") == 8);
    CHECK(cost("{ shelves(first: 7, last: 8) { pageInfo } }") == 8);
    CHECK(cost("{ sums }") == 20);
    CHECK(cost("{ sums(limit: 1000) }") == 1000);
    CHECK(cost("{ one { books } }") == 3);
    CHECK(cost("{ shelves(first: 0) { edges { node { shelves { pageInfo } } } } }") == 0);
    for (const auto* none : {"-1", "null"})
        CHECK(cost("{ shelves(first: " + std::string{none} + ") { pageInfo } }") == page_size_default);
    CHECK(cost("query ($n: Int = 6) { shelves(first: $n) { pageInfo } }", R"({"n": 5})") == 5);
    CHECK(cost("mutation { add(first: 9) { name } }") == 9);
}

TEST_CASE("A page above the largest size is refused by its resolver, and costs as much as the largest") {
    CHECK(cost("{ shelves(first: 100) { pageInfo } }") == 100);
    CHECK(cost("{ shelves(first: 101) { pageInfo } }") == 100);
    CHECK(cost("{ shelves(first: 2147483647) { pageInfo } }") == 100);
    CHECK(cost("{ sums(limit: 2147483647) }") == page_nodes_max + 1);
}

TEST_CASE("Nested pages multiply, others add up") {
    CHECK(cost("{ a: shelves(first: 7) { pageInfo } b: shelves(first: 8) { pageInfo } }") == 7 + 8);
    CHECK(
        cost("{ shelves(first: 7) { edges { node { shelves(first: 8) { edges { node { books(first: 9) } } } } } } }") ==
        7 + 7 * 8 + 7 * 8 * 9);
    CHECK(cost("{ one { ...on Shelf { ... { books } } holder { ...F } ...F } } "
               "fragment F on Holder { shelves(first: 5) { edges { node { ...G } } } } "
               "fragment G on Shelf { books(first: 2) }") == 3 + 2 * (5 + 5 * 2));
    auto deep = std::string{"name"};
    for (int i = 0; i < 6; ++i) deep = "shelves(first: 100) { edges { node { " + deep + " } } }";
    CHECK(cost("{ " + deep + " }") == page_nodes_max + 1);
}

TEST_CASE("A document that asks for too many nodes is not executed") {
    const auto adding = [](int first) {
        auto nothing = context{};
        const auto pages =
            "shelves(first: 50) { edges { node { shelves(first: " + std::to_string(first) + ") { pageInfo } } } }";
        return shelf_engine().run("mutation { add(first: 50) { " + pages + " } }", "", {}, nothing);
    };
    // 50 + 50 * 50 + 50 * 50 * first
    auto nothing = context{};
    const auto refused = adding(1);
    CHECK(refused.reached == progress::validated);
    CHECK(
        json::serialize(refused.body) ==
        R"({"errors":[{"message":"The document asks for more than 5000 nodes, because nested pages multiply: request smaller pages.",)"
        R"("locations":[{"line":1,"column":1}],"extensions":{"code":"BAD_USER_INPUT"}}]})");
    CHECK(json::serialize(shelf_engine().run("{ one { name } }", "", {}, nothing).body) == R"({"data":{"one":null}})");
    CHECK(shelf_engine()
              .run("mutation { add(first: 50) { shelves(first: 99) { pageInfo } } }", "", {}, nothing)
              .reached == progress::executed);
}

}  // namespace page_cost_test

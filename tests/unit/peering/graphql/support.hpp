#pragma once

#include "peering/graphql/engine.hpp"
#include "peering/graphql/parser.hpp"
#include "peering/graphql/schema.hpp"
#include "peering/graphql/validate.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

/// A small world for the engine: dogs and cats, as in the examples of the specification.
namespace graphql_tests {

namespace graphql = peering::graphql;
using namespace peering::graphql;
namespace json = boost::json;

inline constexpr std::string_view pets = R"(
scalar UInt8
scalar UInt64
scalar JSONObject

type Query {
  dog: Dog
  cat: Cat
  pet: Pet
  catOrDog: CatOrDog
  dogs(first: Int = 2, tricks: [Trick!]): [Dog!]!
  maybeDogs: [Dog]
  findDog(which: DogInput!): Dog
  echo(
    int: Int, float: Float, string: String, boolean: Boolean, id: ID, small: UInt8, large: UInt64, object: JSONObject,
    trick: Trick, ints: [Int], table: [[Int!]!], dog: DogInput, needed: Int! = 7
  ): JSONObject!
}

type Mutation {
  rename(to: String!): Dog!
  fail: Dog
}

interface Pet { name: String! nickname: String }

type Dog implements Pet {
  name: String!
  nickname: String
  barkVolume: Int
  weight: UInt64
  knows(trick: Trick!): Boolean!
  isHouseTrained(atOtherHomes: Boolean): Boolean!
  friend: Pet
  mother: Dog!
  oldName: String @deprecated(reason: "Use name.")
}

type Cat implements Pet { name: String! nickname: String meowVolume: Int barkVolume: String friend: Pet }

union CatOrDog = Cat | Dog

enum Trick { SIT DOWN HEEL @deprecated }

input DogInput { name: String! weight: UInt64 = 5 tricks: [Trick!] friend: DogInput }
)";

inline scalars pet_scalars() {
    return {{"UInt8", unsigned_scalar("UInt8", 255, written_as::number)},
            {"UInt64", unsigned_scalar("UInt64", ~std::uint64_t{0}, written_as::digits)},
            {"JSONObject", json_object_scalar()}};
}

inline schema pet_schema() {
    auto built = schema::build(pets, pet_scalars());
    if (!built) throw std::logic_error{built.error()};
    return *std::move(built);
}

inline document parsed(std::string_view text) {
    auto result = parse(text);
    if (!result) throw std::logic_error{result.error().message};
    return *std::move(result);
}

/// "LINE:COLUMN MESSAGE".
inline std::string to_text(const error& error) {
    auto result = std::string{};
    for (const auto& [line, column] : error.locations)
        result += std::to_string(line) + ":" + std::to_string(column) + " ";
    return result + error.message;
}

/// The mistake in a document that cannot be parsed, or empty if it can.
inline std::string mistake_in(std::string_view text) {
    const auto result = parse(text);
    return result ? "" : to_text(result.error());
}

/// All faults found by validation, or empty for a valid document.
inline std::string faults(std::string_view text) {
    static const auto schema = pet_schema();
    const auto document = parsed(text);
    auto result = std::string{};
    for (const auto& error : validate(schema, document)) result += (result.empty() ? "" : "\n") + to_text(error);
    return result;
}

}  // namespace graphql_tests

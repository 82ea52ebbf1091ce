#pragma once

#include "peering/graphql/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peering::graphql {

enum class token_kind : std::uint8_t { punctuator, name, integer, floating, string, block_string, end, invalid };

struct token {
    token_kind kind = token_kind::end;
    std::string text;  ///< as it is written; of a string what it means; of an invalid token what is wrong with it
    location at;
};

/// The text's tokens (section 2.1 of the specification). The last one is `end`, or `invalid` where the text stops being
/// GraphQL: a parser that finds a mistake further left reports that one.
std::vector<token> tokenize(std::string_view text);

/// How messages name a token: `Name "x"`, `"{"`, `<EOF>`.
std::string describe(const token& token);

}  // namespace peering::graphql

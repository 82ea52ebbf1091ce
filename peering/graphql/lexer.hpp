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
    std::string text;  ///< source text; for a string its value; for an invalid token the error
    location at;
};

/// Splits the text into tokens (section 2.1 of the specification). The last token is `end`, or `invalid` where the text
/// stops being GraphQL; a parser that finds an earlier mistake reports that one instead.
std::vector<token> tokenize(std::string_view text);

/// Names a token in messages: `Name "x"`, `"{"`, `<EOF>`.
std::string describe(const token& token);

}  // namespace peering::graphql

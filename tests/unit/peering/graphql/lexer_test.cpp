#include "peering/graphql/lexer.hpp"

#include "peering/graphql/bounds.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace lexer_test {

using namespace peering::graphql;
using namespace std::string_literals;

namespace {

/// The tokens as messages name them; for an invalid one, its position and the reason.
std::string tokens(std::string_view text) {
    auto result = ""s;
    for (const auto& token : tokenize(text)) {
        if (!result.empty()) result += ' ';
        if (token.kind == token_kind::invalid)
            result += std::to_string(token.at.line) + ":" + std::to_string(token.at.column) + " ";
        result += describe(token);
    }
    return result;
}

/// The value of the only string in the text.
std::string meaning(std::string_view text) {
    const auto all = tokenize(text);
    const bool is_string = all.front().kind == token_kind::string || all.front().kind == token_kind::block_string;
    return is_string && all.size() == 2 ? all.front().text : "no string: " + tokens(text);
}

}  // namespace

TEST_CASE("A document consists of names, numbers, strings and punctuators") {
    CHECK(tokens("query Q_1($a: [Int!] = -1) @x { ...F | & }") ==
          R"x(Name "query" Name "Q_1" "(" "$" Name "a" ":" "[" Name "Int" "!" "]" "=" Int "-1" ")" "@" Name "x" )x"
          R"x("{" "..." Name "F" "|" "&" "}" <EOF>)x");
    CHECK(tokens("") == "<EOF>");
}

TEST_CASE("A name is not longer than it needs to be") {
    const auto longest = std::string(name_size_max, 'a');
    CHECK(tokens(longest) == "Name \"" + longest + "\" <EOF>");
    CHECK(tokens("{ " + longest + "a") == R"("{" 1:3 A name has more than 255 characters.)");
}

TEST_CASE("Commas, blanks, line ends, comments and byte order marks separate tokens and mean nothing") {
    CHECK(tokens("\xef\xbb\xbf,a,\t b # c d\r\ne\r#\nf\xef\xbb\xbf") == R"(Name "a" Name "b" Name "e" Name "f" <EOF>)");
}

TEST_CASE("Each line end counts once, and a character is one column whatever its size") {
    const auto all = tokenize("a\nb\r\nc\rd \"\xc3\xa9\xf0\x9f\x98\x80\" e");
    REQUIRE(all.size() == 7);
    CHECK(all[0].at == location{1, 1});
    CHECK(all[1].at == location{2, 1});
    CHECK(all[2].at == location{3, 1});
    CHECK(all[3].at == location{4, 1});
    CHECK(all[5].at == location{4, 8});
}

TEST_CASE("Numbers are integers or have a fraction or an exponent") {
    for (const auto* number : {"0", "-0", "9", "-10", "123456789012345678901234567890"})
        CHECK(tokens(number) == "Int \""s + number + "\" <EOF>");
    for (const auto* number : {"0.0", "-1.5", "1e3", "1E+3", "1.25e-10"})
        CHECK(tokens(number) == "Float \""s + number + "\" <EOF>");
    CHECK(tokens("00") == "1:2 Invalid number, unexpected digit after 0: \"0\".");
    CHECK(tokens("1.") == "1:3 Invalid number, expected digit but got: <EOF>.");
    CHECK(tokens("1.a") == "1:3 Invalid number, expected digit but got: \"a\".");
    CHECK(tokens("1e") == "1:3 Invalid number, expected digit but got: <EOF>.");
    CHECK(tokens("-") == "1:2 Invalid number, expected digit but got: <EOF>.");
    CHECK(tokens("1a") == "1:2 Invalid number, expected digit but got: \"a\".");
    CHECK(tokens("1.2.3") == "1:4 Invalid number, expected digit but got: \".\".");
}

TEST_CASE("Strings have escapes") {
    CHECK(meaning(R"("")").empty());
    CHECK(meaning(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(meaning(R"("\u0041\u00e9\u20AC\uD83D\uDE00\u{1F600}\u{41}")") ==
          "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf0\x9f\x98\x80"s + "A");
    CHECK(meaning("\"tab\there, \xc3\xa9 # no comment\"") == "tab\there, \xc3\xa9 # no comment");
}

TEST_CASE("Malformed strings are refused at the place of the mistake") {
    CHECK(tokens("\"a") == "1:3 Unterminated string.");
    CHECK(tokens("\"a\n\"") == "1:3 Unterminated string.");
    CHECK(tokens("\"\\x\"") == "1:2 Invalid character escape sequence: \"\\x\".");
    CHECK(tokens("\"\\") == "1:2 Invalid character escape sequence: \"\\\".");
    CHECK(tokens("\"\\u00g0\"") == "1:2 Invalid Unicode escape sequence: \"\\u00g0\".");
    for (const auto* escape :
         {"\\ud800", "\\udc00", "\\ud800\\u0041", "\\u{110000}", "\\u{}", "\\u{d800}", "\\u1", "\\u-123"})
        CHECK(tokens("\""s + escape + "\"") == "1:2 Invalid Unicode escape sequence: \""s + escape + "\".");
}

TEST_CASE("Block strings lose the indentation that their lines share") {
    CHECK(meaning(R"("""""")").empty());
    CHECK(meaning("\"\"\"\n    Hello,\n      World!\r\n\r\n    Yours,\n\n  \"\"\"") == "Hello,\n  World!\n\nYours,");
    CHECK(meaning("\"\"\"a\n  b\n    c\"\"\"") == "a\nb\n  c");
    CHECK(meaning(R"("""say \""" and \n "so" """)") == "say \"\"\" and \\n \"so\" ");
    CHECK(tokens("\"\"\"a\n\"\"") == "2:3 Unterminated string.");
}

TEST_CASE("Invalid characters end the tokens") {
    CHECK(tokens("a ?") == "Name \"a\" 1:3 Unexpected character: \"?\".");
    CHECK(tokens("\n .") == "2:2 Unexpected character: \".\".");
    CHECK(tokens("\xc3\xa9") == "1:1 Unexpected character: U+00E9.");
    CHECK(tokens("'a'") == "1:1 Unexpected single quote character ('), did you mean to use a double quote (\")?");
    CHECK(tokens("\x01") == "1:1 Unexpected character: U+0001.");
    CHECK(tokens("\"\x01\"") == "1:2 Invalid character: U+0001.");
    CHECK(tokens("# \0"s) == "1:3 Invalid character: U+0000.");
    for (const auto* octets : {"\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
        CHECK(tokens(octets) == "1:1 The document is not UTF-8.");
        CHECK(tokens("\""s + octets + "\"") == "1:2 The document is not UTF-8.");
    }
}

TEST_CASE("The size and the number of tokens are bounded") {
    const auto spaces = [](std::size_t count) { return std::string(count, ' '); };
    CHECK(tokenize(spaces(document_size_max)).back().kind == token_kind::end);
    CHECK(tokens(spaces(document_size_max + 1)) == "1:1 Document is larger than 131072 bytes. Parsing aborted.");
    auto names = ""s;
    for (std::size_t i = 0; i < token_count_max; ++i) names += "a ";
    CHECK(tokenize(names).size() == token_count_max + 1);
    CHECK(tokenize(names).back().kind == token_kind::end);
    CHECK(describe(tokenize(names + "b").back()) == "Document contains more than 10000 tokens. Parsing aborted.");
}

}  // namespace lexer_test

#include "peering/graphql/lexer.hpp"

#include "peering/graphql/bounds.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <utility>

namespace peering::graphql {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool starts_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

struct character {
    char32_t value = 0;
    std::size_t size = 0;  ///< in bytes; 0 if they are not valid UTF-8
};

character decode(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const auto first = byte(0);
    if (first < 0x80) return {first, 1};
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size) return {};
    char32_t value = first & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return {};
        value = value << 6U | (byte(i) & 0x3fU);
    }
    constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    if (value < smallest[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
    return {value, size};
}

void append_utf8(std::string& out, char32_t value) {
    const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    const auto tail = [&](unsigned shift) { put(0x80U | (value >> shift & 0x3fU)); };
    if (value < 0x80) {
        put(value);
    } else if (value < 0x800) {
        put(0xc0U | value >> 6U), tail(0);
    } else if (value < 0x10000) {
        put(0xe0U | value >> 12U), tail(6), tail(0);
    } else {
        put(0xf0U | value >> 18U), tail(12), tail(6), tail(0);
    }
}

/// Where the lexer stopped, and why.
struct fault {
    std::string message;
    location at;
};

class lexer {
public:
    explicit lexer(std::string_view text) : text_{text} {}

    token next();

private:
    bool at_end() const { return at_ == text_.size(); }
    /// Returns 0 past the end; no token contains 0.
    char look(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    std::string_view rest() const { return text_.substr(at_); }
    location here() const { return {line_, column_}; }

    void step();  ///< over one character or one line terminator
    void step(std::size_t ascii_size) { at_ += ascii_size, column_ += static_cast<std::uint32_t>(ascii_size); }
    void skip_ignored();
    void read_digits();
    /// Formats the current character for messages.
    std::string shown() const;

    token read_name();
    token read_number();
    token read_string();
    token read_block_string();
    char32_t read_escape();
    char32_t read_unicode_escape(location start);

    std::string_view text_;
    std::size_t at_ = 0;
    std::uint32_t line_ = 1;
    std::uint32_t column_ = 1;
};

void lexer::step() {
    const auto character = decode(rest());
    if (character.size == 0) throw fault{"The document is not UTF-8.", here()};
    const bool is_control = character.value < 0x20 && !std::string_view{"\t\r\n"}.contains(look());
    if (is_control) throw fault{"Invalid character: " + shown() + ".", here()};
    const bool ends_line = look() == '\n' || look() == '\r';
    at_ += look() == '\r' && look(1) == '\n' ? 2 : character.size;
    line_ += ends_line ? 1 : 0;
    column_ = ends_line ? 1 : column_ + 1;
}

void lexer::skip_ignored() {
    while (!at_end()) {
        if (look() == '#') {
            while (!at_end() && look() != '\n' && look() != '\r') step();
        } else if (std::string_view{" \t,\r\n"}.contains(look()) || rest().starts_with(byte_order_mark)) {
            step();
        } else {
            return;
        }
    }
}

std::string lexer::shown() const {
    if (at_end()) return "<EOF>";
    if (look() == '"') return "'\"'";
    if (look() >= 0x20 && look() < 0x7f) return std::string{'"', look(), '"'};
    std::array<char, 16> hexadecimal{};
    std::snprintf(hexadecimal.data(), hexadecimal.size(), "U+%04X", static_cast<unsigned>(decode(rest()).value));
    return hexadecimal.data();
}

token lexer::next() {
    skip_ignored();
    if (at_end()) return {token_kind::end, "", here()};
    if (starts_name(look())) return read_name();
    if (is_digit(look()) || look() == '-') return read_number();
    if (rest().starts_with("\"\"\"")) return read_block_string();
    if (look() == '"') return read_string();
    const std::size_t size = rest().starts_with("...") ? 3 : std::string_view{"!$&():=@[]{|}"}.contains(look()) ? 1 : 0;
    if (size == 0) {
        if (look() == '\'')
            throw fault{"Unexpected single quote character ('), did you mean to use a double quote (\")?", here()};
        if (decode(rest()).size == 0) throw fault{"The document is not UTF-8.", here()};
        throw fault{"Unexpected character: " + shown() + ".", here()};
    }
    auto result = token{token_kind::punctuator, std::string{rest().substr(0, size)}, here()};
    step(size);
    return result;
}

token lexer::read_name() {
    std::size_t size = 1;
    while (starts_name(look(size)) || is_digit(look(size))) ++size;
    if (size > name_size_max)
        throw fault{"A name has more than " + std::to_string(name_size_max) + " characters.", here()};
    auto result = token{token_kind::name, std::string{rest().substr(0, size)}, here()};
    step(size);
    return result;
}

void lexer::read_digits() {
    if (!is_digit(look())) throw fault{"Invalid number, expected digit but got: " + shown() + ".", here()};
    while (is_digit(look())) step(1);
}

token lexer::read_number() {
    auto result = token{token_kind::integer, "", here()};
    const auto start = at_;
    if (look() == '-') step(1);
    if (look() == '0') {
        step(1);
        if (is_digit(look())) throw fault{"Invalid number, unexpected digit after 0: " + shown() + ".", here()};
    } else {
        read_digits();
    }
    if (look() == '.') {
        result.kind = token_kind::floating;
        step(1);
        read_digits();
    }
    if (look() == 'e' || look() == 'E') {
        result.kind = token_kind::floating;
        step(1);
        if (look() == '+' || look() == '-') step(1);
        read_digits();
    }
    if (look() == '.' || starts_name(look()))
        throw fault{"Invalid number, expected digit but got: " + shown() + ".", here()};
    result.text = text_.substr(start, at_ - start);
    return result;
}

token lexer::read_string() {
    auto result = token{token_kind::string, "", here()};
    step(1);
    while (look() != '"') {
        if (at_end() || look() == '\n' || look() == '\r') throw fault{"Unterminated string.", here()};
        if (look() == '\\') {
            append_utf8(result.text, read_escape());
        } else {
            const auto before = at_;
            step();
            result.text += text_.substr(before, at_ - before);
        }
    }
    step(1);
    return result;
}

char32_t lexer::read_escape() {
    const auto start = here();
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (look(1) == 'u') return read_unicode_escape(start);
    const auto which = letters.find(look(1));
    if (at_ + 1 >= text_.size() || which == std::string_view::npos) {
        const auto size = at_ + 1 < text_.size() ? std::max<std::size_t>(decode(text_.substr(at_ + 1)).size, 1) : 0;
        throw fault{"Invalid character escape sequence: \"" + std::string{rest().substr(0, 1 + size)} + "\".", start};
    }
    step(2);
    return static_cast<unsigned char>(meanings[which]);
}

/// Reads \uXXXX, two of them for a surrogate pair, or \u{X...}.
char32_t lexer::read_unicode_escape(location start) {
    const auto from = at_;
    const auto refuse = [&]() {
        const auto end = std::min(text_.find_first_of("\"\r\n", from), text_.size());
        auto written = std::string{};
        for (const char c : text_.substr(from, std::min<std::size_t>(end - from, 12)))
            if (c >= 0x20 && c < 0x7f) written += c;
        return fault{"Invalid Unicode escape sequence: \"" + written + "\".", start};
    };
    const auto hexadecimal = [&](std::size_t size) {
        const auto digits = rest().substr(0, size);
        std::uint32_t value = 0;
        const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.empty() || digits.size() != size || problem != std::errc{} || end != digits.data() + size)
            throw refuse();
        step(size);
        return static_cast<char32_t>(value);
    };
    step(2);
    char32_t value = 0;
    if (look() == '{') {
        step(1);
        const auto size = rest().find('}');
        if (size > 8) throw refuse();
        value = hexadecimal(size);
        step(1);
    } else {
        value = hexadecimal(4);
        if (value >= 0xd800 && value <= 0xdbff && rest().starts_with("\\u")) {
            step(2);
            const auto trailing = hexadecimal(4);
            if (trailing < 0xdc00 || trailing > 0xdfff) throw refuse();
            return 0x10000 + ((value - 0xd800) << 10U) + (trailing - 0xdc00);
        }
    }
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) throw refuse();
    return value;
}

/// Returns the value of a block string: common indentation removed, leading and trailing blank lines dropped.
std::string unindented(const std::vector<std::string>& lines) {
    const auto blank = [](const std::string& line) { return line.find_first_not_of(" \t") == std::string::npos; };
    auto common = std::string::npos;
    for (std::size_t i = 1; i < lines.size(); ++i)
        if (!blank(lines[i])) common = std::min(common, lines[i].find_first_not_of(" \t"));
    std::size_t first = 0;
    std::size_t last = lines.size();
    while (first < last && blank(lines[first])) ++first;
    while (last > first && blank(lines[last - 1])) --last;
    auto result = std::string{};
    for (auto i = first; i < last; ++i) {
        if (i > first) result += '\n';
        result += i == 0 ? lines[i] : lines[i].substr(std::min(common, lines[i].size()));
    }
    return result;
}

token lexer::read_block_string() {
    auto result = token{token_kind::block_string, "", here()};
    auto lines = std::vector<std::string>(1);
    step(3);
    while (!rest().starts_with("\"\"\"")) {
        if (at_end()) throw fault{"Unterminated string.", here()};
        if (rest().starts_with("\\\"\"\"")) {
            lines.back() += "\"\"\"";
            step(4);
        } else if (look() == '\n' || look() == '\r') {
            lines.emplace_back();
            step();
        } else {
            const auto before = at_;
            step();
            lines.back() += text_.substr(before, at_ - before);
        }
    }
    step(3);
    result.text = unindented(lines);
    return result;
}

}  // namespace

std::vector<token> tokenize(std::string_view text) {
    auto result = std::vector<token>{};
    const auto refuse = [&](std::string message, location at) {
        result.push_back({token_kind::invalid, std::move(message), at});
    };
    if (text.size() > document_size_max) {
        refuse("Document is larger than " + std::to_string(document_size_max) + " bytes. Parsing aborted.", {});
        return result;
    }
    auto source = lexer{text};
    try {
        do {
            result.push_back(source.next());
            if (result.size() > token_count_max && result.back().kind != token_kind::end) {
                result.back() = {
                    token_kind::invalid,
                    "Document contains more than " + std::to_string(token_count_max) + " tokens. Parsing aborted.",
                    result.back().at};
                return result;
            }
        } while (result.back().kind != token_kind::end);
    } catch (fault& found) {
        refuse(std::move(found.message), found.at);
    }
    return result;
}

std::string describe(const token& token) {
    const auto with_text = [&](std::string_view kind) { return std::string{kind} + " \"" + token.text + "\""; };
    switch (token.kind) {
        case token_kind::punctuator:
            return "\"" + token.text + "\"";
        case token_kind::name:
            return with_text("Name");
        case token_kind::integer:
            return with_text("Int");
        case token_kind::floating:
            return with_text("Float");
        case token_kind::string:
            return with_text("String");
        case token_kind::block_string:
            return with_text("BlockString");
        case token_kind::end:
            return "<EOF>";
        case token_kind::invalid:
            return token.text;
    }
    std::unreachable();
}

}  // namespace peering::graphql

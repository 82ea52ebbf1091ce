#include "peering/graphql/parser.hpp"

#include "peering/graphql/bounds.hpp"
#include "peering/graphql/lexer.hpp"

#include <utility>

namespace peering::graphql {
namespace {

enum class variables : std::uint8_t { allowed, refused };

/// A recursive-descent parser with one function per grammar rule. It throws an `error` at the first mistake.
class parser {
public:
    explicit parser(std::string_view text) : tokens_{tokenize(text)} {}

    document read_document();

private:
    /// Counts the braces and brackets that enclose the current position.
    class nesting {
    public:
        explicit nesting(parser& of) : of_{of} {
            if (++of_.depth_ > nesting_max)
                throw of_.mistake("Document is nested more than " + std::to_string(nesting_max) + " levels deep.");
        }
        ~nesting() { --of_.depth_; }
        nesting(const nesting&) = delete;
        nesting& operator=(const nesting&) = delete;

    private:
        parser& of_;
    };

    // Token access. Looking at an invalid token throws its error.
    const token& peek() const;
    bool peek(std::string_view punctuator) const;
    bool peek(token_kind kind) const { return peek().kind == kind; }
    bool peek_keyword(std::string_view word) const { return peek(token_kind::name) && peek().text == word; }
    token take();
    bool skip(std::string_view punctuator);
    bool skip_keyword(std::string_view word);
    void expect(std::string_view punctuator);
    void expect_keyword(std::string_view word);
    error mistake(std::string message) const;
    error unexpected() const { return mistake("Unexpected " + describe(peek()) + "."); }

    /// Parses `open item item ... close` with at least one item.
    template <typename Item>
    auto many(std::string_view open, Item item, std::string_view close);
    /// Like many(), but the whole construct may be absent.
    template <typename Item>
    auto optional_many(std::string_view open, Item item, std::string_view close);

    name read_name();
    void read_operation(document& into);
    void read_fragment(document& into);
    variable_definition read_variable_definition();
    selection_set read_selection_set();
    selection read_selection();
    selection read_field();
    selection read_spread();
    std::vector<argument> read_arguments(variables variables);
    std::vector<directive> read_directives(variables variables);
    literal read_literal(variables variables);
    literal read_variable(variables variables);
    type_reference read_type();
    void read_wrapped_type(type_reference& into);

    std::string read_description();
    void read_definition(document& into);
    void read_type_definition(document& into, std::string description);
    schema_definition read_schema_definition(std::string description);
    directive_definition read_directive_definition(std::string description);
    field_definition read_field_definition();
    input_value_definition read_input_value_definition();
    enum_value_definition read_enum_value_definition();
    std::vector<name> read_names(std::string_view separator);

    std::vector<token> tokens_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
};

const token& parser::peek() const {
    const auto& next = tokens_[at_];
    if (next.kind == token_kind::invalid) throw mistake(next.text);
    return next;
}

bool parser::peek(std::string_view punctuator) const {
    return peek(token_kind::punctuator) && peek().text == punctuator;
}

error parser::mistake(std::string message) const {
    return {.message = "Syntax Error: " + std::move(message),
            .locations = {tokens_[at_].at},
            .code = std::string{code::parse_failed},
            .path = {}};
}

/// Never advances past the end token.
token parser::take() {
    auto result = peek();
    if (result.kind != token_kind::end) ++at_;
    return result;
}

bool parser::skip(std::string_view punctuator) {
    if (!peek(punctuator)) return false;
    ++at_;
    return true;
}

bool parser::skip_keyword(std::string_view word) {
    if (!peek_keyword(word)) return false;
    ++at_;
    return true;
}

void parser::expect(std::string_view punctuator) {
    if (!skip(punctuator))
        throw mistake("Expected \"" + std::string{punctuator} + "\", found " + describe(peek()) + ".");
}

void parser::expect_keyword(std::string_view word) {
    if (!skip_keyword(word)) throw mistake("Expected \"" + std::string{word} + "\", found " + describe(peek()) + ".");
}

template <typename Item>
auto parser::many(std::string_view open, Item item, std::string_view close) {
    auto result = std::vector<decltype((this->*item)())>{};
    expect(open);
    const auto inside = nesting{*this};
    do {
        result.push_back((this->*item)());
    } while (!skip(close));
    return result;
}

template <typename Item>
auto parser::optional_many(std::string_view open, Item item, std::string_view close) {
    return peek(open) ? many(open, item, close) : std::vector<decltype((this->*item)())>{};
}

name parser::read_name() {
    if (!peek(token_kind::name)) throw mistake("Expected Name, found " + describe(peek()) + ".");
    auto token = take();
    return {std::move(token.text), token.at};
}

document parser::read_document() {
    auto result = document{};
    do {
        read_definition(result);
    } while (!peek(token_kind::end));
    return result;
}

void parser::read_definition(document& into) {
    if (peek("{") || peek_keyword("query") || peek_keyword("mutation") || peek_keyword("subscription"))
        return read_operation(into);
    if (peek_keyword("fragment")) return read_fragment(into);
    auto description = read_description();
    if (peek_keyword("schema")) {
        into.schemas.push_back(read_schema_definition(std::move(description)));
    } else if (peek_keyword("directive")) {
        into.directives.push_back(read_directive_definition(std::move(description)));
    } else {
        read_type_definition(into, std::move(description));
    }
}

void parser::read_operation(document& into) {
    auto& operation = into.operations.emplace_back();
    operation.at = peek().at;
    if (!peek("{")) {
        const auto kind = take().text;
        if (kind == "mutation") operation.kind = operation_kind::mutation;
        if (kind == "subscription") operation.kind = operation_kind::subscription;
        if (peek(token_kind::name)) operation.name = read_name();
        operation.variables = optional_many("(", &parser::read_variable_definition, ")");
        operation.directives = read_directives(variables::allowed);
    }
    operation.set = read_selection_set();
}

variable_definition parser::read_variable_definition() {
    auto result = variable_definition{};
    result.at = peek().at;
    expect("$");
    result.name = read_name();
    expect(":");
    result.type = read_type();
    if (skip("=")) result.default_value = read_literal(variables::refused);
    result.directives = read_directives(variables::refused);
    return result;
}

void parser::read_fragment(document& into) {
    auto& fragment = into.fragments.emplace_back();
    fragment.at = peek().at;
    expect_keyword("fragment");
    if (peek_keyword("on")) throw unexpected();
    fragment.name = read_name();
    expect_keyword("on");
    fragment.type = read_name();
    fragment.directives = read_directives(variables::allowed);
    fragment.set = read_selection_set();
}

selection_set parser::read_selection_set() {
    const auto at = peek().at;
    return {many("{", &parser::read_selection, "}"), at};
}

selection parser::read_selection() {
    return peek("...") ? read_spread() : read_field();
}

selection parser::read_field() {
    auto result = selection{};
    result.at = peek().at;
    result.name = read_name();
    if (skip(":")) result.alias = std::exchange(result.name, read_name());
    result.arguments = read_arguments(variables::allowed);
    result.directives = read_directives(variables::allowed);
    if (peek("{")) result.set = read_selection_set();
    return result;
}

selection parser::read_spread() {
    auto result = selection{};
    result.at = peek().at;
    expect("...");
    const bool has_type = skip_keyword("on");
    if (!has_type && peek(token_kind::name)) {
        result.kind = selection_kind::fragment_spread;
        result.name = read_name();
        result.directives = read_directives(variables::allowed);
        return result;
    }
    result.kind = selection_kind::inline_fragment;
    if (has_type) result.name = read_name();
    result.directives = read_directives(variables::allowed);
    result.set = read_selection_set();
    return result;
}

std::vector<argument> parser::read_arguments(variables variables) {
    auto result = std::vector<argument>{};
    if (!skip("(")) return result;
    do {
        auto& argument = result.emplace_back();
        argument.name = read_name();
        expect(":");
        argument.value = read_literal(variables);
    } while (!skip(")"));
    return result;
}

std::vector<directive> parser::read_directives(variables variables) {
    auto result = std::vector<directive>{};
    while (peek("@")) {
        auto& directive = result.emplace_back();
        directive.at = take().at;
        directive.name = read_name();
        directive.arguments = read_arguments(variables);
    }
    return result;
}

literal parser::read_literal(variables variables) {
    if (peek("$")) return read_variable(variables);
    auto result = literal{};
    result.at = peek().at;
    if (peek("[")) {
        const auto inside = nesting{*this};
        result.kind = literal_kind::list;
        take();
        while (!skip("]")) result.items.push_back(read_literal(variables));
        return result;
    }
    if (peek("{")) {
        const auto inside = nesting{*this};
        result.kind = literal_kind::object;
        take();
        while (!skip("}")) {
            auto& field = result.fields.emplace_back();
            field.name = read_name();
            expect(":");
            field.value = read_literal(variables);
        }
        return result;
    }
    switch (peek().kind) {
        case token_kind::integer:
            result.kind = literal_kind::integer;
            break;
        case token_kind::floating:
            result.kind = literal_kind::floating;
            break;
        case token_kind::string:
        case token_kind::block_string:
            result.kind = literal_kind::string;
            break;
        case token_kind::name:
            result.kind = literal_kind::enumeration;
            if (peek().text == "true" || peek().text == "false") result.kind = literal_kind::boolean;
            if (peek().text == "null") result.kind = literal_kind::null;
            break;
        case token_kind::punctuator:
        case token_kind::end:
        case token_kind::invalid:
            throw unexpected();
    }
    result.text = take().text;
    return result;
}

literal parser::read_variable(variables variables) {
    auto result = literal{};
    result.kind = literal_kind::variable;
    result.at = peek().at;
    if (variables == variables::refused) {
        const auto& after = tokens_[at_ + 1];
        if (after.kind == token_kind::name)
            throw mistake("Unexpected variable \"$" + after.text + "\" in constant value.");
        throw unexpected();
    }
    expect("$");
    result.text = read_name().text;
    return result;
}

type_reference parser::read_type() {
    auto result = type_reference{};
    result.at = peek().at;
    read_wrapped_type(result);
    return result;
}

void parser::read_wrapped_type(type_reference& into) {
    // The ! of a non-null type follows the type, but its wrapper belongs in front of the type's other wrappers.
    const auto place = static_cast<std::ptrdiff_t>(into.wrappers.size());
    if (skip("[")) {
        const auto inside = nesting{*this};
        into.wrappers.push_back(wrapper::list);
        read_wrapped_type(into);
        expect("]");
    } else {
        into.name = read_name();
    }
    if (skip("!")) into.wrappers.insert(into.wrappers.begin() + place, wrapper::non_null);
}

std::string parser::read_description() {
    return peek(token_kind::string) || peek(token_kind::block_string) ? take().text : "";
}

std::vector<name> parser::read_names(std::string_view separator) {
    auto result = std::vector<name>{};
    skip(separator);
    do {
        result.push_back(read_name());
    } while (skip(separator));
    return result;
}

schema_definition parser::read_schema_definition(std::string description) {
    auto result = schema_definition{};
    result.description = std::move(description);
    result.at = peek().at;
    expect_keyword("schema");
    expect("{");
    do {
        auto& root = result.roots.emplace_back();
        if (peek_keyword("mutation")) {
            root.kind = operation_kind::mutation;
        } else if (peek_keyword("subscription")) {
            root.kind = operation_kind::subscription;
        } else if (!peek_keyword("query")) {
            throw unexpected();
        }
        take();
        expect(":");
        root.type = read_name();
    } while (!skip("}"));
    return result;
}

directive_definition parser::read_directive_definition(std::string description) {
    auto result = directive_definition{};
    result.description = std::move(description);
    result.at = peek().at;
    expect_keyword("directive");
    expect("@");
    result.name = read_name();
    result.arguments = optional_many("(", &parser::read_input_value_definition, ")");
    result.repeatable = skip_keyword("repeatable");
    expect_keyword("on");
    result.locations = read_names("|");
    return result;
}

void parser::read_type_definition(document& into, std::string description) {
    constexpr std::pair<std::string_view, type_kind> keywords[]{
        {"scalar", type_kind::scalar}, {"type", type_kind::object},      {"interface", type_kind::interface},
        {"union", type_kind::union_},  {"enum", type_kind::enumeration}, {"input", type_kind::input_object}};
    auto type = type_definition{};
    type.description = std::move(description);
    type.at = peek().at;
    bool known = false;
    for (const auto& [keyword, kind] : keywords) {
        if (!peek_keyword(keyword)) continue;
        known = true;
        type.kind = kind;
    }
    if (!known) throw unexpected();
    take();
    type.name = read_name();
    if (skip_keyword("implements")) type.interfaces = read_names("&");
    type.directives = read_directives(variables::refused);
    switch (type.kind) {
        case type_kind::scalar:
            break;
        case type_kind::object:
        case type_kind::interface:
            type.fields = optional_many("{", &parser::read_field_definition, "}");
            break;
        case type_kind::union_:
            if (skip("=")) type.members = read_names("|");
            break;
        case type_kind::enumeration:
            type.values = optional_many("{", &parser::read_enum_value_definition, "}");
            break;
        case type_kind::input_object:
            type.inputs = optional_many("{", &parser::read_input_value_definition, "}");
            break;
    }
    into.types.push_back(std::move(type));
}

field_definition parser::read_field_definition() {
    auto result = field_definition{};
    result.description = read_description();
    result.name = read_name();
    result.arguments = optional_many("(", &parser::read_input_value_definition, ")");
    expect(":");
    result.type = read_type();
    result.directives = read_directives(variables::refused);
    return result;
}

input_value_definition parser::read_input_value_definition() {
    auto result = input_value_definition{};
    result.description = read_description();
    result.name = read_name();
    expect(":");
    result.type = read_type();
    if (skip("=")) result.default_value = read_literal(variables::refused);
    result.directives = read_directives(variables::refused);
    return result;
}

enum_value_definition parser::read_enum_value_definition() {
    auto result = enum_value_definition{};
    result.description = read_description();
    if (peek_keyword("true") || peek_keyword("false") || peek_keyword("null")) throw unexpected();
    result.name = read_name();
    result.directives = read_directives(variables::refused);
    return result;
}

}  // namespace

std::expected<document, error> parse(std::string_view text) {
    try {
        return parser{text}.read_document();
    } catch (error& mistake) {
        return std::unexpected{std::move(mistake)};
    }
}

}  // namespace peering::graphql

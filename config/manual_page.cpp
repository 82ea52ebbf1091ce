#include "config/manual_page.hpp"

#include <cstddef>
#include <optional>

namespace config {
namespace {

/// The text of a link, `[text](target)`, that begins at `at`; nullopt if none does. `at` is moved behind it.
std::optional<std::string_view> take_link(std::string_view markdown, std::size_t& at) {
    const std::size_t middle = markdown.find("](", at);
    const std::size_t end = markdown.find(')', at);
    if (middle == std::string_view::npos || end == std::string_view::npos || end < middle) return std::nullopt;
    const std::string_view text = markdown.substr(at + 1, middle - at - 1);
    if (text.contains('[')) return std::nullopt;
    at = end;
    return text;
}

void append_character(std::string& out, char c, bool is_literal) {
    switch (c) {
        case '\\':
            out += "\\e";
            return;
        case '-':
            out += "\\-";
            return;
        case '^':
            out += "\\(ha";
            return;
        case '~':
            out += "\\(ti";
            return;
        case '\'':
            out += is_literal ? "\\(aq" : "'";
            return;
        default:
            out += c;
    }
}

/// A line of text that begins with one of these would be a request.
bool would_be_request(char c) noexcept {
    return c == '.' || c == '\'';
}

bool ends_sentence(std::string_view markdown, std::size_t at) {
    return markdown[at] == '.' && at + 1 < markdown.size() && markdown[at + 1] == ' ';
}

std::string capitalized(std::string_view text) {
    std::string all{text};
    if (!all.empty() && all.front() >= 'a' && all.front() <= 'z') all.front() = static_cast<char>(all.front() - 32);
    return all;
}

}  // namespace

std::string to_roff(std::string_view markdown) {
    std::string out;
    bool is_literal = false;
    const auto begins_line = [&out] { return out.empty() || out.back() == '\n'; };
    const auto append = [&](char c) {
        if (begins_line() && would_be_request(c)) out += "\\&";
        append_character(out, c, is_literal);
    };
    for (std::size_t i = 0; i < markdown.size(); ++i) {
        const char c = markdown[i];
        if (c == '`') {
            is_literal = !is_literal;
            out += is_literal ? "\\fB" : "\\fR";
        } else if (c == '[' && !is_literal) {
            const auto text = take_link(markdown, i);
            if (!text) {
                append(c);
            } else {
                for (const char each : *text) append(each);
            }
        } else if (!is_literal && ends_sentence(markdown, i)) {
            out += ".\n";
            ++i;
        } else if (c == '\n') {
            out += c;
        } else {
            append(c);
        }
    }
    if (!begins_line()) out += '\n';
    return out;
}

void manual_page::paragraph(std::string_view text) {
    lines(".PP");
    out_ += to_roff(text);
}

void manual_page::heading(std::string_view key, std::string_view about) {
    out_ += ".SS " + to_roff(key);
    out_ += to_roff(about);
}

void manual_page::row(const setting_row& row) {
    lines(".TP");
    out_ += to_roff(row.key);
    if (!row.about.empty()) out_ += to_roff(row.about);
    lines(".br");
    const bool is_required = row.initial.starts_with("required");
    out_ += to_roff("Value: " + std::string{row.value});
    lines(".br");
    out_ += to_roff(is_required ? capitalized(row.initial) : "Default: " + std::string{row.initial});
}

void manual_page::lines(std::string_view source) {
    out_.append(source).append("\n");
}

}  // namespace config

#include "config/section.hpp"

#include "config/certificates.hpp"
#include "ilp/invariant.hpp"

#include <algorithm>
#include <filesystem>

namespace config {
namespace {

std::string_view name_of(node_kind kind) {
    switch (kind) {
        case node_kind::nothing:
            return "nothing";
        case node_kind::scalar:
            return "a single value";
        case node_kind::sequence:
            return "a list";
        case node_kind::mapping:
            return "a mapping";
    }
    return "";
}

bool is_key_like(std::string_view text) {
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

}  // namespace

std::string message_expected(std::string_view expected, node_kind found) {
    return "expected " + std::string{expected} + ", found " + std::string{name_of(found)};
}

void reader::report(std::uint32_t line, std::string key, std::string message) {
    if (problems_.size() == problem_count_max) {
        ++dropped_;
        return;
    }
    const auto at = std::ranges::upper_bound(problems_, line, {}, &problem::line);
    problems_.insert(at, {file_, line, std::move(key), std::move(message)});
}

void reader::report(std::uint32_t line, const key_path& path, std::string message) {
    report(line, path.text(), std::move(message));
}

std::optional<std::string> reader::text(const node& value, std::uint32_t line, const key_path& path,
                                        std::string_view expected) {
    if (value.kind != node_kind::scalar) {
        report(line, path, message_expected(expected, value.kind));
        return std::nullopt;
    }
    auto result = std::string{};
    auto rest = std::string_view{value.text};
    for (auto at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
        if (at > 0 && rest[at - 1] == '$') {
            result += rest.substr(0, at - 1);
            result += "${";
            rest.remove_prefix(at + 2);
            continue;
        }
        result += rest.substr(0, at);
        rest.remove_prefix(at + 2);
        const auto name = rest.substr(0, std::min(rest.find('}'), rest.size()));
        // An invalid name is not shown: it may be part of a secret that contains ${.
        if (name.size() == rest.size() || !is_variable_name(name)) {
            report(line, path, "expected ${NAME} with the name of an environment variable; write $${ for a literal ${");
            return std::nullopt;
        }
        auto variable = variables_(name);
        if (!variable) {
            report(line, path, "the environment variable " + escaped(name) + " is not set");
            return std::nullopt;
        }
        result += *variable;
        rest.remove_prefix(name.size() + 1);
    }
    result += rest;
    return result;
}

std::string reader::completed(const std::string& path) const {
    return (std::filesystem::path{file_}.parent_path() / path).string();
}

std::optional<std::string> reader::take(file_path& path) const {
    path.text = completed(path.text);
    return std::nullopt;
}

std::optional<std::string> reader::take(trusted_certificates& certificates) const {
    certificates.file = completed(certificates.file);
    auto read = certificates_in_file(certificates.file);
    if (!read) return std::move(read).error();
    certificates.pem = *std::move(read);
    return std::nullopt;
}

void reader::report_unknown_key(const node& key, const node& value, const key_path* around,
                                const std::vector<std::string_view>& known, bool beside_secret) {
    const auto outer = around == nullptr ? std::string{} : around->text();
    const auto known_keys = "known keys: " + join(known, ", ");
    if (key.kind != node_kind::scalar) return report(key.line, outer, "a key must be a plain text; " + known_keys);
    if (beside_secret && (value.kind == node_kind::nothing || !is_key_like(key.text)))
        return report(key.line, outer, "unknown key (not shown, it may be a secret); " + known_keys);
    const auto meant = nearest(key.text, known);
    report(key.line, key_path{around, key.text, {}},
           "unknown key; " + (meant.empty() ? "" : "did you mean " + std::string{meant} + "? ") + known_keys);
}

bool reader::has_problem_in(std::string_view key) const {
    return std::ranges::any_of(problems_, [&](const problem& problem) {
        const auto rest = std::string_view{problem.key}.substr(std::min(key.size(), problem.key.size()));
        return problem.key.starts_with(key) && (rest.empty() || rest.front() == '.' || rest.front() == '[');
    });
}

std::vector<problem> reader::take_problems() {
    if (dropped_ > 0) problems_.push_back({file_, 0, {}, "and " + std::to_string(dropped_) + " more problems"});
    return std::move(problems_);
}

void yaml_writer::begin_line() {
    const auto indent = 2 * depth_;
    if (dash_)
        out_.append(indent - 2, ' ').append("- ");
    else
        out_.append(indent, ' ');
    dash_ = false;
}

void yaml_writer::add_value(const std::string& text, bool plain) {
    if (plain) {
        out_ += text;
    } else {
        out_ += '"';
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '"' || text[i] == '\\') out_ += '\\';
            if (text.compare(i, 2, "${") == 0) out_ += '$';
            out_ += text[i];
        }
        out_ += '"';
    }
    out_ += '\n';
}

void yaml_writer::scalar(std::string_view name, const std::string& text, bool plain) {
    begin_line();
    out_.append(name).append(": ");
    add_value(text, plain);
}

void yaml_writer::element(const std::string& text, bool plain) {
    begin_line();
    out_ += "- ";
    add_value(text, plain);
}

void yaml_writer::empty_list(std::string_view name) {
    begin_line();
    out_.append(name).append(": []\n");
}

void yaml_writer::open(std::string_view name) {
    begin_line();
    out_.append(name).append(":\n");
    ++depth_;
}

void yaml_writer::open_element() {
    ilp::require(!dash_, "a list's element has begun before the next one is opened");
    dash_ = true;
    ++depth_;
}

}  // namespace config

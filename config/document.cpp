#include "config/document.hpp"

#include "config/text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace config {
namespace {

constexpr std::size_t key_size_shown = 64;

constexpr auto no_anchors = std::string_view{
    "anchors (&) and aliases (*) are not supported: write the value out, and quote a text that begins with & or *"};

std::uint32_t line_of_mark(const YAML::Mark& mark) {
    return mark.line < 0 ? 0 : static_cast<std::uint32_t>(mark.line) + 1;
}

// YAML would take the braces of an unquoted ${NAME} between { and } or [ and ] as its own. They are therefore replaced
// by two control characters, which a file cannot contain, before parsing and restored in each scalar.
constexpr char veiled_open = 1;
constexpr char veiled_close = 2;

void replace_braces(std::string& text, char open, char close, char new_open, char new_close) {
    const auto opening = std::string{'$', open};
    for (auto at = text.find(opening); at != std::string::npos; at = text.find(opening, at + 1)) {
        const auto name_at = at + opening.size();
        const auto end = std::min(text.find_first_not_of(variable_name_characters, name_at), text.size() - 1);
        if (text[end] != close) continue;
        text[at + 1] = new_open;
        text[end] = new_close;
    }
}

void veil_variables(std::string& text) {
    replace_braces(text, '{', '}', veiled_open, veiled_close);
}

void unveil_variables(std::string& text) {
    replace_braces(text, veiled_open, veiled_close, '{', '}');
}

/// Builds the tree from the parser's events. It throws to stop the parser, which offers no other way.
class tree_builder : public YAML::EventHandler {
public:
    node take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(start(mark, {}, anchor, node_kind::nothing));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        auto scalar = start(mark, tag, anchor, node_kind::scalar);
        scalar.text = value;
        unveil_variables(scalar.text);
        add(std::move(scalar));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, start(mark, tag, anchor, node_kind::sequence));
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, start(mark, tag, anchor, node_kind::mapping));
    }
    void OnMapEnd() override { close(); }

private:
    [[noreturn]] static void refuse_anchor(const YAML::Mark& mark) {
        throw document_error{line_of_mark(mark), std::string{no_anchors}};
    }

    node start(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, node_kind kind) {
        if (anchor != YAML::NullAnchor) refuse_anchor(mark);
        // The parser's own marks for an untagged scalar: ? for plain, ! for quoted.
        if (!tag.empty() && tag != "?" && tag != "!")
            throw document_error{line_of_mark(mark), "tags (!) are not supported: quote a text that begins with !"};
        if (++count_ > node_count_max)
            throw document_error{line_of_mark(mark),
                                 "the file has more than " + std::to_string(node_count_max) + " keys and values"};
        node result;
        result.kind = kind;
        result.line = line_of_mark(mark);
        return result;
    }
    void open(const YAML::Mark& mark, node value) {
        if (open_.size() == nesting_max)
            throw document_error{line_of_mark(mark), "nested more than " + std::to_string(nesting_max) + " deep"};
        open_.push_back(std::move(value));
    }
    void close() {
        auto value = std::move(open_.back());
        open_.pop_back();
        add(std::move(value));
    }
    void add(node value) {
        if (open_.empty())
            root_ = std::move(value);
        else
            open_.back().children.push_back(std::move(value));
    }

    node root_;
    std::vector<node> open_;
    std::size_t count_ = 0;
};

/// The parser takes byte 4 as the end of the file and guesses other encodings, so such input is refused before it gets
/// there.
std::optional<document_error> refuse_bytes(std::string_view yaml) {
    std::uint32_t line = 1;
    for (std::size_t at = 0; at < yaml.size();) {
        const auto character = decode_utf8(yaml.substr(at));
        if (!character) return document_error{line, "the file is not UTF-8"};
        if (character->value == '\n') {
            ++line;
        } else if (character->value < 0x20 && character->value != '\t' && character->value != '\r') {
            return document_error{line, "the file contains a control character"};
        }
        at += character->size;
    }
    return std::nullopt;
}

/// Returns the cause of a syntax error that the parser's own message does not explain.
std::optional<document_error> likely_cause(std::string_view yaml, std::uint32_t last_line) {
    std::uint32_t number = 0;
    while (!yaml.empty() && number < last_line) {
        ++number;
        const auto line = yaml.substr(0, yaml.find('\n'));
        yaml.remove_prefix(std::min(line.size() + 1, yaml.size()));
        const auto indent = line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
        if (indent.size() == line.size() || line[indent.size()] == '#') continue;  // empty, or a comment
        if (indent.contains('\t'))
            return document_error{number, "not valid YAML: a tab indents this line; indent with spaces only"};
        // YAML takes an address such as the one in `listen: [::1]:3002` for a list.
        const auto code = line.substr(0, line.find(" #"));
        const auto open = code.find(": [");
        const auto close = code.find("]:", std::min(open, code.size()));
        if (close == std::string_view::npos) continue;
        const auto host = line.substr(open + 3, close - open - 3);
        if (!host.contains(':') || host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos)
            continue;
        const auto address =
            line.substr(open + 2, std::min(line.find_first_of(" ,}\r", open + 2), line.size()) - open - 2);
        return document_error{
            number, "not valid YAML: an address that begins with [ must be in quotes: \"" + escaped(address) + "\""};
    }
    return std::nullopt;
}

}  // namespace

std::string key_path::text() const {
    auto result = parent == nullptr ? std::string{} : parent->text();
    if (index) return result + "[" + std::to_string(*index) + "]";
    if (!result.empty()) result += ".";
    return result + escaped(name.substr(0, key_size_shown)) + (name.size() > key_size_shown ? "..." : "");
}

namespace {

struct found {
    const node* value;  ///< nullptr if the document does not contain the path
    std::uint32_t line;
};

found find(const node& root, const key_path& path) {
    auto around = found{&root, root.line};
    if (path.parent != nullptr) around = find(root, *path.parent);
    if (around.value == nullptr) return around;
    const auto& children = around.value->children;
    if (path.index) {
        if (around.value->kind == node_kind::sequence && *path.index < children.size())
            return {&children[*path.index], children[*path.index].line};
    } else if (around.value->kind == node_kind::mapping) {
        for (std::size_t i = 0; i + 1 < children.size(); i += 2)
            if (children[i].text == path.name) return {&children[i + 1], children[i].line};
    }
    return {nullptr, around.line};
}

}  // namespace

std::uint32_t line_of(const node& root, const key_path& path) {
    return find(root, path).line;
}

std::expected<node, document_error> parse_document(std::string_view yaml) {
    if (yaml.size() > file_size_max)
        return std::unexpected{
            document_error{0, "the file is larger than " + std::to_string(file_size_max >> 20U) + " MiB"}};
    if (auto refused = refuse_bytes(yaml)) return std::unexpected{*std::move(refused)};
    try {
        auto text = std::string{yaml};
        veil_variables(text);
        auto stream = std::istringstream{std::move(text)};
        auto parser = YAML::Parser{stream};
        auto first = tree_builder{};
        if (!parser.HandleNextDocument(first)) return node{};
        auto second = tree_builder{};
        if (parser.HandleNextDocument(second))
            return std::unexpected{document_error{second.take().line,
                                                  "a second document (---) begins here: "
                                                  "the file must contain only one document"}};
        return first.take();
    } catch (const document_error& error) {
        return std::unexpected{error};
    } catch (const YAML::Exception& error) {
        const auto line = line_of_mark(error.mark);
        if (error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR))
            return std::unexpected{document_error{line, std::string{no_anchors}}};
        if (auto cause = likely_cause(yaml, line)) return std::unexpected{*std::move(cause)};
        return std::unexpected{document_error{line, "not valid YAML: " + escaped(error.msg)}};
    }
}

}  // namespace config

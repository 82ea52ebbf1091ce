#include "config/document.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace document_test {

using namespace std::string_literals;

namespace {

/// "LINE: MESSAGE", or empty if the text is accepted.
std::string refusal(const std::string& yaml) {
    const auto parsed = config::parse_document(yaml);
    return parsed ? "" : std::to_string(parsed.error().line) + ": " + parsed.error().message;
}

}  // namespace

TEST_CASE("A document becomes a tree of texts with their lines") {
    const auto root = config::parse_document("# note\na: 1\nb:\n  - 'x'\n  - {c: ~}\n");
    REQUIRE(root);
    REQUIRE(root->kind == config::node_kind::mapping);
    REQUIRE(root->children.size() == 4);
    CHECK(root->children[0].text == "a");
    CHECK(root->children[0].line == 2);
    CHECK(root->children[1].text == "1");
    const auto& list = root->children[3];
    REQUIRE(list.kind == config::node_kind::sequence);
    CHECK(list.children[0].text == "x");
    CHECK(list.children[1].line == 5);
    CHECK(list.children[1].children[1].kind == config::node_kind::nothing);
}

TEST_CASE("An empty file is an empty document") {
    for (const auto* yaml : {"", "\n", "# only a note\n", "---\n", "~"}) {
        const auto root = config::parse_document(yaml);
        REQUIRE(root);
        CHECK(root->kind == config::node_kind::nothing);
    }
}

TEST_CASE("The line of a key, or else of its parent, is found by its path") {
    const auto root = config::parse_document("a:\n  - x: 1\n    y: 2\n  - z\nb: 3\n");
    REQUIRE(root);
    const auto a = config::key_path{nullptr, "a", {}};
    const auto first = config::key_path{&a, {}, 0};
    CHECK(config::line_of(*root, {&first, "y", {}}) == 3);
    CHECK(config::line_of(*root, {&first, "absent", {}}) == 2);
    CHECK(config::line_of(*root, {&a, {}, 1}) == 4);
    CHECK(config::line_of(*root, {&a, {}, 2}) == 1);
    CHECK(config::line_of(*root, {nullptr, "b", {}}) == 5);
    CHECK((config::key_path{&first, "y", {}}.text()) == "a[0].y");
}

TEST_CASE("Two mistakes that the parser describes badly are reported with their cause") {
    const auto tab = ": not valid YAML: a tab indents this line; indent with spaces only";
    CHECK(refusal("a: 1\nconnector:\n\tlisten: x\n") == "3" + std::string{tab});
    CHECK(refusal("connector:\n  workers: 1\n \tlisten: x\n") == "3" + std::string{tab});
    const auto quotes = std::string{": not valid YAML: an address that begins with [ must be in quotes: "};
    CHECK(refusal("a: 1\nconnector:\n  listen: [::1]:3002\nb: 2\n") == "3" + quotes + "\"[::1]:3002\"");
    CHECK(refusal("metrics: {listen: [2001:db8::1]:9464}\n") == "1" + quotes + "\"[2001:db8::1]:9464\"");
    CHECK(refusal("a: [1, 2\nb: 3\n").find("quotes") == std::string::npos);
    CHECK(refusal("a: '\tx'\n").empty());
}

TEST_CASE("Names in a path are escaped and cut") {
    CHECK((config::key_path{nullptr, "a\n\x1b", {}}.text()) == "a\\x0a\\x1b");
    CHECK((config::key_path{nullptr, std::string_view{std::string(100, 'k')}, {}}.text()).size() == 67);
}

TEST_CASE("Variables may be unquoted where YAML has braces of its own") {
    const auto root = config::parse_document("{a: ${A}, b: [${B_2}, x$${C}]}");
    REQUIRE(root);
    CHECK(root->children[1].text == "${A}");
    CHECK(root->children[3].children[0].text == "${B_2}");
    CHECK(root->children[3].children[1].text == "x$${C}");
}

TEST_CASE("Text that is not plain UTF-8 is refused with its line") {
    CHECK(refusal("a: 1\nb: \xff\n") == "2: the file is not UTF-8");
    CHECK(refusal("a: 1\nb: x\0y\n"s) == "2: the file contains a control character");
    CHECK(refusal("a: 1\n\x04\nb: 2\n") == "2: the file contains a control character");
    CHECK(refusal("\xff\xfe"s + "a\0:\0"s) == "1: the file is not UTF-8");
    CHECK(refusal("\xef\xbb\xbf"
                  "a: 1\r\nb:\t2\r\n")
              .empty());
}

TEST_CASE("Broken YAML is refused with its line") {
    CHECK(refusal("a: 1\nb: [1, 2\n") == "3: not valid YAML: end of sequence flow not found");
    CHECK(refusal("a: 1\n\tb: 2\n") == "2: not valid YAML: a tab indents this line; indent with spaces only");
    CHECK(refusal("a: b: c\n") == "1: not valid YAML: illegal map value");
    CHECK(refusal("a: 1\n]\n") == "2: not valid YAML: illegal flow end");
}

TEST_CASE("A second document is refused") {
    CHECK(refusal("a: 1\n---\nb: 2\n") ==
          "3: a second document (---) begins here: the file must contain only one document");
    CHECK(refusal("---\na: 1\n...\n").empty());
}

TEST_CASE("Anchors, aliases and tags are refused") {
    const auto anchors =
        "anchors (&) and aliases (*) are not supported: write the value out, and quote a text that begins with & or *"s;
    CHECK(refusal("a: 1\nb: &x 2\nc: *x\n") == "2: " + anchors);
    CHECK(refusal("a: 1\nb: *x\n") == "2: " + anchors);
    CHECK(refusal("a: &x [1]\n") == "1: " + anchors);
    CHECK(refusal("a: &x {b: 1}\n") == "1: " + anchors);
    CHECK(refusal("a: 1\nb: !!str 2\n") == "2: tags (!) are not supported: quote a text that begins with !");
    CHECK(refusal("a: !x [1]\n") == "1: tags (!) are not supported: quote a text that begins with !");
}

TEST_CASE("Depth, size and number of values are bounded") {
    CHECK(refusal(std::string(16, '[') + std::string(16, ']')).empty());
    CHECK(refusal(std::string(17, '[') + std::string(17, ']')) == "1: nested more than 16 deep");
    CHECK(refusal(std::string(100'000, '[')) == "1: nested more than 16 deep");
    auto bomb = "a0: &a0 [x, x, x, x, x, x, x, x]\n"s;
    for (int i = 1; i < 30; ++i) {
        const auto before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before + "]\n";
    }
    CHECK(refusal(bomb).starts_with("1: anchors (&)"));
    CHECK(refusal(std::string(config::file_size_max + 1, '#')) == "0: the file is larger than 64 MiB");
}

}  // namespace document_test

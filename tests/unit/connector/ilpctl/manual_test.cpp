#include "connector/ilpctl/command_line.hpp"
#include "connector/ilpctl/completion.hpp"

#include <catch2/catch.hpp>

#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

namespace manual_test {

using namespace connector::ilpctl;

namespace {

std::string page() {
    auto file = std::ifstream{ILPD_SOURCE_DIR "/deploy/man/ilpctl.1"};
    auto text = std::string{std::istreambuf_iterator<char>{file}, {}};
    REQUIRE(!text.empty());
    for (auto at = text.find("\\-"); at != std::string::npos; at = text.find("\\-", at)) text.erase(at, 1);
    return text;
}

/// The text below each ".SS" heading, indexed by the heading.
std::map<std::string, std::string> sections(const std::string& page) {
    auto all = std::map<std::string, std::string>{};
    auto lines = std::istringstream{page};
    auto heading = std::string{};
    for (auto line = std::string{}; std::getline(lines, line);) {
        if (line.starts_with(".SH")) heading.clear();
        if (line.starts_with(".SS ")) heading = line.substr(4);
        if (!heading.empty()) all[heading] += line + "\n";
    }
    return all;
}

bool has_word(const std::string& text, const std::string& word) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        const auto end = at + word.size();
        const char next = end < text.size() ? text[end] : ' ';
        if (std::isalnum(static_cast<unsigned char>(next)) == 0 && next != '-') return true;
    }
    return false;
}

}  // namespace

TEST_CASE("ilpctl manual: every verb has a section that lists its options") {
    const auto line = command_line{};
    const auto text = page();
    const auto all = sections(text);
    auto described = std::size_t{0};
    for (const auto& words : words_of(line.tree())) {
        if (!words.verbs.empty() && !words.path.empty()) continue;
        INFO(words.path);
        const auto heading = words.path.empty() ? "Options of every verb" : words.path;
        REQUIRE(all.contains(heading));
        ++described;
        for (const auto* option : words.options) {
            INFO(option_name(*option));
            if (option_name(*option) != "--help" || words.path.empty())
                CHECK(has_word(all.at(heading), option_name(*option)));
        }
        for (const auto* option : words.verb->get_options())
            if (!option->nonpositional()) {
                INFO(option->get_name());
                CHECK(has_word(all.at(heading), option->get_name()));
            }
    }
    CHECK(all.size() == described);  // and nothing that no longer exists
}

TEST_CASE("ilpctl manual: it lists no option that does not exist") {
    const auto line = command_line{};
    auto known = std::string{};
    for (const auto& words : words_of(line.tree()))
        for (const auto* option : words.options) known += option_name(*option) + " ";
    const auto text = page();
    for (auto at = text.find("--"); at != std::string::npos; at = text.find("--", at + 2)) {
        const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
        const auto name = text.substr(at, end - at);
        INFO(name);
        CHECK(has_word(known, name));
    }
}

}  // namespace manual_test

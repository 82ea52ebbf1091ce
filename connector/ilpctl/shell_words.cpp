#include "connector/ilpctl/shell_words.hpp"

#include <algorithm>
#include <cstddef>

namespace connector::ilpctl {
namespace {

constexpr std::string_view after_option = "--after";

/// The same in every shell, wherever it stands.
bool is_plain(std::string_view word) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    constexpr std::string_view signs = "-_./:@%+,";
    return !word.empty() && std::ranges::all_of(word, [&](char c) { return letters.contains(c) || signs.contains(c); });
}

}  // namespace

std::string in_quotes(std::string_view text) {
    auto result = std::string{"'"};
    for (const char c : text) result += c == '\'' ? std::string{R"('\'')"} : std::string{c};
    return result + "'";
}

std::string command_with(const std::vector<std::string>& words) {
    auto command = std::string{"ilpctl"};
    for (const std::string& word : words) command.append(" ").append(is_plain(word) ? word : in_quotes(word));
    return command;
}

std::vector<std::string> words_for_next_page(std::vector<std::string> words, const std::string& cursor) {
    const auto end_of_options = std::ranges::find(words, "--");
    auto next = std::vector<std::string>{};
    for (auto word = words.begin(); word != end_of_options; ++word) {
        if (word->starts_with(std::string{after_option} + "=")) continue;
        if (*word != after_option) {
            next.push_back(*word);
        } else if (word + 1 != end_of_options) {
            ++word;  // its value
        }
    }
    next.emplace_back(after_option);
    next.push_back(cursor);
    next.insert(next.end(), end_of_options, words.end());
    return next;
}

}  // namespace connector::ilpctl

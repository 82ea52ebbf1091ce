#include "connector/ilpctl/verb_check.hpp"

#include "config/text.hpp"
#include "connector/ilpctl/completion.hpp"
#include "connector/ilpctl/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace connector::ilpctl {
namespace {

constexpr std::string_view advice_on_verbs = "`ilpctl help` explains them";

std::vector<std::string_view> names_of(const std::vector<const CLI::App*>& verbs) {
    auto names = std::vector<std::string_view>{};
    for (const CLI::App* verb : verbs) names.push_back(verb->get_name());
    return names;
}

/// The verb that was probably meant, such as "peer list" for "lst" after "peer", or all that have this name below other
/// verbs, with quotation marks between them.
std::string meant_by(const CLI::App& tree, const std::string& path, const std::string& word,
                     const std::vector<std::string_view>& here) {
    const auto in_path = [&](std::string_view name) {
        return path.empty() ? std::string{name} : fmt::format("{} {}", path, name);
    };
    if (const auto close = config::nearest(word, here); !close.empty()) return in_path(close);
    const auto longer = std::ranges::find_if(here, [&](auto name) { return name.starts_with(word); });
    if (longer != here.end()) return in_path(*longer);
    const auto all = words_of(tree);
    auto elsewhere = std::vector<std::string_view>{};
    for (const auto& words : all) {
        if (words.path.ends_with(" " + word)) elsewhere.push_back(words.path);
    }
    return config::join(elsewhere, "\" or \"");
}

/// The option that `word` names, of this verb or of ilpctl itself; null if there is none.
const CLI::Option* option_of(const CLI::App& verb, const CLI::App& tree, const std::string& word) {
    const auto name = word.substr(0, word.find('='));
    const auto* const found = verb.get_option_no_throw(name);
    return found != nullptr ? found : tree.get_option_no_throw(name);
}

}  // namespace

std::optional<std::string> fault_of_verb(const CLI::App& tree, const std::vector<std::string>& words) {
    const CLI::App* verb = &tree;
    auto path = std::string{};
    auto is_value = false;
    for (const std::string& word : words) {
        const auto below = verb->get_subcommands({});
        if (below.empty()) return std::nullopt;
        if (std::exchange(is_value, false)) continue;
        if (word == "--help" || word == "-h" || word == "--version") return std::nullopt;
        if (word.starts_with('-')) {
            const auto* const option = option_of(*verb, tree, word);
            is_value = option != nullptr && takes_value(*option) && !word.contains('=');
            continue;
        }
        const auto next = std::ranges::find(below, word, [](const CLI::App* app) { return app->get_name(); });
        if (next == below.end()) {
            const auto names = names_of(below);
            const auto meant = meant_by(tree, path, word, names);
            return fmt::format("there is no verb \"{}\"{}\n{}: {}; {}",
                               printable(path.empty() ? word : path + " " + word),
                               meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant),
                               path.empty() ? "The verbs are" : fmt::format("The verbs after \"{}\" are", path),
                               config::join(names, ", "), advice_on_verbs);
        }
        verb = *next;
        path += (path.empty() ? "" : " ") + word;
    }
    const auto below = verb->get_subcommands({});
    if (below.empty()) return std::nullopt;
    return fmt::format("{}: {}; {}", path.empty() ? "a verb is missing" : fmt::format("\"{}\" needs a verb", path),
                       config::join(names_of(below), ", "), advice_on_verbs);
}

}  // namespace connector::ilpctl

#include "connector/ilpctl/completion.hpp"

#include "connector/ilpctl/shell_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace connector::ilpctl {
namespace {

void collect(const CLI::App& verb, const std::string& path, std::vector<verb_words>& into) {
    auto words = verb_words{.path = path, .verb = &verb, .verbs = verb.get_subcommands({}), .options = {}};
    for (const CLI::Option* option : verb.get_options())
        if (option->nonpositional() && !option->get_lnames().empty()) words.options.push_back(option);
    const auto below = words.verbs;
    into.push_back(std::move(words));
    for (const CLI::App* next : below)
        collect(*next, path.empty() ? next->get_name() : path + " " + next->get_name(), into);
}

/// Returns the options of the verb and those of ilpctl, which may also follow the verb.
std::vector<const CLI::Option*> options_at(const verb_words& words, const verb_words& root) {
    auto options = words.options;
    auto names = std::set<std::string>{};
    for (const CLI::Option* option : options) names.insert(option_name(*option));
    for (const CLI::Option* option : root.options)
        if (option_name(*option) != "--version" && names.insert(option_name(*option)).second) options.push_back(option);
    return words.path.empty() ? root.options : options;
}

/// Returns the names of all options for which `wanted` is true, as a `case` pattern.
template <typename Wanted>
std::string pattern(const std::vector<verb_words>& tree, const Wanted& wanted) {
    auto names = std::set<std::string>{};
    for (const verb_words& words : tree)
        for (const CLI::Option* option : words.options)
            if (wanted(*option)) names.insert(option_name(*option));
    return fmt::format("{}", fmt::join(names, "|"));
}

/// The kind of names that a value of this type is one of, as `ilpctl completion names` knows it; empty if it is none.
/// An ACCOUNT is a receiving account at the verbs for accounts and payments, and a peer or an asset elsewhere.
std::string_view kind_of_names(std::string_view type, std::string_view path) {
    const bool is_about_receivers = path.starts_with("account") || path.starts_with("pay");
    if (type == "PEER") return "peers";
    if (type == "ASSET") return "assets";
    if (type == "ACCOUNT") return is_about_receivers ? "accounts" : "owners";
    if (type == "ADDRESS" && path != "peer create") return "peers";
    return {};
}

/// The same for the first argument of a verb.
std::string_view names_of_argument(const verb_words& words) {
    for (const CLI::Option* option : words.verb->get_options())
        if (!option->nonpositional()) return kind_of_names(option->get_name(), words.path);
    return {};
}

/// The names of options whose values are names of this kind, as a `case` pattern; a pattern that nothing matches if
/// there are none.
std::string pattern_of_names(const std::vector<verb_words>& tree, std::string_view kind) {
    auto names = std::set<std::string>{};
    for (const verb_words& words : tree)
        for (const CLI::Option* option : words.options)
            if (kind_of_names(option->get_type_name(), words.path) == kind) names.insert(option_name(*option));
    return names.empty() ? "--" : fmt::format("{}", fmt::join(names, "|"));
}

/// Returns the paths of all verbs as a `case` pattern; the script uses it to extend the current path word by word.
std::string steps(const std::vector<verb_words>& tree) {
    auto paths = std::vector<std::string>{};
    for (const verb_words& words : tree)
        if (!words.path.empty()) paths.push_back("'" + words.path + "'");
    return fmt::format("{}", fmt::join(paths, "|"));
}

// The names that the daemon knows are read line by line and compared as text, so a shell never interprets them.

constexpr auto bash_template = R"(# bash completion for ilpctl: source <(ilpctl completion bash)
_ilpctl_names() {{
    local name
    while IFS= read -r name; do
        if [[ $name == "$2"* ]]; then COMPREPLY+=("$name"); fi
    done < <(ilpctl --timeout 2s completion names "$1" 2>/dev/null)
}}
_ilpctl() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} path= word verbs= options= names= skip= i
    COMPREPLY=()
    # --option=value comes as three words.
    if [[ $before == '=' ]]; then before=${{COMP_WORDS[COMP_CWORD - 2]}}; fi
    if [[ $current == '=' ]]; then current= before=${{COMP_WORDS[COMP_CWORD - 1]}}; fi
    case $before in
    {files})
        compopt -o filenames 2>/dev/null || :
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    {peers}) _ilpctl_names peers "$current"; return ;;
    {assets}) _ilpctl_names assets "$current"; return ;;
    {accounts}) _ilpctl_names accounts "$current"; return ;;
    {values}) return ;;
    esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${{COMP_WORDS[i]}}
        if [[ $word == '=' ]]; then skip=yes; continue; fi
        if [[ $skip ]]; then skip=; continue; fi
        case $word in
        {values}) skip=yes; continue ;;
        -*) continue ;;
        esac
        case "${{path:+$path }}$word" in
        {steps}) path="${{path:+$path }}$word" ;;
        esac
    done
    case $path in
{cases}    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [[ $names ]]; then
        _ilpctl_names "$names" "$current"
    else
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
    fi
}}
complete -F _ilpctl ilpctl
)";

constexpr auto zsh_template = R"(#compdef ilpctl
# zsh completion for ilpctl: a file _ilpctl in a folder of $fpath, or source <(ilpctl completion zsh)
_ilpctl_names() {{
    local listed
    local -a names
    listed=$(ilpctl --timeout 2s completion names $1 2>/dev/null)
    names=(${{(f)listed}})
    compadd -a names
}}
_ilpctl() {{
    local before=${{words[CURRENT - 1]}} at= word skip= names=
    local -a verbs options
    if [[ $PREFIX == (${{~:-{files}}})=* ]]; then compset -P '*='; _files; return; fi
    case $before in
    ({files}) _files; return ;;
    ({peers}) _ilpctl_names peers; return ;;
    ({assets}) _ilpctl_names assets; return ;;
    ({accounts}) _ilpctl_names accounts; return ;;
    ({values}) return 1 ;;
    esac
    for word in ${{words[2,CURRENT - 1]}}; do
        if [[ -n $skip ]]; then skip=; continue; fi
        case $word in
        ({values}) skip=yes; continue ;;
        (-*) continue ;;
        esac
        case "${{at:+$at }}$word" in
        ({steps}) at="${{at:+$at }}$word" ;;
        esac
    done
    case $at in
{cases}    esac
    if [[ $PREFIX == -* ]]; then
        _describe -o option options
    elif [[ -n $names ]]; then
        _ilpctl_names $names
    elif (( $#verbs )); then
        _describe verb verbs
    fi
}}
if [[ $funcstack[1] == _ilpctl ]]; then _ilpctl "$@"; else compdef _ilpctl ilpctl; fi
)";

constexpr auto fish_template = R"(# fish completion for ilpctl: ilpctl completion fish | source
function __ilpctl_is_at
    set -l path
    set -l skip
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip
            continue
        end
        switch $word
            case {values}
                set skip yes
                continue
            case '-*'
                continue
        end
        switch "$path $word"
            case {steps}
                set path "$path $word"
        end
    end
    test "$path" = "$argv[1]"
end
complete -c ilpctl -f
{lines})";

/// Quotes any text for fish, in which a backslash has a meaning between single quotes, too.
std::string in_fish_quotes(std::string_view text) {
    auto result = std::string{"'"};
    for (const char c : text) result += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string{c};
    return result + "'";
}

/// The path as __ilpctl_is_at builds it: each word after a space.
std::string fish_path(const verb_words& words) {
    return words.path.empty() ? "''" : "' " + words.path + "'";
}

std::string fish_names(std::string_view kind) {
    return fmt::format("'(ilpctl --timeout 2s completion names {} 2>/dev/null)'", kind);
}

}  // namespace

std::vector<verb_words> words_of(const CLI::App& tree) {
    auto all = std::vector<verb_words>{};
    collect(tree, "", all);
    return all;
}

std::string option_name(const CLI::Option& option) {
    return "--" + option.get_lnames().front();
}

bool takes_value(const CLI::Option& option) {
    return option.get_items_expected_max() > 0;
}

bool takes_file(const CLI::Option& option) {
    return takes_value(option) && option.get_type_name() == "FILE";
}

std::string bash_completion(const CLI::App& tree) {
    const auto all = words_of(tree);
    auto cases = std::string{};
    for (const verb_words& words : all) {
        auto verbs = std::vector<std::string>{};
        for (const CLI::App* verb : words.verbs) verbs.push_back(verb->get_name());
        auto options = std::vector<std::string>{};
        for (const CLI::Option* option : options_at(words, all.front())) options.push_back(option_name(*option));
        const auto names = names_of_argument(words);
        cases += fmt::format("    '{}') verbs='{}' options='{}'{} ;;\n", words.path, fmt::join(verbs, " "),
                             fmt::join(options, " "), names.empty() ? "" : fmt::format(" names={}", names));
    }
    return fmt::format(
        bash_template, fmt::arg("files", pattern(all, takes_file)), fmt::arg("peers", pattern_of_names(all, "peers")),
        fmt::arg("assets", pattern_of_names(all, "assets")), fmt::arg("accounts", pattern_of_names(all, "accounts")),
        fmt::arg("values", pattern(all, takes_value)), fmt::arg("steps", steps(all)), fmt::arg("cases", cases));
}

std::string zsh_completion(const CLI::App& tree) {
    const auto all = words_of(tree);
    auto cases = std::string{};
    for (const verb_words& words : all) {
        auto verbs = std::string{};
        for (const CLI::App* verb : words.verbs)
            verbs += " " + in_quotes(verb->get_name() + ":" + verb->get_description());
        auto options = std::string{};
        for (const CLI::Option* option : options_at(words, all.front()))
            options += " " + in_quotes(option_name(*option) + ":" + option->get_description());
        const auto names = names_of_argument(words);
        cases += fmt::format("    ('{}') verbs=({}) options=({}){} ;;\n", words.path, verbs, options,
                             names.empty() ? "" : fmt::format(" names={}", names));
    }
    return fmt::format(
        zsh_template, fmt::arg("files", pattern(all, takes_file)), fmt::arg("peers", pattern_of_names(all, "peers")),
        fmt::arg("assets", pattern_of_names(all, "assets")), fmt::arg("accounts", pattern_of_names(all, "accounts")),
        fmt::arg("values", pattern(all, takes_value)), fmt::arg("steps", steps(all)), fmt::arg("cases", cases));
}

std::string fish_completion(const CLI::App& tree) {
    const auto all = words_of(tree);
    auto values = std::set<std::string>{};
    auto steps = std::vector<std::string>{};
    auto lines = std::string{};
    for (const verb_words& words : all) {
        const std::string path = fish_path(words);
        if (!words.path.empty()) steps.push_back(path);
        for (const CLI::App* verb : words.verbs)
            lines += fmt::format("complete -c ilpctl -n \"__ilpctl_is_at {}\" -a {} -d {}\n", path, verb->get_name(),
                                 in_fish_quotes(verb->get_description()));
        if (const auto names = names_of_argument(words); !names.empty())
            lines += fmt::format("complete -c ilpctl -n \"__ilpctl_is_at {}\" -a {}\n", path, fish_names(names));
        for (const CLI::Option* option : options_at(words, all.front())) {
            if (takes_value(*option)) values.insert(option_name(*option));
            auto value = std::string{takes_file(*option) ? " -r -F" : takes_value(*option) ? " -x" : ""};
            if (const auto names = kind_of_names(option->get_type_name(), words.path); !names.empty())
                value += " -a " + fish_names(names);
            lines += fmt::format("complete -c ilpctl -n \"__ilpctl_is_at {}\" -l {}{} -d {}\n", path,
                                 option_name(*option).substr(2), value, in_fish_quotes(option->get_description()));
        }
    }
    return fmt::format(fish_template, fmt::arg("values", fmt::join(values, " ")),
                       fmt::arg("steps", fmt::join(steps, " ")), fmt::arg("lines", lines));
}

}  // namespace connector::ilpctl

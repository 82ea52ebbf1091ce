#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace connector::ilpctl {

/// A verb with its options, for shell completion and the manual page.
struct verb_words {
    std::string path;  ///< such as "peer show"; empty for ilpctl itself
    const CLI::App* verb = nullptr;
    std::vector<const CLI::App*> verbs;       ///< its subcommands
    std::vector<const CLI::Option*> options;  ///< its own, without positional arguments
};

/// Lists the whole tree; each verb precedes its subcommands.
std::vector<verb_words> words_of(const CLI::App& tree);

/// Returns the long name including its dashes.
std::string option_name(const CLI::Option& option);
bool takes_value(const CLI::Option& option);
bool takes_file(const CLI::Option& option);

/// Returns a shell script to source. It is generated from the tree, so it always matches the program.
std::string bash_completion(const CLI::App& tree);
std::string zsh_completion(const CLI::App& tree);
std::string fish_completion(const CLI::App& tree);

}  // namespace connector::ilpctl

#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace connector::ilpctl {

/// A verb with its options, as shells and the manual page see them.
struct verb_words {
    std::string path;  ///< such as "peer show"; empty for ilpctl itself
    const CLI::App* verb = nullptr;
    std::vector<const CLI::App*> verbs;       ///< below it
    std::vector<const CLI::Option*> options;  ///< its own, without positional ones
};

/// The whole tree, each verb in front of those below it.
std::vector<verb_words> words_of(const CLI::App& tree);

/// Long name with its dashes.
std::string option_name(const CLI::Option& option);
bool takes_value(const CLI::Option& option);
bool takes_file(const CLI::Option& option);

/// A script to source; made of the tree, so that it knows what the program knows.
std::string bash_completion(const CLI::App& tree);
std::string zsh_completion(const CLI::App& tree);

}  // namespace connector::ilpctl

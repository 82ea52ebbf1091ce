#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace connector::ilpctl {

/// Looks for the verb in the words of a command line. Returns a message if a word in the place of a verb is not a verb,
/// or if a verb is missing: it repeats the word, suggests what may be meant, and lists the verbs. Returns nullopt if
/// there is a verb; whether its arguments are right is not checked, nor is anything after --help or --version.
std::optional<std::string> fault_of_verb(const CLI::App& tree, const std::vector<std::string>& words);

}  // namespace connector::ilpctl

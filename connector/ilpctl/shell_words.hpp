#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace connector::ilpctl {

/// Quotes any text for a shell.
std::string in_quotes(std::string_view text);

/// The command line of ilpctl with these words, as it is typed in a shell: words are quoted if they need it.
std::string command_with(const std::vector<std::string>& words);

/// The words of the command that lists what follows `cursor`, if `words` are those of the command that ended there.
std::vector<std::string> words_for_next_page(std::vector<std::string> words, const std::string& cursor);

}  // namespace connector::ilpctl

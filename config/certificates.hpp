#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace config {

inline constexpr std::size_t certificates_size_max = 64 * 1024;  ///< bytes of text, with comments

/// The certificates in a text in PEM form, without the comments around them. The error completes "it ..." or a path: it
/// says why the text cannot be used. A private key in the text is one of the reasons, because what is returned is not
/// kept secret.
std::expected<std::string, std::string> certificates_in(std::string_view text);

/// The same for a file. It must be a regular one, so that no pipe or device can hold up whoever reads it.
std::expected<std::string, std::string> certificates_in_file(const std::string& path);

}  // namespace config

#pragma once

#include <span>
#include <string_view>

/// The console: the pages by which an operator's browser uses the Admin API.
namespace connector::console {

/// One of the files in connector/console/files, which are part of the program.
struct file {
    std::string_view path;  ///< as requested, such as "/console.css"
    std::string_view content_type;
    std::string_view body;
};

std::span<const file> files() noexcept;

/// Null if there is no such file. "/" is the page.
const file* find(std::string_view path) noexcept;

/// The Content-Security-Policy of the page, which uses nothing but these files and the Admin API beside them.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

}  // namespace connector::console

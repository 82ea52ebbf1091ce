#include "config/secret_file.hpp"

#include "config/section.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace config {
namespace {

void remove_line_break(std::string& text) {
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
}

}  // namespace

std::expected<std::string, std::string> read_secret_file(const std::string& path) {
    const auto failed = [] { return std::unexpected{"cannot be read: " + std::generic_category().message(errno)}; };
    if (path.contains('\0')) return std::unexpected{"is not the name of a file"};
    // Opening a pipe could wait for ever.
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return failed();
    if (!S_ISREG(status.st_mode)) return std::unexpected{"is not a regular file"};
    const auto close = [](std::FILE* file) { std::fclose(file); };
    const auto file = std::unique_ptr<std::FILE, decltype(close)>{std::fopen(path.c_str(), "rbe"), close};
    if (file == nullptr) return failed();
    auto text = std::string(secret_file_size_max + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) != 0) return failed();
    if (text.size() > secret_file_size_max)
        return std::unexpected{"is larger than " + std::to_string(secret_file_size_max) + " bytes"};
    remove_line_break(text);
    if (text.empty()) return std::unexpected{"is empty"};
    return text;
}

std::vector<std::string> lines_of(std::string_view text) {
    auto lines = std::vector<std::string>{};
    while (!text.empty()) {
        const auto size = std::min(text.find('\n'), text.size());
        auto line = std::string{text.substr(0, size)};
        remove_line_break(line);
        if (!line.empty()) lines.push_back(std::move(line));
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    return lines;
}

}  // namespace config

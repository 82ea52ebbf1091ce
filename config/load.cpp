#include "config/load.hpp"

#include "config/check.hpp"
#include "config/document.hpp"
#include "config/schema.hpp"
#include "config/section.hpp"
#include "config/store_password.hpp"
#include "config/text.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

namespace config {
namespace {

std::expected<std::string, std::string> read_file(const std::string& path) {
    const auto failed = [] { return std::unexpected{"cannot be read: " + std::generic_category().message(errno)}; };
    const auto close = [](std::FILE* file) { std::fclose(file); };
    const auto file = std::unique_ptr<std::FILE, decltype(close)>{std::fopen(path.c_str(), "rbe"), close};
    if (file == nullptr) return failed();
    auto text = std::string{};
    // Reads up to one byte over the limit so that the parser sees the excess and refuses the file.
    while (text.size() <= file_size_max) {
        constexpr std::size_t piece = 64 * 1024;
        const auto before = text.size();
        text.resize(before + piece);
        const auto got = std::fread(text.data() + before, 1, piece, file.get());
        text.resize(before + got);
        if (got == piece) continue;
        if (std::ferror(file.get()) != 0) return failed();
        break;
    }
    return text;
}

}  // namespace

std::string to_string(const problem& problem) {
    auto result = escaped(problem.file);
    if (problem.line > 0) result += ":" + std::to_string(problem.line);
    result += ": ";
    if (!problem.key.empty()) result += problem.key + ": ";
    return result + problem.message;
}

environment process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        const auto* value = std::getenv(std::string{name}.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
    };
}

std::expected<settings, std::vector<problem>> load_file(const std::string& path, const environment& variables) {
    const auto text = read_file(path);
    if (!text) return std::unexpected{std::vector{problem{path, 0, {}, text.error()}}};
    return load_text(*text, path, variables);
}

std::expected<settings, std::vector<problem>> load_text(std::string_view yaml, const std::string& file_name,
                                                        const environment& variables) {
    const auto root = parse_document(yaml);
    if (!root) return std::unexpected{std::vector{problem{file_name, root.error().line, {}, root.error().message}}};
    auto in = reader{file_name, variables};
    auto result = settings{};
    schema().read({&*root, root->line}, nullptr, in, result);
    // A password that comes from a variable is not in the file, so its URL is not either.
    const bool has_literal_password = has_password(result.store.url) && yaml.contains(result.store.url);
    result.has_literal_secret = in.has_literal_secret() || has_literal_password;
    result.secret_files = in.take_secret_files();
    check(result, *root, in);
    if (auto problems = in.take_problems(); !problems.empty()) return std::unexpected{std::move(problems)};
    return result;
}

}  // namespace config

#include "connector/ilpctl/table.hpp"

#include "config/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace connector::ilpctl {
namespace {

constexpr std::string_view gap = "  ";

struct character {
    char32_t code = 0;
    std::size_t size = 0;  ///< bytes
};

/// Returns nullopt if the bytes are not valid UTF-8.
std::optional<character> first_character(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return character{lead, 1};
    const std::size_t size = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 ? 2 : 0;
    if (size == 0 || lead >= 0xf5 || text.size() < size) return std::nullopt;
    char32_t code = lead & (0xffU >> (size + 1));
    for (std::size_t at = 1; at < size; ++at) {
        if ((byte(at) & 0xc0U) != 0x80U) return std::nullopt;
        code = (code << 6U) | (byte(at) & 0x3fU);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return std::nullopt;
    return character{code, size};
}

std::size_t width(std::string_view printable_text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(printable_text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

constexpr std::string_view csv_line_end = "\r\n";

std::string csv_field(std::string_view cell) {
    const bool is_formula = !cell.empty() && std::string_view{"=+-@"}.contains(cell.front()) && cell != "-";
    auto text = (is_formula ? "'" : "") + std::string{cell};
    if (text.find_first_of(",\"") == std::string::npos) return text;
    for (auto at = text.find('"'); at != std::string::npos; at = text.find('"', at + 2)) text.insert(at, 1, '"');
    return '"' + text + '"';
}

}  // namespace

std::string printable(std::string_view text) {
    auto result = std::string{};
    while (!text.empty()) {
        const auto next = first_character(text);
        if (!next) {
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
            text.remove_prefix(1);
            continue;
        }
        const auto code = static_cast<std::uint32_t>(next->code);
        if (config::is_visible_character(next->code) && next->code != '\\') {
            result += text.substr(0, next->size);
        } else if (next->code == '\\') {
            result += R"(\\)";
        } else if (next->code < 0x80) {
            result += fmt::format("\\x{:02x}", code);
        } else {
            result += fmt::format("\\u{:04x}", code);
        }
        text.remove_prefix(next->size);
    }
    return result;
}

void table::add(std::vector<std::string> cells) {
    for (std::string& cell : cells) cell = printable(cell);
    rows_.push_back(std::move(cells));
}

std::string table::text() const {
    auto widths = std::vector<std::size_t>{};
    for (const column& column : columns_) widths.push_back(column.heading.size());
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));

    auto result = std::string{};
    const auto append_row = [&](const auto& cell_of) {
        auto line = std::string{};
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const std::string& cell = cell_of(i);
            const auto padding = std::string(widths[i] - width(cell), ' ');
            if (i > 0) line += gap;
            line += columns_[i].align == alignment::right ? padding + cell : cell + padding;
        }
        line.resize(line.find_last_not_of(' ') + 1);
        result += line + "\n";
    };
    append_row([&](std::size_t i) -> const std::string& { return columns_[i].heading; });
    for (const auto& row : rows_) append_row([&](std::size_t i) -> const std::string& { return row[i]; });
    return result;
}

std::string table::csv() const {
    auto result = std::string{};
    for (std::size_t i = 0; i < columns_.size(); ++i) result += (i == 0 ? "" : ",") + csv_field(columns_[i].heading);
    result += csv_line_end;
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) result += (i == 0 ? "" : ",") + csv_field(row[i]);
        result += csv_line_end;
    }
    return result;
}

void sheet::add(std::string name, std::string_view value) {
    lines_.emplace_back(std::move(name), printable(value));
}

std::string sheet::text() const {
    std::size_t widest = 0;
    for (const auto& [name, value] : lines_) widest = std::max(widest, name.size());
    auto result = std::string{};
    for (const auto& [name, value] : lines_)
        result.append(name).append(widest - name.size(), ' ').append(gap).append(value).append("\n");
    return result;
}

}  // namespace connector::ilpctl

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector::ilpctl {

/// Makes text safe for a terminal: characters that cannot be seen or that change the writing direction, bytes that are
/// not UTF-8, and the backslash itself become escapes such as \x1b and \u202e.
std::string printable(std::string_view text);

enum class alignment : std::uint8_t { left, right };

/// Columns with headings, each as wide as its widest cell. Cells are made printable.
class table {
public:
    struct column {
        std::string heading;
        alignment align = alignment::left;
    };

    explicit table(std::vector<column> columns) : columns_{std::move(columns)} {}

    /// Precondition: one cell per column.
    void add(std::vector<std::string> cells);

    std::string text() const;

    /// The same as comma-separated values (RFC 4180). A cell that a spreadsheet would take for a formula begins with an
    /// apostrophe.
    std::string csv() const;

private:
    std::vector<column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

/// The names and values of one thing, one per line.
class sheet {
public:
    void add(std::string name, std::string_view value);
    std::string text() const;

private:
    std::vector<std::pair<std::string, std::string>> lines_;
};

}  // namespace connector::ilpctl

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector::ilpctl {

/// What a terminal may be given: control characters, characters that turn the direction of writing, and octets that are
/// no UTF-8 become escapes such as \x1b and \u202e; so does the backslash.
std::string printable(std::string_view text);

enum class alignment : std::uint8_t { left, right };

/// Columns with headings, as wide as what stands in them. Cells are made printable.
class table {
public:
    struct column {
        std::string heading;
        alignment align = alignment::left;
    };

    explicit table(std::vector<column> columns) : columns_{std::move(columns)} {}

    /// Precondition: a cell for each column.
    void add(std::vector<std::string> cells);

    std::string text() const;

private:
    std::vector<column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

/// Names and values of one thing, a line each.
class sheet {
public:
    void add(std::string name, std::string_view value);
    std::string text() const;

private:
    std::vector<std::pair<std::string, std::string>> lines_;
};

}  // namespace connector::ilpctl

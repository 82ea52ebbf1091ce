#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace config {

/// Writes a reference page in Markdown: paragraphs, and tables row by row.
class reference_writer {
public:
    void paragraph(std::string_view text);
    void heading(std::string_view key, std::string_view about);
    /// Sets the column titles of the following tables; they must have static storage. A table begins with the first row
    /// after a paragraph.
    void columns(std::initializer_list<std::string_view> titles);
    /// A cell is one line of Markdown; its vertical bars are escaped here.
    void row(std::initializer_list<std::string_view> cells);
    std::string take() { return std::move(out_); }

private:
    void line(const std::vector<std::string_view>& cells);

    std::string out_;
    std::vector<std::string_view> titles_;
    bool in_table_ = false;
};

}  // namespace config

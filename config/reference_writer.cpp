#include "config/reference_writer.hpp"

namespace config {
namespace {

/// A vertical bar would end the cell, also between backticks.
void append_cell(std::string& line, std::string_view text) {
    for (const char c : text) line.append(c == '|' ? "\\" : "").append(1, c);
}

}  // namespace

void reference_writer::paragraph(std::string_view text) {
    if (!out_.empty()) out_ += '\n';
    out_.append(text).append("\n");
    in_table_ = false;
}

void reference_writer::heading(std::string_view key, std::string_view about) {
    paragraph("## " + std::string{key});
    paragraph(about);
}

void reference_writer::columns(std::initializer_list<std::string_view> titles) {
    titles_ = titles;
    in_table_ = false;
}

void reference_writer::row(std::initializer_list<std::string_view> cells) {
    if (!in_table_) {
        out_ += '\n';
        line(titles_);
        line(std::vector<std::string_view>(titles_.size(), "---"));
        in_table_ = true;
    }
    line(cells);
}

void reference_writer::line(const std::vector<std::string_view>& cells) {
    out_ += '|';
    for (const std::string_view cell : cells) {
        out_ += cell.empty() ? "" : " ";
        append_cell(out_, cell);
        out_ += " |";
    }
    out_ += '\n';
}

}  // namespace config

#pragma once

#include "config/settings_reference.hpp"

#include <string>
#include <string_view>

namespace config {

/// A reference as the source of a manual page (man(7)), without the sections around it. What is between backticks
/// becomes bold, and a link its text.
class manual_page final : public settings_reference {
public:
    void paragraph(std::string_view text) override;
    void heading(std::string_view key, std::string_view about) override;
    void row(const setting_row& row) override;

    /// Appends a request, such as ".SH FILES", or lines that are man(7) already.
    void lines(std::string_view source);

    const std::string& text() const noexcept { return out_; }

private:
    std::string out_;
};

/// Markdown of one paragraph as the lines of a manual page, each of which ends with a line break.
std::string to_roff(std::string_view markdown);

}  // namespace config

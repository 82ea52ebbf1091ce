#pragma once

#include <string_view>

namespace config {

/// One setting in a reference. Each text is one line of Markdown.
struct setting_row {
    std::string_view key;      ///< the full key, between backticks
    std::string_view value;    ///< what may be there
    std::string_view initial;  ///< the default, or what its absence means
    std::string_view about;
};

/// Takes the settings in their order, section by section, and writes a reference of them.
class settings_reference {
public:
    settings_reference() = default;
    settings_reference(const settings_reference&) = delete;
    settings_reference& operator=(const settings_reference&) = delete;
    virtual ~settings_reference() = default;

    /// `text` is Markdown and may have line breaks.
    virtual void paragraph(std::string_view text) = 0;
    virtual void heading(std::string_view key, std::string_view about) = 0;
    virtual void row(const setting_row& row) = 0;
};

}  // namespace config

#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

inline constexpr std::size_t file_size_max = 64 * 1024 * 1024;  ///< enough for a hundred thousand peers
inline constexpr std::size_t node_count_max = 4'000'000;        ///< keys and values in one file
inline constexpr std::size_t nesting_max = 16;                  ///< the settings need 6

enum class node_kind : std::uint8_t { nothing, scalar, sequence, mapping };

/// One value of a YAML document. A scalar is text, quoted or not; the setting it belongs to decides what the text
/// means.
struct node {
    node_kind kind = node_kind::nothing;
    bool is_literal = false;  ///< comes from a file of its own: `${NAME}` in it is not replaced
    std::uint32_t line = 1;
    std::string text;            ///< text of a scalar
    std::vector<node> children;  ///< elements of a sequence; for a mapping: key, value, key, value, ...
};

/// The path to a value: a linked list on the stack of the code that walks the document. It is turned into text only to
/// report a problem.
struct key_path {
    const key_path* parent = nullptr;
    std::string_view name;             ///< name of a key
    std::optional<std::size_t> index;  ///< index of an element, which has no name

    /// Returns the path as text, such as "peers[0].http.incoming", with names escaped.
    std::string text() const;
};

/// Returns the line of the key or element, or of the closest enclosing one that the document contains.
std::uint32_t line_of(const node& root, const key_path& path);

struct document_error {
    std::uint32_t line = 0;
    std::string message;
};

/// Parses a deliberate subset of YAML: one document, no tags, anchors or aliases, UTF-8 without control characters.
std::expected<node, document_error> parse_document(std::string_view yaml);

}  // namespace config

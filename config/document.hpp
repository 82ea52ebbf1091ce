#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

inline constexpr std::size_t file_size_max = 64 * 1024 * 1024;  ///< a hundred thousand peers fit
inline constexpr std::size_t node_count_max = 4'000'000;        ///< keys and values of one file
inline constexpr std::size_t nesting_max = 16;                  ///< the settings need 6

enum class node_kind : std::uint8_t { nothing, scalar, sequence, mapping };

/// One value of a YAML document. Scalars are text, whether quoted or not: the setting decides what the text means.
struct node {
    node_kind kind = node_kind::nothing;
    std::uint32_t line = 1;
    std::string text;            ///< of a scalar
    std::vector<node> children;  ///< of a sequence; of a mapping: key, value, key, value, ...
};

/// Where a value stands: a chain that lives on the stack of whoever walks the document, and becomes text only when
/// there is a problem to report.
struct key_path {
    const key_path* parent = nullptr;
    std::string_view name;             ///< of a key
    std::optional<std::size_t> index;  ///< of an element, then without a name

    /// "peers[0].http.incoming"; names are escaped.
    std::string text() const;
};

/// The line of the key, of the element, or of the nearest thing around it that the document has.
std::uint32_t line_of(const node& root, const key_path& path);

struct document_error {
    std::uint32_t line = 0;
    std::string message;
};

/// A subset of YAML on purpose: one document, no tags, no anchors, no aliases, UTF-8 without control characters.
std::expected<node, document_error> parse_document(std::string_view yaml);

}  // namespace config

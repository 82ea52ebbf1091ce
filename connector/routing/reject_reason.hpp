#pragma once

#include "ilp/error_code.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace connector {

/// Every reason for which this node itself refuses a Prepare; reject_reasons.def lists them.
enum class reject_reason : std::uint8_t {
#define REJECT_REASON(identifier, code, message) identifier,
#include "connector/routing/reject_reasons.def"
#undef REJECT_REASON
};

inline constexpr int reject_reason_count = static_cast<int>(std::initializer_list<int>{
#define REJECT_REASON(identifier, code, message) 0,
#include "connector/routing/reject_reasons.def"
#undef REJECT_REASON
}
                                                                .size());

struct reject_text {
    std::string_view identifier;  ///< the enumerator's name, for metrics and the log
    ilp::error_code code;
    std::string_view message;
};

const reject_text& describe(reject_reason reason) noexcept;

/// The list of reasons in Markdown, byte for byte the contents of docs/operating/reject-reasons.md.
std::string reject_reasons_markdown();

}  // namespace connector

#pragma once

#include "connector/metrics/counters.hpp"
#include "connector/metrics/families.hpp"
#include "ilp/error_code.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Series that a peer and the daemon itself have alike.
namespace connector::metrics {

/// Calls `add(count, type, code)` for each kind of packet that has occurred.
template <typename Add>
void for_each_kind(const packet_counters& counted, const Add& add_any) {
    const auto add = [&](std::uint64_t count, std::string_view type, std::string_view code) {
        if (count != 0) add_any(static_cast<double>(count), type, code);
    };
    add(counted.prepares, "prepare", "");
    add(counted.fulfills, "fulfill", "");
    for (std::size_t i = 0; i < counted.rejects.size(); ++i) {
        const bool known = i < static_cast<std::size_t>(ilp::error_code_count);
        add(counted.rejects[i], "reject", known ? ilp::code_text(static_cast<ilp::error_code>(i)) : "other");
    }
}

/// The series of what this node has refused itself of what `sender` sent.
void add_refusals(families& out, const refusal_counters& refusals, std::string_view sender);

}  // namespace connector::metrics

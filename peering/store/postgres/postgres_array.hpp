#pragma once

#include "ilp/bytes.hpp"
#include "ilp/timestamp.hpp"
#include "peering/records/account.hpp"
#include "peering/records/wide_amount.hpp"

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace peering {

/// The text form of a PostgreSQL array parameter.
class postgres_array {
public:
    void add(wide_amount number) {
        wide_amount_buffer buffer;
        next() += to_text(number, buffer);
    }
    void add(account_id id) { add(wide_amount{std::to_underlying(id)}); }
    void add(std::same_as<bool> auto value) { next() += value ? 't' : 'f'; }
    void add(ilp::timestamp time);
    /// Throws if the text contains a NUL character, which the server cannot store.
    void add(std::string_view text);
    void add(const std::string& text) { add(std::string_view{text}); }
    /// Adds a bytea.
    void add(ilp::bytes_view octets);
    void add_null() { next() += "NULL"; }
    template <class Value>
    void add(const std::optional<Value>& value) {
        if (value) {
            add(*value);
        } else {
            add_null();
        }
    }

    /// The pointer is valid until the next change.
    const char* finish() {
        text_ += '}';
        return text_.c_str();
    }

private:
    std::string& next() {
        if (text_.size() > 1) text_ += ',';
        return text_;
    }

    std::string text_ = "{";
};

}  // namespace peering

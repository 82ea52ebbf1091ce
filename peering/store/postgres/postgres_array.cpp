#include "peering/store/postgres/postgres_array.hpp"

#include "peering/store/postgres/postgres_connection.hpp"

#include <fmt/format.h>

#include <iterator>

namespace peering {

void postgres_array::add(ilp::timestamp time) {
    fmt::format_to(std::back_inserter(next()), "{}", time.time_since_epoch().count());
}

void postgres_array::add(std::string_view text) {
    if (text.contains('\0')) {
        throw postgres_failure{"a text contains a NUL character", postgres_failure::character_not_in_repertoire};
    }
    next() += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') text_ += '\\';
        text_ += c;
    }
    text_ += '"';
}

void postgres_array::add(ilp::bytes_view octets) {
    next() += R"("\\x)";
    for (const ilp::octet octet : octets) fmt::format_to(std::back_inserter(text_), "{:02x}", octet);
    text_ += '"';
}

}  // namespace peering

#pragma once

#include "peering/store/store.hpp"

#include <cstddef>
#include <cstdint>

namespace peering {

/// How many rows of a history are read at a time.
inline constexpr std::size_t history_page_size = 10'000;

/// Reads a history in portions, each in a read transaction of its own, because a long one would keep the database from
/// reclaiming space. Everything that has been summed up is read in the first transaction, together with the next rows:
/// a daemon may go on summing up meanwhile, and a sum grows. Returns false if it has summed up rows before they were
/// read, so that some are missing; rows that were read before do not matter.
///
/// `book` has begin() and end() for a transaction; last_number() and summed_up_to(); accounts(visitor); and
/// page(after, last, each), which calls each(row) for up to history_page_size rows with numbers above `after`, up to
/// `last`, until that returns false.
template <class Book>
bool visit_history_in_pages(Book& book, history_visitor& visitor) {
    book.begin();
    book.accounts(visitor);
    const std::uint64_t last = book.last_number();
    std::uint64_t summed = book.summed_up_to();
    std::uint64_t position = 0;
    bool is_wanted = true;
    while (is_wanted) {
        std::size_t rows = 0;
        std::uint64_t begin = position;
        book.page(begin, last, [&](const listed_transfer& transfer) {
            ++rows;
            position = transfer.number;
            return is_wanted = visitor.transfer(transfer);
        });
        if (rows < history_page_size) break;
        if (begin < summed) continue;  // at least one page after what was summed up, to be ahead of the daemon
        book.end();
        book.begin();
        const std::uint64_t now_summed = book.summed_up_to();
        if (now_summed != summed && now_summed > position) {
            book.end();
            return false;
        }
        summed = now_summed;
    }
    book.end();
    return true;
}

inline constexpr const char* history_changed =
    "the daemon summed up transfers before they were exported: start the export again";

}  // namespace peering

#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace peering::sqlite {

/// A note of how far the book in a database has come, in a file of its own beside it. It outlives the database and its
/// write-ahead log, so that a start notices that the database has gone, or that it has lost transfers.
///
/// The mark is never ahead of what was committed. It survives the end of the process at any moment; after a power
/// failure it may be older than the database, which hides a loss but never invents one.
class book_mark {
public:
    /// The name does not begin with the database's, so that `rm ilpd.db*` leaves the mark.
    static std::string path_for(const std::string& database);

    /// The number of the last transfer that was committed to the database; 0 if there was none, or if there is no mark
    /// that can be read.
    static std::uint64_t read(const std::string& database);

    /// Opens or creates the mark of the database. The error is a sentence for the operator.
    static std::expected<book_mark, std::string> open(const std::string& database);

    book_mark(book_mark&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)}, last_transfer_{other.last_transfer_} {}
    book_mark& operator=(book_mark&&) = delete;
    ~book_mark();

    /// One write to the page cache, and nothing if the number is the same as before. Failures are ignored: the next
    /// call repairs them.
    void set(std::uint64_t last_transfer) noexcept;

private:
    explicit book_mark(int descriptor) noexcept : descriptor_{descriptor} {}

    int descriptor_;
    std::uint64_t last_transfer_ = 0;
};

}  // namespace peering::sqlite

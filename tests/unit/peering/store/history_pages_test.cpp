#include "peering/store/history_pages.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <map>

namespace history_pages_test {

using namespace peering;

namespace {

/// A history whose rows have the amount 1. Before each transaction a daemon may sum up some of them.
struct fake_book {
    void begin() {
        ++transactions;
        if (before_transaction) before_transaction();
        snapshot = rows;
        snapshot_summed = summed;
    }
    void end() { ++ended; }
    void accounts(history_visitor&) {}
    std::uint64_t last_number() const { return snapshot.empty() ? 0 : snapshot.rbegin()->first; }
    std::uint64_t summed_up_to() const { return snapshot_summed; }
    template <class Each>
    void page(std::uint64_t after, std::uint64_t last, Each each) {
        std::size_t count = 0;
        for (auto row = snapshot.upper_bound(after); row != snapshot.end() && row->first <= last; ++row) {
            if (count++ == history_page_size || !each(row->second)) return;
        }
    }

    void add(std::size_t count) {
        for (; count > 0; --count) {
            const std::uint64_t number = rows.empty() ? 1 : rows.rbegin()->first + 1;
            rows[number] = {.number = number, .amount = 1};
        }
    }
    /// All rows up to that number become one, which takes the place of the first.
    void sum_up_to(std::uint64_t number) {
        const auto end = rows.upper_bound(number);
        wide_amount amount = 0;
        for (auto row = rows.begin(); row != end; ++row) amount += row->second.amount;
        rows.erase(std::next(rows.begin()), end);
        rows.begin()->second.amount = amount;
        summed = number;
    }

    std::map<std::uint64_t, listed_transfer> rows;
    std::uint64_t summed = 0;
    std::function<void()> before_transaction;
    int transactions = 0;
    int ended = 0;

private:
    std::map<std::uint64_t, listed_transfer> snapshot;
    std::uint64_t snapshot_summed = 0;
};

struct total final : history_visitor {
    void account(account_id, std::string_view, std::string_view) override {}
    bool transfer(const listed_transfer& transfer) override {
        amount += static_cast<std::uint64_t>(transfer.amount);
        return amount < enough;
    }
    std::uint64_t amount = 0;
    std::uint64_t enough = ~std::uint64_t{0};
};

}  // namespace

TEST_CASE("history pages: every row is read once, in several transactions") {
    fake_book book;
    book.add(GENERATE(0U, 1U, 9'999U, 10'000U, 10'001U, 35'000U));
    const auto expected = book.rows.size();
    total total;
    CHECK(visit_history_in_pages(book, total));
    CHECK(total.amount == expected);
    CHECK(book.transactions == 1 + static_cast<int>(expected / history_page_size));
    CHECK(book.ended == book.transactions);
}

TEST_CASE("history pages: rows that are added meanwhile are not read") {
    fake_book book;
    book.add(25'000);
    book.before_transaction = [&] {
        if (book.transactions > 1) book.add(20'000);
    };
    total total;
    CHECK(visit_history_in_pages(book, total));
    CHECK(total.amount == 25'000);
}

TEST_CASE("history pages: rows that are summed up after they were read do not matter") {
    fake_book book;
    book.add(45'000);
    book.sum_up_to(5'000);
    book.before_transaction = [&] {
        if (book.transactions > 1) book.sum_up_to(5'000 + 1'000 * static_cast<std::uint64_t>(book.transactions));
    };
    total total;
    CHECK(visit_history_in_pages(book, total));
    CHECK(total.amount == 45'000);
}

TEST_CASE("history pages: rows that are summed up before they were read are reported") {
    fake_book book;
    book.add(45'000);
    book.before_transaction = [&] {
        if (book.transactions == 3) book.sum_up_to(30'000);
    };
    total total;
    CHECK_FALSE(visit_history_in_pages(book, total));
    CHECK(book.ended == book.transactions);
}

TEST_CASE("history pages: what was summed up is read in one transaction, with a page after it") {
    fake_book book;
    book.add(60'000);
    book.summed = 25'000;  // into as many sums, in which a daemon that goes on could change what was read
    book.before_transaction = [&] { book.summed += book.transactions > 1 ? 5'000 : 0; };
    total total;
    CHECK(visit_history_in_pages(book, total));
    CHECK(total.amount == 60'000);
    CHECK(book.transactions == 4);
}

TEST_CASE("history pages: a visitor that has enough ends it") {
    fake_book book;
    book.add(45'000);
    total total;
    total.enough = GENERATE(1U, 10'000U, 15'000U);
    CHECK(visit_history_in_pages(book, total));
    CHECK(total.amount == total.enough);
}

}  // namespace history_pages_test

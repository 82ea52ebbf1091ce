#include "connector/transport/http2/flood_budget.hpp"
#include "connector/transport/http2/head_block.hpp"
#include "connector/transport/http2/stream_table.hpp"
#include "tests/unit/connector/transport/http2/conversation.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <ranges>
#include <set>
#include <string>
#include <vector>

namespace parts_test {

using namespace http2_conversation;

struct list_of_fields final : field_sink {
    fields list;
    void field(std::string_view name, std::string_view value) override { list.emplace_back(name, value); }
};

TEST_CASE("frame heads are written as they are read") {
    for (const std::uint32_t size : {0U, 1U, 255U, 256U, 16'384U, 0xff'ffffU}) {
        for (const std::uint32_t stream : {0U, 1U, 0x1234'5678U, 0x7fff'ffffU}) {
            ilp::bytes out;
            append_frame_head(out, {size, frame_type::goaway, 0x2d, stream});
            REQUIRE(out.size() == frame_head_size);
            const frame_head read = read_frame_head(out.data());
            CHECK(read.size == size);
            CHECK(read.stream == stream);
            CHECK(read.type == frame_type::goaway);
            CHECK(read.flags == 0x2d);
            out[5] |= 0x80;  // the reserved bit is ignored
            CHECK(read_frame_head(out.data()).stream == stream);
        }
    }
}

TEST_CASE("blocks are decoded as they were encoded") {
    const std::string long_value(300, 'v');
    ilp::bytes block;
    append_indexed(block, static_table::method_post);
    append_literal(block, static_table::path, "/ilp");
    append_literal(block, static_table::authorization, "Bearer secret", true);
    append_literal(block, static_table::www_authenticate, long_value);
    append_status(block, 200);
    append_status(block, 431);
    append_named(block, "Request-Id", "some id");
    CHECK(leaves_table(block));
    head_decoder decoder;
    list_of_fields got;
    REQUIRE(decoder.decode(block, got) == head_decoder::outcome::decoded);
    CHECK(got.list == fields{{":method", "POST"},
                             {":path", "/ilp"},
                             {"authorization", "Bearer secret"},
                             {"www-authenticate", long_value},
                             {":status", "200"},
                             {":status", "431"},
                             {"request-id", "some id"}});
}

TEST_CASE("which blocks change the table") {
    CHECK(leaves_table({}));
    CHECK(leaves_table(block_of({{"a", "b"}})));
    CHECK(leaves_table(block_of({{"a", "b"}}, 0x10)));
    CHECK_FALSE(leaves_table(block_of({{"a", "b"}}, 0x40)));
    CHECK_FALSE(leaves_table(bytes_of("\x20")));
    CHECK(leaves_table(bytes_of("\x82\x86")));
    auto cut = block_of({{"a", "bcd"}});
    while (!cut.empty()) {
        cut.pop_back();
        CHECK(leaves_table(cut) == cut.empty());
    }
    CHECK_FALSE(leaves_table(bytes_of("\xff\xff\xff\xff\xff\xff\xff")));
}

TEST_CASE("known blocks are found whole only, and the last four are kept") {
    known_blocks known;
    const auto view = [](std::string_view text) { return ilp::as_bytes(text); };
    CHECK_FALSE(known.find(view("")));
    CHECK(known.keep(view("one")) == 0);
    CHECK(known.keep(view("two")) == 1);
    CHECK(known.find(view("one")) == 0);
    CHECK_FALSE(known.find(view("onee")));
    CHECK_FALSE(known.find(view("on")));
    known.keep(view("three"));
    known.keep(view("four"));
    CHECK(known.keep(view("five")) == 0);
    CHECK_FALSE(known.find(view("one")));
    CHECK(known.find(view("two")) == 1);
    known.forget(1);
    CHECK_FALSE(known.find(view("two")));
    CHECK_FALSE(known.keep(ilp::as_bytes(std::string(2000, 'x'))));
    known.forget_all();
    CHECK_FALSE(known.find(view("five")));
}

TEST_CASE("a known block with one more field behind it is recognized, if that field is written in the usual way") {
    known_blocks known;
    ilp::bytes whole;
    append_indexed(whole, static_table::method_post);
    append_literal(whole, static_table::authorization, "Bearer token", true);
    const auto place = known.keep(whole);
    REQUIRE(place);
    ilp::bytes longer = whole;
    append_named(longer, "ilp-split", "a label");
    const auto begun = known.find_beginning(longer);
    REQUIRE(begun);
    CHECK(begun->place == *place);
    CHECK(begun->size == whole.size());
    CHECK_FALSE(known.find_beginning(whole));
    ilp::bytes other = longer;
    other[5] ^= 1U;
    CHECK_FALSE(known.find_beginning(other));

    const ilp::bytes rest{longer.begin() + static_cast<std::ptrdiff_t>(whole.size()), longer.end()};
    CHECK(value_of_only_field(rest, "ilp-split") == "a label");
    CHECK_FALSE(value_of_only_field(rest, "ilp-splits"));
    CHECK_FALSE(value_of_only_field(rest, "ilp-spli"));
    for (std::size_t size = 0; size < rest.size(); ++size) {
        CHECK_FALSE(value_of_only_field(ilp::bytes_view{rest}.first(size), "ilp-split"));
    }
    CHECK_FALSE(value_of_only_field(rest + ilp::bytes{0}, "ilp-split"));
    for (std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{11}}) {  // its kind, and both lengths
        for (const unsigned bit : {0x80U, 0x40U, 0x10U, 0x01U}) {
            ilp::bytes changed = rest;
            changed[at] = static_cast<ilp::octet>(changed[at] ^ bit);
            CHECK_FALSE(value_of_only_field(changed, "ilp-split"));
        }
    }
    ilp::bytes longest;
    append_named(longest, "ilp-split", std::string(126, 'x'));
    CHECK(value_of_only_field(longest, "ilp-split") == std::string(126, 'x'));
    ilp::bytes too_long;
    append_named(too_long, "ilp-split", std::string(127, 'x'));
    CHECK_FALSE(value_of_only_field(too_long, "ilp-split"));
    ilp::bytes empty;
    append_named(empty, "ilp-split", "");
    CHECK(value_of_only_field(empty, "ilp-split") == "");
}

TEST_CASE("a table of streams finds what a map finds") {
    std::mt19937 random{7};
    stream_table table;
    std::map<std::uint32_t, std::uint64_t> expected;
    std::uint32_t next = 1;
    for (int step = 0; step < 20'000; ++step) {
        if (expected.size() < 200 && random() % 2 == 0) {
            next += 2 * static_cast<std::uint32_t>(1 + random() % 3);
            stream& opened = table.open(next);
            opened.received = next;
            expected[next] = table.number_of(opened);
        } else if (!expected.empty()) {
            const auto chosen = std::next(expected.begin(), static_cast<std::ptrdiff_t>(random() % expected.size()));
            table.close(*table.find(chosen->first));
            CHECK(table.find_number(chosen->second) == nullptr);
            expected.erase(chosen);
        }
        if (step % 50 != 0) continue;
        REQUIRE(table.size() == expected.size());
        for (const auto& [id, number] : expected) {
            const stream* const found = table.find(id);
            REQUIRE(found != nullptr);
            REQUIRE(found->received == id);
            REQUIRE(table.find_number(number) == found);
        }
        for (std::uint32_t id = next > 900 ? next - 900 : 1; id < next; id += 2) {
            REQUIRE((table.find(id) != nullptr) == expected.contains(id));
        }
    }
}

TEST_CASE("which ids of streams have the same hash depends on a secret, which each connection has of its own") {
    const auto home = [](const stream_id_hash& hash, std::uint32_t id) { return hash(id) >> 21U; };
    const stream_id_hash known{1};
    std::vector<std::uint32_t> chosen;
    for (std::uint32_t id = 1; chosen.size() < 200; id += 2) {
        if (home(known, id) == 0) chosen.push_back(id);
    }
    for (const std::uint32_t secret : {2U, 3U, 1000U, 0x8000'0000U, 0x1234'5678U}) {
        const stream_id_hash hash{secret};
        std::map<std::uint32_t, int> at_home;
        for (const std::uint32_t id : chosen) ++at_home[home(hash, id)];
        CHECK(std::ranges::max(at_home | std::views::values) < 10);
    }
    std::set<std::uint32_t> of_one_id;
    for (int i = 0; i < 4; ++i) of_one_id.insert(stream_id_hash{}(1));
    CHECK(of_one_id.size() > 1);
}

TEST_CASE("a budget allows a number at once, and a rate") {
    flood_budget budget;
    int taken = 0;
    while (budget.take(flood::pings, at(0))) ++taken;
    CHECK(taken == 100);
    CHECK_FALSE(budget.take(flood::pings, at(99)));
    CHECK(budget.take(flood::pings, at(100)));
    CHECK(budget.take(flood::pings, at(100)));
    CHECK_FALSE(budget.take(flood::pings, at(100)));
    CHECK(budget.take(flood::settings, at(100)));
    budget.give_back(flood::pings, 1);
    CHECK(budget.take(flood::pings, at(100)));
    taken = 0;
    while (budget.take(flood::pings, at(100'000'000))) ++taken;
    CHECK(taken == 100);
}

}  // namespace parts_test

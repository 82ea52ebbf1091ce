#include "connector/transport/trace_id.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <string_view>

namespace trace_id_test {

using namespace connector;

TEST_CASE("trace id: it is read as it is written, and nothing else is") {
    const trace_id id{0x0123'4567'89ab'cdef, 0x0fed'cba9'8765'4321};
    const trace_id::text_form text = id.text();
    CHECK(as_text(text) == "0123456789abcdef0fedcba987654321");
    CHECK(trace_id::parse(as_text(text)) == id);
    for (const std::string_view wrong :
         {"", "0123456789abcdef0fedcba98765432", "0123456789abcdef0fedcba9876543210",
          "0123456789ABCDEF0fedcba987654321", "0123456789abcdef0fedcba98765432 ", "0123456789abcdef\n\"fedcba987654321",
          "01234567-9abc-ef0f-dcba-987654321ab", "00000000000000000000000000000000"}) {
        CAPTURE(wrong);
        CHECK_FALSE(trace_id::parse(wrong));
    }
    CHECK_FALSE(trace_id{});
    CHECK(trace_id::parse("00000000000000000000000000000001") == trace_id{0, 1});
    CHECK(trace_id::parse("10000000000000000000000000000000") == trace_id{0x1000'0000'0000'0000, 0});
}

TEST_CASE("trace id: those of a source differ from one another, and from those of another source") {
    trace_source one;
    trace_source other;
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        for (trace_source* const source : {&one, &other}) {
            const trace_id made = source->next();
            const trace_id::text_form text = made.text();
            CHECK(trace_id::parse(as_text(text)) == made);
            seen.emplace(as_text(text));
        }
    }
    CHECK(seen.size() == 2000);
}

}  // namespace trace_id_test

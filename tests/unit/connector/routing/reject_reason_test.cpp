#include "connector/routing/reject_reason.hpp"

#include "connector/routing/router.hpp"
#include "ilp/packet.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

namespace reject_reason_test {

using connector::reject_reason;
using connector::reject_reason_count;

TEST_CASE("docs/operating/reject-reasons.md is the list of these reasons") {
    auto file = std::ifstream{ILPD_SOURCE_DIR "/docs/operating/reject-reasons.md"};
    const auto committed = std::string{std::istreambuf_iterator<char>{file}, {}};
    INFO("regenerate it: ilpd --reject-reasons-reference > docs/operating/reject-reasons.md");
    const bool is_current = committed == connector::reject_reasons_markdown();
    CHECK(is_current);
}

TEST_CASE("A27-80: every reason has a code of RFC 27 and a message in plain words") {
    std::set<std::string_view> messages;
    for (int i = 0; i < reject_reason_count; ++i) {
        const auto& [identifier, code, message] = connector::describe(static_cast<reject_reason>(i));
        CAPTURE(identifier, message);
        CHECK(ilp::code_text(code).size() == 3);
        CHECK(ilp::parse_error_code(ilp::code_text(code)) == code);
        CHECK(message.size() >= 10);
        CHECK(message.size() <= 100);
        // Only letters and the punctuation of a sentence: no path, address, token, number or text from a stranger can
        // appear.
        const auto is_plain = [](char c) {
            return c == ' ' || c == ':' || c == '\'' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        };
        std::string words{message};
        if (const auto rfc = words.find("RFC 27"); rfc != std::string::npos) words.erase(rfc, 6);
        CHECK(std::ranges::all_of(words, is_plain));
        CHECK(messages.insert(message).second);
    }
}

TEST_CASE("A27-53 A27-54 A27-59 A27-62 A27-67: of the codes reserved for receivers, ilpd uses the one of STREAM") {
    using enum ilp::error_code;
    for (int i = 0; i < reject_reason_count; ++i) {
        const auto& [identifier, code, message] = connector::describe(static_cast<reject_reason>(i));
        CHECK(code != f03_invalid_amount);
        CHECK(code != f04_insufficient_destination_amount);
        CHECK((code != f99_application_error || identifier.starts_with("stream_")));
        CHECK(code != t02_peer_busy);
        CHECK(code != t99_application_error);
        CHECK(code != r99_application_error);
    }
}

TEST_CASE("A27-01 A27-80: each refusal is a canonical Reject with our address, without data") {
    for (int i = 0; i < reject_reason_count; ++i) {
        const auto reason = static_cast<reject_reason>(i);
        ilp::bytes octets{0xee};
        connector::serialize_reject(octets, reason, "test.d");
        REQUIRE(octets.front() == 0xee);  // the encoder appends
        octets.erase(octets.begin());
        const ilp::bytes sent = octets;
        const auto reject = ilp::reject_view::parse(octets);
        REQUIRE(reject);
        CHECK(std::ranges::equal(reject->bytes(), sent));
        CHECK(reject->code() == ilp::code_text(connector::describe(reason).code));
        CHECK(reject->triggered_by() == "test.d");
        const auto& [identifier, code, message] = connector::describe(reason);
        // Only the sender may learn why its receiver rejects, from the data.
        CHECK(reject->message() == (code == ilp::error_code::f99_application_error ? "" : message));
        CHECK(reject->data().empty());
    }
}

}  // namespace reject_reason_test

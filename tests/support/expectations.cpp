#include "tests/support/expectations.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace support {
namespace {

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t size = lead < 0x80                   ? 1
                                 : lead >= 0xc2 && lead < 0xe0 ? 2
                                 : lead >= 0xe0 && lead < 0xf0 ? 3
                                 : lead >= 0xf0 && lead < 0xf5 ? 4
                                                               : 0;
        if (size == 0 || i + size > text.size()) return false;
        for (std::size_t k = 1; k < size; ++k) {
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
        }
        i += size;
    }
    return true;
}

std::uint64_t read_u64(ilp::bytes_view octets) {
    std::uint64_t value = 0;
    for (const ilp::octet octet : octets.first(8)) value = value << 8 | octet;
    return value;
}

}  // namespace

std::optional<ilp::bytes> packet_of(const std::optional<http_message>& response) {
    if (!response || response->status() != 200) return std::nullopt;
    ilp::bytes copy = response->body;
    if (const auto view = ilp::fulfill_view::parse(copy)) {
        if (std::ranges::equal(view->bytes(), response->body)) return response->body;
    }
    if (const auto view = ilp::reject_view::parse(copy)) {
        if (std::ranges::equal(view->bytes(), response->body)) return response->body;
    }
    return std::nullopt;
}

std::string outcome(const std::optional<http_message>& response) {
    if (!response) return "no answer";
    if (response->status() != 200) return "HTTP " + std::to_string(response->status());
    ilp::bytes copy = response->body;
    if (ilp::fulfill_view::parse(copy)) return "fulfill";
    if (const auto view = ilp::reject_view::parse(copy)) return std::string{view->code()};
    return "not an ILP packet: " + to_hex(response->body);
}

ilp::bytes expect_fulfill(const std::optional<http_message>& response, const prepare& sent) {
    INFO((outcome(response).starts_with("fulfill") || outcome(response).size() != 3
              ? outcome(response)
              : outcome(response) + ": " + expect_any_reject(response).message));
    REQUIRE(outcome(response) == "fulfill");
    CHECK(response->header("content-type").value_or("") == "application/octet-stream");
    ilp::bytes copy = response->body;
    const auto view = ilp::fulfill_view::parse(copy);
    CHECK(std::ranges::equal(view->bytes(), response->body));
    const auto expected = fulfillment_for(sent.destination, sent.data);
    CHECK(std::ranges::equal(view->fulfillment(), expected));
    return {view->data().begin(), view->data().end()};
}

received_reject expect_any_reject(const std::optional<http_message>& response) {
    REQUIRE(response);
    CHECK(response->status() == 200);
    CHECK(response->header("content-type").value_or("") == "application/octet-stream");
    ilp::bytes copy = response->body;
    const auto view = ilp::reject_view::parse(copy);
    INFO("the answer is " << outcome(response));
    REQUIRE(view);
    CHECK(std::ranges::equal(view->bytes(), response->body));
    return {.code = std::string{view->code()},
            .triggered_by = std::string{view->triggered_by()},
            .message = std::string{view->message()},
            .data = {view->data().begin(), view->data().end()}};
}

received_reject expect_reject(const std::optional<http_message>& response, std::string_view code,
                              std::string_view triggered_by) {
    auto reject = expect_any_reject(response);
    INFO("message: " << reject.message);
    CHECK(reject.code == code);
    CHECK(reject.triggered_by == triggered_by);
    CHECK(!reject.message.empty());
    CHECK(reject.message.size() <= ilp::message_size_max);
    CHECK(is_utf8(reject.message));
    CHECK(reject.message.find("-secret") == std::string::npos);
    CHECK(reject.data.size() == (code == "F08" ? ilp::amount_too_large_data_size : 0));
    return reject;
}

void expect_amount_too_large(const std::optional<http_message>& response, std::uint64_t received,
                             std::uint64_t maximum) {
    const auto reject = expect_reject(response, "F08");
    REQUIRE(reject.data.size() == ilp::amount_too_large_data_size);
    CHECK(read_u64(reject.data) == received);
    CHECK(read_u64(ilp::bytes_view{reject.data}.subspan(8)) == maximum);
}

void expect_status(const std::optional<http_message>& response, int status) {
    REQUIRE(response);
    CHECK(response->status() == status);
    CHECK(!packet_of(response));
    CHECK(response->header("content-type").value_or("").find("octet-stream") == std::string::npos);
}

}  // namespace support

#include "tests/fuzz/http.hpp"

using namespace connector;
using fuzz::require;

/// The parsed response does not depend on how its bytes were split, and its end is never ambiguous.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const fuzz::split_octets input{octets, size};
    const auto end = fuzz::head_end_of(input);
    if (!end) return 0;
    const auto response = http::parse_response_head(std::string_view{input.octets}.substr(0, *end));
    if (!response) return 0;
    require(response->size == *end, "the size of the head");
    require(response->status_code >= 100 && response->status_code <= 999, "a status of three digits");
    const bool without_body =
        response->status_code < 200 || response->status_code == 204 || response->status_code == 304;
    if (without_body) {
        require(response->body == http::framing::content_length && response->content_length == 0, "no body");
    }
    if (response->body == http::framing::until_close) {
        require(!response->keep_alive, "what ends with its connection is the last on it");
    }
    if (response->body == http::framing::chunked) {
        fuzz::require_same_chunks(input.octets.substr(*end), input.first > *end ? input.first - *end : 0);
    }
    return 0;
}

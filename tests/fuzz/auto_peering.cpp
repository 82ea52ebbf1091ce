#include "peering/administration/auto_peering.hpp"

#include "config/value.hpp"
#include "ilp/bytes.hpp"
#include "tests/fuzz/property.hpp"

using fuzz::require;

namespace {

void check(const peering::peering_terms& terms) {
    require(terms.token.size() >= peering::peering_token_size_min, "no token can be guessed");
    require(config::packet_url().parse(terms.connector_url).has_value(), "a URL is one that packets can be posted to");
    require(terms.connector_url.find_first_of("\r\n ") == std::string::npos, "no URL has a second line");
}

}  // namespace

/// The input is a request, an answer, a refusal, or invalid data that is refused with a reason.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto text = ilp::as_text({octets, size});
    if (const auto request = peering::parse_peering_request(text)) {
        check(request->asker);
        const auto again = peering::parse_peering_request(to_json(*request));
        require(again && *again == *request, "write, read: the same request");
    } else {
        require(!request.error().message.empty() && request.error().message.size() < 500,
                "what is refused has a reason, and a short one");
    }
    if (const auto answer = peering::parse_peering_answer(text)) {
        check(*answer);
        const auto again = peering::parse_peering_answer(to_json(*answer));
        require(again && *again == *answer, "write, read: the same answer");
    } else {
        require(!answer.error().empty(), "what is no answer has a reason");
    }
    if (const auto error = peering::parse_peering_error(text)) {
        const auto again = peering::parse_peering_error(to_json(*error));
        require(again && again->fault == error->fault, "write, read: the same refusal");
    }
    return 0;
}

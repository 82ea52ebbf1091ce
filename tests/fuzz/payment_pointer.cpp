#include "peering/spsp/payment_pointer.hpp"

#include "config/loopback.hpp"
#include "config/value.hpp"
#include "ilp/bytes.hpp"
#include "tests/fuzz/property.hpp"

#include <string>

using fuzz::require;
using namespace peering;

namespace {

void check(const config::http_endpoint& endpoint) {
    require(config::http_url().parse(endpoint.url()).has_value(), "an endpoint is a valid URL");
    require(endpoint.url().find_first_of("\r\n #") == std::string::npos, "no URL has a second line or a fragment");
    require(endpoint.target().starts_with('/'), "a target is a path");
}

}  // namespace

/// The input is a payment pointer or URL, and at the same time what an endpoint redirects to.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto text = ilp::as_text({octets, size});
    if (const auto endpoint = parse_payment_pointer(text)) {
        check(*endpoint);
        require(endpoint->is_https() || config::is_loopback_address(endpoint->host()),
                "others cannot change who is paid");
        require(!endpoint->target().contains('?'), "there is no query");
        require(!text.starts_with('$') || (endpoint->is_https() && endpoint->port() == 443), "a pointer has no port");
        const auto again = parse_payment_pointer(endpoint->url());
        require(again && *again == *endpoint, "the URL of a pointer leads to the same place");
    } else {
        require(!endpoint.error().empty() && endpoint.error().size() < 300, "a refusal has a reason, and a short one");
    }

    const auto from = parse_payment_pointer("$example.com/alice").value();
    const auto anywhere = redirected(from, text, redirect_scope::any_host);
    const auto same_host = redirected(from, text, redirect_scope::same_host);
    if (anywhere) {
        check(*anywhere);
        require(anywhere->is_https(), "a redirect does not give up TLS");
    }
    if (same_host) {
        require(anywhere && *anywhere == *same_host, "the scope changes only whether a redirect is followed");
        require(same_host->is_at_same_place_as(from), "who sees one host pays there");
    }
    return 0;
}

#include "connector/transport/allowed_addresses.hpp"

#include "connector/base/address_guard.hpp"

namespace connector {
namespace {

bool must_be_private(const config::outgoing_http_settings& terms) {
    return !terms.endpoint.is_https() && !terms.allow_plain_http;
}

}  // namespace

void restrict_addresses(dial_target& target, const config::outgoing_http_settings& terms) {
    if (!must_be_private(terms) && !terms.public_addresses_only) return;
    target.may_connect = [may_be_public = !must_be_private(terms), may_be_private = !terms.public_addresses_only](
                             const auto& address) { return is_public(address) ? may_be_public : may_be_private; };
}

std::string why_not_allowed(const config::outgoing_http_settings& terms) {
    if (!must_be_private(terms)) return "its endpoint has no public address, and auto-peering accepts no other";
    if (terms.public_addresses_only) {
        return "its endpoint has no public address, or is an http:// URL at one: auto-peering accepts only https:// "
               "URLs at public addresses";
    }
    return "its endpoint is an http:// URL at a public address, so that everybody on the way could read the token and "
           "change packets: use https://, or set allow_plain_http: true (allowPlainHttp in the Admin API)";
}

}  // namespace connector

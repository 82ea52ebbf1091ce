#include "peering/json/json_web_token.hpp"

#include "ilp/base64url.hpp"
#include "ilp/bytes.hpp"
#include "peering/json/json_members.hpp"
#include "peering/json/signature.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdint>

namespace peering {
namespace {

constexpr double jwt_seconds_max = 253'402'300'799;  // the end of the year 9999

/// The time of a claim, which need not be whole seconds. False if there is one that is not a time.
bool read_time(const std::vector<json_member>& claims, std::string_view name, std::optional<ilp::timestamp>& to) {
    const json_member* const claim = find_member(claims, name);
    if (claim == nullptr) return true;
    const auto* const seconds = std::get_if<double>(&claim->value);
    if (seconds == nullptr || !(*seconds >= 0 && *seconds <= jwt_seconds_max)) return false;
    to = ilp::timestamp{std::chrono::milliseconds{static_cast<std::int64_t>(*seconds * 1000)}};
    return true;
}

bool has_known_algorithm(std::string_view header) {
    const auto members = read_json_members(header);
    if (!members || find_member(*members, "crit") != nullptr) return false;
    const json_member* const algorithm = find_member(*members, "alg");
    if (algorithm == nullptr) return false;
    const auto* const name = std::get_if<std::string>(&algorithm->value);
    return name != nullptr && *name == "HS256";
}

bool read_claims(std::string_view payload, json_web_token& to) {
    const auto claims = read_json_members(payload);
    if (!claims || find_member(*claims, "aud") != nullptr) return false;
    std::optional<ilp::timestamp> expires_at;
    std::optional<ilp::timestamp> not_before;
    std::optional<ilp::timestamp> issued_at;
    if (!read_time(*claims, "exp", expires_at) || !read_time(*claims, "nbf", not_before) ||
        !read_time(*claims, "iat", issued_at) || !expires_at) {
        return false;
    }
    to.expires_at = *expires_at;
    to.not_before = std::max(not_before.value_or(ilp::timestamp{}), issued_at.value_or(ilp::timestamp{}));
    const json_member* const subject = find_member(*claims, "sub");
    if (subject == nullptr) return true;
    const auto* const text = std::get_if<std::string>(&subject->value);
    if (text != nullptr) to.subject = *text;
    return text != nullptr;
}

}  // namespace

std::optional<json_web_token> parse_json_web_token(std::string_view text) {
    if (text.size() > jwt_size_max) return std::nullopt;
    const auto first = text.find('.');
    const auto last = text.rfind('.');
    if (first == last || text.substr(first + 1, last - first - 1).contains('.')) return std::nullopt;
    // The cheapest checks come first, since anybody can send a token.
    json_web_token token;
    const auto signature = ilp::decode_base64url(text.substr(last + 1));
    if (!signature || signature->size() != token.signature.size()) return std::nullopt;
    const auto header = ilp::decode_base64url(text.substr(0, first));
    if (!header || !has_known_algorithm(*header)) return std::nullopt;
    const auto payload = ilp::decode_base64url(text.substr(first + 1, last - first - 1));
    if (!payload || !read_claims(*payload, token)) return std::nullopt;
    std::ranges::copy(ilp::as_bytes(*signature), token.signature.begin());
    token.signed_part = text.substr(0, last);
    return token;
}

bool is_signed_with(const json_web_token& token, std::string_view secret) {
    return !secret.empty() && ilp::equal_in_constant_time(hmac_sha256(secret, token.signed_part), token.signature);
}

bool is_valid_at(const json_web_token& token, ilp::timestamp now) {
    return now < token.expires_at && token.not_before <= now + jwt_clock_skew;
}

std::string make_json_web_token(std::string_view secret, std::string_view subject, ilp::timestamp issued_at,
                                std::chrono::seconds lifetime) {
    const std::int64_t now = std::chrono::floor<std::chrono::seconds>(issued_at).time_since_epoch().count();
    const boost::json::value claims{{"sub", subject}, {"iat", now}, {"exp", now + lifetime.count()}};
    std::string token;
    ilp::append_base64url(token, R"({"alg":"HS256","typ":"JWT"})");
    token += '.';
    ilp::append_base64url(token, boost::json::serialize(claims));
    const ilp::digest signature = hmac_sha256(secret, token);
    token += '.';
    ilp::append_base64url(token, ilp::as_text(signature));
    return token;
}

}  // namespace peering

#include "peering/admin/signature_check.hpp"

#include "ilp/hex.hpp"
#include "peering/json/canonical_json.hpp"
#include "peering/json/signature.hpp"
#include "peering/records/text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace peering::admin {
namespace {

constexpr std::size_t time_digits_max = 15;  // up to the year 33658; sums of times cannot overflow

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Parses digits without a leading zero: the digest covers the time as written, so only one form is allowed.
std::optional<ilp::timestamp> parse_time(std::string_view digits) {
    if (digits.empty() || digits.size() > time_digits_max || !std::ranges::all_of(digits, is_digit))
        return std::nullopt;
    if (digits.front() == '0' && digits.size() > 1) return std::nullopt;
    std::int64_t count = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), count);
    return ilp::timestamp{std::chrono::milliseconds{count}};
}

/// Hexadecimal digits in either case.
std::optional<ilp::digest> parse_digest(std::string_view hex) {
    std::string digits{hex};
    to_lower_case(digits);
    return ilp::parse_hex_digest(digits);
}

bool is_version(std::string_view name) {
    return name.size() > 1 && name.front() == 'v' && std::ranges::all_of(name.substr(1), is_digit);
}

}  // namespace

std::string_view to_string(signature_fault fault) {
    switch (fault) {
        case signature_fault::absent:
            return "the request has no signature";
        case signature_fault::malformed:
            return "the signature is malformed";
        case signature_fault::wrong_version:
            return "the signature has an unknown version";
        case signature_fault::too_old:
            return "the signature is too old: check the clocks of both hosts";
        case signature_fault::too_far_ahead:
            return "the signature is from the future: check the clocks of both hosts";
        case signature_fault::body_is_no_json:
            return "the signed body is not JSON";
        case signature_fault::wrong_digest:
            return "the signature is wrong";
    }
    std::unreachable();
}

std::expected<claimed_signature, signature_fault> parse_signature(std::string_view header) {
    auto time = std::optional<ilp::timestamp>{};
    auto digests = std::vector<ilp::digest>{};
    for (std::size_t at = 0; at <= header.size();) {
        const auto end = std::min(header.find(',', at), header.size());
        const auto entry = header.substr(at, end - at);
        at = end + 1;
        const auto equals = entry.find('=');
        if (equals == std::string_view::npos) return std::unexpected{signature_fault::malformed};
        const auto name = trimmed(entry.substr(0, equals));
        const auto value = trimmed(entry.substr(equals + 1));
        if (name == "t") {
            if (time) return std::unexpected{signature_fault::malformed};
            time = parse_time(value);
            if (!time) return std::unexpected{signature_fault::malformed};
        } else if (name == "v1") {
            const auto digest = parse_digest(value);
            if (!digest) return std::unexpected{signature_fault::malformed};
            digests.push_back(*digest);
        } else if (!is_version(name) || value.empty()) {
            return std::unexpected{signature_fault::malformed};
        }
    }
    if (!time) return std::unexpected{signature_fault::malformed};
    if (digests.empty()) return std::unexpected{signature_fault::wrong_version};
    return claimed_signature{*time, std::move(digests)};
}

std::expected<checked_signature, signature_fault> check_signature(const std::string* header, std::string_view secret,
                                                                  ilp::timestamp now, const boost::json::value* body) {
    if (header == nullptr) return std::unexpected{signature_fault::absent};
    const auto claimed = parse_signature(*header);
    if (!claimed) return std::unexpected{claimed.error()};
    if (claimed->time < now - signature_window) return std::unexpected{signature_fault::too_old};
    if (claimed->time > now + signature_window) return std::unexpected{signature_fault::too_far_ahead};
    const auto canonical = body == nullptr ? std::nullopt : canonical_json(*body);
    if (!canonical) return std::unexpected{signature_fault::body_is_no_json};

    const auto time = std::to_string(claimed->time.time_since_epoch().count());
    const auto right = *parse_digest(hmac_sha256_hex(secret, time + "." + *canonical));
    bool matches = false;
    for (const auto& digest : claimed->digests) matches |= ilp::equal_in_constant_time(digest, right);
    if (!matches) return std::unexpected{signature_fault::wrong_digest};
    return checked_signature{claimed->time, right};
}

}  // namespace peering::admin

#include "peering/json/signature.hpp"

#include "ilp/bytes.hpp"
#include "peering/admin/signature_check.hpp"
#include "peering/json/canonical_json.hpp"
#include "peering/json/parse_json.hpp"
#include "tests/fuzz/property.hpp"

#include <optional>
#include <string>

using fuzz::require;
using namespace peering::admin;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view secret = "s3cret";

std::string header_of(const claimed_signature& claimed) {
    constexpr std::string_view digits = "0123456789abcdef";
    auto text = "t=" + std::to_string(claimed.time.time_since_epoch().count());
    for (const auto& digest : claimed.digests) {
        text += ",v1=";
        for (const auto octet : digest) {
            text += digits[octet >> 4];
            text += digits[octet & 15];
        }
    }
    return text;
}

std::optional<signature_fault> fault_of(const std::string& header, ilp::timestamp now, const boost::json::value& body) {
    const auto checked = check_signature(&header, secret, now, &body);
    return checked ? std::nullopt : std::optional{checked.error()};
}

}  // namespace

/// The input is a line with a header, then a body. A parsed header that is written again parses to the same result. A
/// body signed with our secret is accepted within its time, but not earlier, not later, and not with one bit changed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto text = ilp::as_text({octets, size});
    const auto line = text.substr(0, text.find('\n'));
    const auto claimed = parse_signature(line);
    if (!claimed) {
        require(claimed.error() == signature_fault::malformed || claimed.error() == signature_fault::wrong_version,
                "a header alone is malformed or of another version");
        return 0;
    }
    require(!claimed->digests.empty(), "something is claimed");
    const auto again = parse_signature(header_of(*claimed));
    require(again && again->time == claimed->time && again->digests == claimed->digests, "write, read: the same");

    const auto body = peering::parse_json(text.substr(std::min(line.size() + 1, text.size())));
    if (!body) return 0;
    const auto canonical = peering::canonical_json(*body);
    if (!canonical) return 0;
    const auto time = claimed->time;
    auto right = peering::signature_header(secret, time, *canonical);
    require(!fault_of(right, time, *body), "the right signature passes");
    require(!fault_of(right, time + signature_window, *body), "as long as it may");
    require(!fault_of(right, time - signature_window, *body), "as early as it may");
    require(fault_of(right, time + signature_window + milliseconds{1}, *body) == signature_fault::too_old, "no longer");
    require(fault_of(right, time - signature_window - milliseconds{1}, *body) == signature_fault::too_far_ahead,
            "no earlier");
    right.back() = right.back() == '0' ? '1' : '0';
    require(fault_of(right, time, *body) == signature_fault::wrong_digest, "a wrong one does not");
    return 0;
}

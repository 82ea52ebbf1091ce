#include "peering/json/json_web_token.hpp"

#include "ilp/base64url.hpp"
#include "ilp/bytes.hpp"
#include "peering/json/signature.hpp"
#include "tests/fuzz/property.hpp"

#include <chrono>
#include <string>

using fuzz::require;
using namespace peering;

namespace {

constexpr std::string_view secret = "s3cret";

void check(std::string_view text, bool may_be_signed) {
    const auto token = parse_json_web_token(text);
    if (!token) return;
    require(text.size() <= jwt_size_max, "a token is bounded");
    require(text.starts_with(token->signed_part), "the signed part is the beginning of the token");
    std::string signature;
    ilp::append_base64url(signature, ilp::as_text(token->signature));
    require(text == std::string{token->signed_part} + "." + signature, "the signature has one encoding");
    require(!is_valid_at(*token, token->expires_at), "it is not valid once it has expired");
    require(is_signed_with(*token, secret) == may_be_signed, "only the right signature passes");
}

}  // namespace

/// The input is a token, and at the same time a line with a header followed by claims, which are signed here: otherwise
/// no input would get past the signature. Text that is encoded and decoded is the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto text = ilp::as_text({octets, size});
    check(text, false);

    const auto line = text.substr(0, text.find('\n'));
    const auto rest = text.substr(std::min(line.size() + 1, text.size()));
    std::string token;
    ilp::append_base64url(token, line);
    require(ilp::decode_base64url(token) == line, "encode, decode: the same");
    token += '.';
    ilp::append_base64url(token, rest);
    const ilp::digest signature = hmac_sha256(secret, token);
    token += '.';
    ilp::append_base64url(token, ilp::as_text(signature));
    check(token, true);
    return 0;
}

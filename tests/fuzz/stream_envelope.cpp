#include "ilp/stream/envelope.hpp"
#include "ilp/stream/keys.hpp"
#include "ilp/stream/receiver_token.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <array>

using fuzz::require;
namespace stream = ilp::stream;

namespace {

const ilp::digest server_secret = ilp::sha256(ilp::as_bytes("a server secret"));

}  // namespace

/// The input is data and a token that anybody may have sent. Neither is opened unless we have sealed it. What we seal
/// is opened again, and not with one bit changed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    static stream::envelope_cipher cipher;
    static const stream::receiver_secrets secrets{std::span{&server_secret, 1}};
    static const ilp::digest key = stream::derive_keys(ilp::as_bytes("a shared secret")).encryption;
    static ilp::bytes opened(ilp::data_size_max);
    static ilp::bytes sealed(ilp::data_size_max);
    const ilp::bytes_view input{octets, std::min(size, stream::plaintext_size_max)};
    require(!cipher.open(key, input, opened), "data that we have not sealed is refused");
    require(!secrets.open(cipher, ilp::as_text(input)), "a token that we have not made is refused");

    const ilp::bytes_span envelope = cipher.seal(key, input, sealed);
    require(envelope.size() == input.size() + stream::envelope_overhead, "an envelope has a fixed overhead");
    const auto plaintext = cipher.open(key, envelope, opened);
    require(plaintext && std::ranges::equal(*plaintext, input), "seal, open: the same");
    envelope[size == 0 ? 0 : octets[0] % envelope.size()] ^= 1;
    require(!cipher.open(key, envelope, opened), "not changed");
    return 0;
}

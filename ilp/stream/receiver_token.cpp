#include "ilp/stream/receiver_token.hpp"

#include "ilp/hmac.hpp"
#include "ilp/invariant.hpp"
#include "ilp/oer.hpp"

#include <algorithm>
#include <array>

namespace ilp::stream {
namespace {

using contents_octets = std::array<octet, token_contents_size>;

// The number of the account takes four octets and the time six: the upper two of its eight are left out.
constexpr std::size_t account_octets = sizeof(std::uint32_t);
constexpr std::size_t time_octets = sizeof(std::uint64_t);
constexpr std::size_t left_out = account_octets + time_octets - token_contents_size;
constexpr std::int64_t time_max = (std::int64_t{1} << (8 * (time_octets - left_out))) - 1;

contents_octets write_contents(const token_contents& contents) noexcept {
    std::array<octet, time_octets> time;
    const auto milliseconds = std::clamp<std::int64_t>(contents.valid_until.time_since_epoch().count(), 0, time_max);
    oer::store(time.data(), static_cast<std::uint64_t>(milliseconds));
    contents_octets octets;
    oer::store(octets.data(), contents.account);
    std::copy(time.begin() + left_out, time.end(), octets.begin() + account_octets);
    return octets;
}

token_contents read_contents(const contents_octets& octets) noexcept {
    std::array<octet, time_octets> time{};
    std::copy(octets.begin() + account_octets, octets.end(), time.begin() + left_out);
    const auto milliseconds = static_cast<std::int64_t>(oer::load<std::uint64_t>(time.data()));
    return {oer::load<std::uint32_t>(octets.data()), timestamp{std::chrono::milliseconds{milliseconds}}};
}

}  // namespace

receiver_secrets::receiver_secrets(std::span<const digest> secrets) {
    require(!secrets.empty(), "a receiver has a secret");
    for (const digest& secret : secrets) {
        keys_.push_back({hmac_sha256(secret, as_bytes("ilpd_stream_mark")).front(),
                         hmac_sha256(secret, as_bytes("ilpd_stream_token")),
                         hmac_sha256(secret, as_bytes("ilpd_stream_shared_secret"))});
    }
}

receiver_token receiver_secrets::make_token(envelope_cipher& cipher, const token_contents& contents) const {
    const keys& newest = keys_.front();
    std::array<octet, token_octets> octets;
    octets.front() = newest.mark;
    cipher.seal(newest.seals_tokens, write_contents(contents), std::span{octets}.subspan(1));
    receiver_token made{.segment = std::string(token_size, '~'),
                        .shared_secret = hmac_sha256(newest.makes_secrets, octets)};
    write_base64url(made.segment.data() + 1, octets);
    return made;
}

std::optional<opened_token> receiver_secrets::open(envelope_cipher& cipher, std::string_view segment) const noexcept {
    std::array<octet, token_octets> octets;
    if (!looks_like_token(segment) || !read_base64url(segment.substr(1), octets)) return std::nullopt;
    for (const keys& each : keys_) {
        contents_octets contents;
        if (each.mark != octets.front() || !cipher.open(each.seals_tokens, std::span{octets}.subspan(1), contents)) {
            continue;
        }
        opened_token opened{read_contents(contents), hmac_sha256(each.makes_secrets, octets), {}};
        std::copy_n(octets.begin() + 1, token_id_size, opened.id.begin());
        return opened;
    }
    return std::nullopt;
}

}  // namespace ilp::stream

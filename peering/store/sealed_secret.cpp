#include "peering/store/sealed_secret.hpp"

#include "ilp/base64url.hpp"
#include "ilp/hex.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace peering {
namespace {

constexpr std::string_view sealed_prefix = "sealed ";
constexpr char sealed_version = 1;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t sealed_head_size = 1 + std::tuple_size_v<sealing_key::id_type>;

using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* as_octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

void must_work(bool done) {
    if (!done) throw std::runtime_error{"libcrypto has no AES-256-GCM: check the providers in its openssl.cnf"};
}

/// The head of the value is authenticated as well.
std::string authenticated(std::string_view head, std::string_view purpose) {
    return std::string{head}.append(purpose);
}

cipher_context begin(bool sealing, const sealing_key& key, std::string_view nonce, std::string_view more) {
    cipher_context context{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
    int size = 0;
    must_work(context != nullptr &&
              EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.octets.data(), as_octets(nonce),
                                sealing ? 1 : 0) == 1 &&
              EVP_CipherUpdate(context.get(), nullptr, &size, as_octets(more), static_cast<int>(more.size())) == 1);
    return context;
}

struct sealed_parts {
    std::string_view head;
    std::string_view nonce;
    std::string_view ciphertext;
    std::string_view tag;
};

/// Nullopt unless these are the bytes of a value in the format of this version.
std::optional<sealed_parts> split_sealed(std::string_view octets) {
    if (octets.size() < sealed_head_size + nonce_size + tag_size || octets.front() != sealed_version)
        return std::nullopt;
    const std::string_view rest = octets.substr(sealed_head_size + nonce_size);
    return sealed_parts{octets.substr(0, sealed_head_size), octets.substr(sealed_head_size, nonce_size),
                        rest.substr(0, rest.size() - tag_size), rest.substr(rest.size() - tag_size)};
}

bool has_id(const sealing_key& key, std::string_view head) {
    return std::ranges::equal(ilp::as_bytes(head.substr(1)), key.id);
}

std::optional<std::string> decipher(const sealing_key& key, const sealed_parts& parts, std::string_view purpose) {
    const cipher_context context = begin(false, key, parts.nonce, authenticated(parts.head, purpose));
    std::string text(parts.ciphertext.size(), '\0');
    std::string tag{parts.tag};
    auto* const to = reinterpret_cast<unsigned char*>(text.data());
    int size = 0;
    must_work(EVP_CipherUpdate(context.get(), to, &size, as_octets(parts.ciphertext),
                               static_cast<int>(parts.ciphertext.size())) == 1 &&
              EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()) == 1);
    if (EVP_CipherFinal_ex(context.get(), to + size, &size) != 1) return std::nullopt;
    return text;
}

}  // namespace

std::optional<sealing_keys> parse_sealing_keys(std::string_view text) {
    constexpr std::string_view separators = " \t\r\n,";
    sealing_keys keys;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
        if (text.empty()) break;
        std::string digits{text.substr(0, text.find_first_of(separators))};
        text.remove_prefix(digits.size());
        std::ranges::transform(digits, digits.begin(),
                               [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
        const auto octets = ilp::parse_hex_digest(digits);
        if (!octets) return std::nullopt;
        sealing_key& key = keys.emplace_back(sealing_key{*octets});
        const ilp::digest hash =
            ilp::sha256(ilp::as_bytes("ilpd: the id of a key " + std::string{ilp::as_text(*octets)}));
        std::copy_n(hash.begin(), key.id.size(), key.id.begin());
    }
    if (keys.empty()) return std::nullopt;
    return keys;
}

std::string seal(const sealing_key& key, std::string_view text, std::string_view purpose) {
    std::string octets{sealed_version};
    octets.append(ilp::as_text(key.id));
    std::array<unsigned char, nonce_size> nonce{};
    if (RAND_bytes(nonce.data(), nonce_size) != 1) throw std::runtime_error{"libcrypto has no random numbers"};
    const std::string_view nonce_text{reinterpret_cast<const char*>(nonce.data()), nonce.size()};
    const cipher_context context = begin(true, key, nonce_text, authenticated(octets, purpose));
    octets.append(nonce_text);
    const std::size_t at = octets.size();
    octets.resize(at + text.size() + tag_size);
    auto* const to = reinterpret_cast<unsigned char*>(octets.data()) + at;
    int size = 0;
    must_work(EVP_CipherUpdate(context.get(), to, &size, as_octets(text), static_cast<int>(text.size())) == 1 &&
              EVP_CipherFinal_ex(context.get(), to + size, &size) == 1 &&
              EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_size, octets.data() + at + text.size()) ==
                  1);
    std::string value{sealed_prefix};
    ilp::append_base64url(value, octets);
    return value;
}

bool is_sealed(std::string_view value) {
    return value.starts_with(sealed_prefix);
}

bool is_sealed_with(const sealing_key& key, std::string_view value) {
    if (!is_sealed(value)) return false;
    const auto octets = ilp::decode_base64url(value.substr(sealed_prefix.size()));
    const auto parts = octets ? split_sealed(*octets) : std::nullopt;
    return parts && has_id(key, parts->head);
}

std::expected<std::string, std::string> open_sealed(const sealing_keys& keys, std::string_view value,
                                                    std::string_view purpose) {
    if (!is_sealed(value)) return std::string{value};
    const auto octets = ilp::decode_base64url(value.substr(sealed_prefix.size()));
    const auto parts = octets ? split_sealed(*octets) : std::nullopt;
    if (!parts) return std::unexpected{"is sealed in a form that this version does not know: restore a backup"};
    const auto key = std::ranges::find_if(keys, [&](const sealing_key& each) { return has_id(each, parts->head); });
    if (key == keys.end()) {
        return std::unexpected{
            fmt::format("is sealed with the key {}, which store.key does not have{}: add that key as a further line",
                        ilp::to_hex(ilp::as_bytes(parts->head.substr(1))), keys.empty() ? " (it is not set)" : "")};
    }
    auto text = decipher(*key, *parts, purpose);
    if (!text) return std::unexpected{"was changed or moved since it was sealed: restore a backup"};
    return *std::move(text);
}

}  // namespace peering

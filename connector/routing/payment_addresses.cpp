#include "connector/routing/payment_addresses.hpp"

#include "connector/routing/stages/receive_payment.hpp"
#include "peering/store/sealed_secret.hpp"

#include <openssl/rand.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace connector {

std::shared_ptr<const ilp::stream::receiver_secrets> make_receiver_secrets(const config::receiving_settings& settings) {
    std::vector<ilp::digest> secrets;
    if (settings.secret) {
        const auto keys = peering::parse_sealing_keys(settings.secret->reveal()).value();
        for (const auto& key : keys) secrets.push_back(key.octets);
    } else if (RAND_bytes(secrets.emplace_back().data(), ilp::hash_size) != 1) {
        throw std::runtime_error{"libcrypto has no random numbers"};
    }
    return std::make_shared<const ilp::stream::receiver_secrets>(secrets);
}

payment_addresses::payment_addresses(ilp::address own_address,
                                     std::shared_ptr<const ilp::stream::receiver_secrets> secrets,
                                     std::chrono::milliseconds lifetime)
    : own_address_{std::move(own_address)}, secrets_{std::move(secrets)}, lifetime_{lifetime} {}

payment_address payment_addresses::make(std::uint32_t account, ilp::timestamp now) {
    auto token = secrets_->make_token(cipher_, {.account = account, .valid_until = now + lifetime_});
    return {own_address_.text() + '.' + token.segment, token.shared_secret};
}

std::optional<std::uint32_t> payment_addresses::account_at(std::string_view destination) {
    const std::string_view segment = stages::receiver_token_in(destination, own_address_.text());
    const auto token = segment.empty() ? std::nullopt : secrets_->open(cipher_, segment);
    return token ? std::optional{token->contents.account} : std::nullopt;
}

}  // namespace connector

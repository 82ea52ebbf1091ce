#pragma once

#include "config/settings.hpp"
#include "ilp/address.hpp"
#include "ilp/condition.hpp"
#include "ilp/stream/receiver_token.hpp"
#include "ilp/timestamp.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// The server secrets of the settings. Without them a random one, which is forgotten when the daemon ends. Throws
/// std::runtime_error if libcrypto has no random numbers.
std::shared_ptr<const ilp::stream::receiver_secrets> make_receiver_secrets(const config::receiving_settings& settings);

/// What a sender needs in order to pay to one of our accounts.
struct payment_address {
    std::string destination;
    ilp::digest shared_secret;  ///< give it only to the sender, over an encrypted and authenticated channel
};

/// Makes the addresses of payments to receiving accounts. Used by one thread; nothing is kept for an address.
class payment_addresses {
public:
    /// Each address is valid for `lifetime`. Throws std::runtime_error if libcrypto lacks the cipher.
    payment_addresses(ilp::address own_address, std::shared_ptr<const ilp::stream::receiver_secrets> secrets,
                      std::chrono::milliseconds lifetime);

    /// A new address for the account with this id in the store.
    payment_address make(std::uint32_t account, ilp::timestamp now);

    /// The account that an address is for, whether or not it is still valid; nullopt if none of our secrets made it.
    std::optional<std::uint32_t> account_at(std::string_view destination);

private:
    ilp::address own_address_;
    std::shared_ptr<const ilp::stream::receiver_secrets> secrets_;
    std::chrono::milliseconds lifetime_;
    ilp::stream::envelope_cipher cipher_;
};

}  // namespace connector

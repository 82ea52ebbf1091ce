#include "connector/control/payment_setup.hpp"

#include <string>

namespace connector {

std::optional<peering::spsp_details> payment_setup::details_for(std::string_view account, ilp::timestamp now) {
    const auto receiver = directory_.find_receiving_account_by_name(account);
    if (receiver == nullptr || !receiver->enabled) return std::nullopt;
    const auto token = secrets_->make_token(cipher_, {receiver->id, now + payment_details_lifetime});
    auto address = ilp::address::parse(directory_.own_address().text() + '.' + token.segment);
    if (!address) return std::nullopt;  // our own address is so long that nothing fits below it
    return peering::spsp_details{*std::move(address), token.shared_secret};
}

}  // namespace connector

#include "connector/control/payment_setup.hpp"

namespace connector {

std::optional<peering::spsp_details> payment_setup::details_for(std::string_view account, ilp::timestamp now) {
    const auto receiver = directory_.find_receiving_account_by_name(account);
    if (receiver == nullptr || !receiver->enabled) return std::nullopt;
    const auto [destination, shared_secret] = addresses_.make(receiver->id, now);
    auto address = ilp::address::parse(destination);
    if (!address) return std::nullopt;  // our own address is so long that nothing fits below it
    return peering::spsp_details{*std::move(address), shared_secret};
}

}  // namespace connector

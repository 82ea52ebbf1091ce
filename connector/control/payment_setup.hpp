#pragma once

#include "connector/routing/payment_addresses.hpp"
#include "ilp/timestamp.hpp"
#include "peering/directory/directory.hpp"
#include "peering/spsp/spsp_message.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace connector {

/// Answers how a payment to a receiving account of this node is made. Used by one thread.
class payment_setup {
public:
    /// `directory` must outlive this object.
    payment_setup(const peering::directory& directory, payment_addresses addresses)
        : directory_{directory}, addresses_{std::move(addresses)} {}

    /// Every call returns another address and another secret. Nullopt if there is no such account, or it is disabled.
    std::optional<peering::spsp_details> details_for(std::string_view account, ilp::timestamp now);

private:
    const peering::directory& directory_;
    payment_addresses addresses_;
};

}  // namespace connector

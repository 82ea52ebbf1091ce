#pragma once

#include "ilp/stream/envelope.hpp"
#include "ilp/stream/receiver_token.hpp"
#include "ilp/timestamp.hpp"
#include "peering/directory/directory.hpp"
#include "peering/spsp/spsp_message.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace connector {

/// How long the details of a payment are valid: a sender that pays for longer asks again.
inline constexpr std::chrono::hours payment_details_lifetime{24};

/// Makes the details of payments over STREAM to receiving accounts of this node. Nothing is kept of them: the stage
/// that receives the packets reads the account and the time from the address. Used by one thread.
class payment_setup {
public:
    /// `directory` must outlive this object.
    payment_setup(const peering::directory& directory, std::shared_ptr<const ilp::stream::receiver_secrets> secrets)
        : directory_{directory}, secrets_{std::move(secrets)} {}

    /// Every call returns another address and another secret. Nullopt if there is no such account, or it is disabled.
    std::optional<peering::spsp_details> details_for(std::string_view account, ilp::timestamp now);

private:
    const peering::directory& directory_;
    std::shared_ptr<const ilp::stream::receiver_secrets> secrets_;
    ilp::stream::envelope_cipher cipher_;
};

}  // namespace connector

#pragma once

#include "peering/spsp/spsp_message.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peering {

/// A request to an SPSP endpoint of ours.
struct spsp_query {
    std::string_view method;
    std::string_view target;  ///< path and query
    std::string_view accept;  ///< all Accept fields, joined by commas; empty if there is none
};

struct spsp_response {
    unsigned status = 200;
    std::string_view content_type = spsp_media_type;
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
};

/// Makes an address and a secret for one payment to the account of this name, which nobody has got before. Nullopt if
/// there is no such account.
using spsp_receivers = std::function<std::optional<spsp_details>(std::string_view account)>;

/// A refusal that web pages can read, too. `why` is shown to people.
spsp_response refuse_spsp(unsigned status, std::string why);

/// Answers a query (RFC 9). `/NAME` asks for the account of this name, and `/.well-known/pay` for the account
/// `default_account`; empty if nobody is paid there.
spsp_response answer_spsp(const spsp_query& query, std::string_view default_account, const spsp_receivers& receivers);

}  // namespace peering

#pragma once

#include "config/settings.hpp"
#include "ilp/clock.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace connector {

/// What a link presents to its peer in `Authorization: Bearer`: a token that stays the same, or JSON Web Tokens that we
/// sign, each for a while. A link asks before each packet whether there is a new one, which costs two comparisons, and
/// then makes its request head anew.
class outgoing_credentials {
public:
    static constexpr std::chrono::minutes lifetime{5};
    /// A token is replaced long before it expires, because a packet may wait for a connection, and clocks differ.
    static constexpr std::chrono::seconds renewed_after{150};

    outgoing_credentials(const config::outgoing_http_settings& settings, ilp::timestamp now);

    std::string_view bearer_token() const noexcept { return token_; }

    /// True if the token must not be used any more: call renew(). The wall clock decides, since the peer's does; if it
    /// was set back, the token is from the future.
    bool is_due(ilp::timestamp now) const noexcept { return signs_ && (now >= due_ || now < made_); }

    void renew(ilp::timestamp now);

private:
    std::string secret_;  ///< signs the tokens
    std::string subject_;
    bool signs_;
    std::string token_;
    ilp::timestamp made_{};
    ilp::timestamp due_{};
};

}  // namespace connector

#include "connector/transport/outgoing_credentials.hpp"

#include "peering/json/json_web_token.hpp"

namespace connector {

outgoing_credentials::outgoing_credentials(const config::outgoing_http_settings& settings, ilp::timestamp now)
    : secret_{settings.jwt_secret.reveal()},
      subject_{settings.jwt_subject},
      signs_{!secret_.empty()},
      token_{settings.auth_token.reveal()} {
    if (signs_) renew(now);
}

void outgoing_credentials::renew(ilp::timestamp now) {
    token_ = peering::make_json_web_token(secret_, subject_, now, lifetime);
    made_ = now;
    due_ = now + renewed_after;
}

}  // namespace connector

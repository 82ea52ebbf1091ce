#include "ilp/stream/known_connections.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace ilp::stream {

known_connections::known_connections(std::shared_ptr<const receiver_secrets> secrets)
    : secrets_{std::move(secrets)}, places_(places) {}

known_connections::~known_connections() {
    for (place& each : places_) {
        if (each.connection) OPENSSL_cleanse(&each.connection->keys, sizeof each.connection->keys);
    }
}

const receiver_connection* known_connections::find(envelope_cipher& cipher, std::string_view segment) noexcept {
    if (!looks_like_token(segment)) return nullptr;
    place& here = places_[std::hash<std::string_view>{}(segment) % places];
    // A token is no secret, so the comparison need not take the same time for all.
    if (std::ranges::equal(segment, here.segment)) return &*here.connection;
    const auto opened = secrets_->open(cipher, segment);
    if (!opened) return nullptr;
    std::ranges::copy(segment, here.segment.begin());
    here.connection = receiver_connection{opened->contents, opened->id, derive_keys(opened->shared_secret)};
    return &*here.connection;
}

}  // namespace ilp::stream

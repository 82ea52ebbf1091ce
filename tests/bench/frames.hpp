#pragma once

#include "connector/transport/http2/session.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace bench {

/// Passes the bytes of one connection to its HTTP/2 session, which is ilpd's own: a full one would cost the generator
/// and the constant peer more than the proxy. Complete frames are processed in place; only an incomplete one is copied.
class frame_input {
public:
    /// Calls `on_event(const connector::http2::event&)` for each event. False if the session has failed.
    template <typename F>
    bool feed(connector::http2::session& session, std::span<char> received, ilp::bytes& out, ilp::steady_time now,
              F&& on_event) {
        ilp::bytes_span left{reinterpret_cast<ilp::octet*>(received.data()), received.size()};
        if (!rest_.empty()) {
            ilp::append(rest_, left);
            left = rest_;
        }
        for (;;) {
            const auto& event = session.next(left, out, now);
            if (event.kind == connector::http2::event_kind::failed) return false;
            on_event(event);
            left = left.subspan(event.consumed);
            if (event.kind == connector::http2::event_kind::needs_more) break;
        }
        rest_ = ilp::bytes{left.begin(), left.end()};
        return true;
    }

private:
    ilp::bytes rest_;
};

/// The fields that ilpd sends with each Prepare.
ilp::bytes request_block(bool is_https, std::string_view target, std::string_view authority, std::string_view token);

}  // namespace bench

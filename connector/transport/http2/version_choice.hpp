#pragma once

#include "ilp/clock.hpp"

#include <algorithm>
#include <chrono>

namespace connector {

/// When a peer whose packets travel over HTTP/1.1 is asked again whether it speaks HTTP/2, and when HTTP/2 is of no use
/// although the peer speaks it. It uses no clock and no socket.
class version_choice {
public:
    explicit version_choice(std::chrono::milliseconds ask_again_after) noexcept : ask_again_after_{ask_again_after} {}

    /// The peer has chosen HTTP/1.1, or is being asked whether it still does.
    void http1_chosen(ilp::steady_time now) noexcept { ask_at_ = std::max(ask_at_, now + ask_again_after_); }

    /// HTTP/2 has failed although TCP had connected, or the peer refuses packets over it. It is avoided for a time,
    /// which doubles each time until HTTP/2 has been of use.
    void http2_failed(ilp::steady_time now) noexcept {
        avoided_for_ = std::clamp<std::chrono::seconds>(2 * avoided_for_, avoided_min, avoided_max);
        useless_ = 0;
        avoided_until_ = now + avoided_for_;
        ask_at_ = std::max(ask_at_, avoided_until_);
    }

    /// A connection over HTTP/2 that has carried packets has ended. `was_of_use`: the peer had answered one. Returns
    /// true if HTTP/2 has failed: the peer has answered nothing on several connections in a row.
    bool http2_ended(bool was_of_use) noexcept {
        if (was_of_use) {
            useless_ = 0;
            avoided_for_ = std::chrono::seconds{0};
            return false;
        }
        return ++useless_ >= useless_max;
    }

    bool is_http2_avoided(ilp::steady_time now) const noexcept { return now < avoided_until_; }
    /// Although there are connections over HTTP/1.1.
    bool is_question_due(ilp::steady_time now) const noexcept { return now >= ask_at_; }

    static constexpr unsigned useless_max = 2;
    static constexpr std::chrono::seconds avoided_min{60};
    static constexpr std::chrono::seconds avoided_max{600};

private:
    std::chrono::milliseconds ask_again_after_;
    ilp::steady_time ask_at_{};
    ilp::steady_time avoided_until_{};
    std::chrono::seconds avoided_for_{0};
    unsigned useless_ = 0;  ///< connections in a row
};

}  // namespace connector

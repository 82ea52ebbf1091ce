#pragma once

#include "connector/loop/socket_set.hpp"

#include <functional>

namespace connector {

/// Notifies a loop from another thread. Unlike a post to its io_context it allocates nothing, and notifications raised
/// before the loop reacts are merged into one.
class wakeup final : private socket_set::member {
public:
    wakeup(socket_set& sockets, std::function<void()> raised);
    ~wakeup();
    wakeup(const wakeup&) = delete;
    wakeup& operator=(const wakeup&) = delete;

    /// May be called from any thread; `raised` then runs on the loop's thread. Data must be passed separately, for
    /// example in an atomic.
    void raise() noexcept;

private:
    void ready(bool readable, bool writable, bool ended) override;

    const int descriptor_;
    std::function<void()> raised_;
};

}  // namespace connector

#pragma once

#include "connector/socket_set.hpp"

#include <functional>

namespace connector {

/// Another thread's way to tell a loop that there is something to look at. Unlike a post to its io_context it allocates
/// nothing, and several that come before the loop looks are one.
class signal final : private socket_set::member {
public:
    signal(socket_set& sockets, std::function<void()> raised);
    ~signal();
    signal(const signal&) = delete;
    signal& operator=(const signal&) = delete;

    /// Any thread; `raised` follows on the loop's. What it is about travels by other ways, an atomic for example.
    void raise() noexcept;

private:
    void ready(bool readable, bool writable, bool ended) override;

    const int descriptor_;
    std::function<void()> raised_;
};

}  // namespace connector

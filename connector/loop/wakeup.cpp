#include "connector/loop/wakeup.hpp"

#include <unistd.h>

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace connector {

wakeup::wakeup(socket_set& sockets, std::function<void()> raised)
    : descriptor_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}, raised_{std::move(raised)} {
    if (descriptor_ >= 0 && sockets.add(descriptor_, *this)) return;
    const int error = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    throw std::system_error{error, std::generic_category(), "eventfd"};
}

wakeup::~wakeup() {
    ::close(descriptor_);
}

void wakeup::raise() noexcept {
    // With edge triggering every write is reported, so the counter need not be read; it would overflow after 2^64
    // writes.
    [[maybe_unused]] const int never_fails = ::eventfd_write(descriptor_, 1);
}

void wakeup::ready(bool readable, bool, bool) {
    if (readable) raised_();
}

}  // namespace connector

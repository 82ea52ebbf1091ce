#include "tests/unit/connector/tls/system_calls.hpp"

#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>

namespace connector::testing {

system_call receiving;
system_call sending;

namespace {

/// Returns true if the call is to fail, and otherwise how many bytes it may transfer in `size`.
bool fails(system_call& call, std::size_t& size) {
    ++call.count;
    const bool is_meant =
        call.failing != 0 && (call.count == call.failing || (call.fails_from_then_on && call.count > call.failing));
    if (!is_meant) return false;
    if (call.is_short) {
        size = std::min(size, call.size_max);
        return false;
    }
    errno = call.error;
    return true;
}

}  // namespace
}  // namespace connector::testing

// The linker passes calls of recv() to __wrap_recv(), and those of __real_recv() to recv().
extern "C" {
ssize_t __real_recv(int socket, void* into, size_t size, int flags);
ssize_t __real_send(int socket, const void* octets, size_t size, int flags);

ssize_t __wrap_recv(int socket, void* into, size_t size, int flags) {
    if (connector::testing::fails(connector::testing::receiving, size)) return -1;
    return __real_recv(socket, into, size, flags);
}

ssize_t __wrap_send(int socket, const void* octets, size_t size, int flags) {
    if (connector::testing::fails(connector::testing::sending, size)) return -1;
    return __real_send(socket, octets, size, flags);
}
}

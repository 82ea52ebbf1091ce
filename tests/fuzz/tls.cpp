// Random bytes from the other side of a TLS connection, during the handshake and after it, to a server and to a client.

#include "connector/tls/tls_context.hpp"
#include "connector/tls/tls_filter.hpp"
#include "ilp/invariant.hpp"
#include "tests/support/certificates.hpp"

#include <unistd.h>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace {

using namespace connector;

struct contexts {
    contexts() {
        const support::authority authority;
        const support::certificate_folder folder;
        const auto files = folder.write("node", authority.issue({.names = {"node.example"}}));
        const key_pair_files own{files.certificate, files.key};
        server = *tls_context::server({.files = own, .asks_for_certificates = true, .protocols = {"h2", "http/1.1"}});
        client =
            *tls_context::client({.roots = authority.certificate(), .files = own, .protocols = {"h2", "http/1.1"}});
    }

    std::shared_ptr<const tls_context> server;
    std::shared_ptr<const tls_context> client;
};

struct side {
    std::unique_ptr<tls_filter> filter;
    int socket = -1;
    bool is_established = false;
    bool is_over = false;

    void step() {
        if (is_over) return;
        const stream_result result = is_established ? read() : filter->handshake(socket);
        is_over = result.state == stream_state::ended || result.state == stream_state::broken;
        is_established = is_established || result.state == stream_state::done;
    }

    stream_result read() {
        std::array<char, 700> buffer;
        const stream_result result = filter->read(socket, buffer);
        ilp::require(result.count <= buffer.size(), "a read fills its buffer at most");
        ilp::require((result.state == stream_state::done) == (result.count != 0), "done means that bytes were read");
        return result;
    }
};

}  // namespace

/// The first byte chooses the side, whether the handshake comes first, and how many bytes arrive at a time.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const contexts all;
    if (size == 0) return 0;
    const unsigned choice = *data;
    std::array<int, 2> ends{};
    ilp::require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0,
                 "the system has sockets");
    side server{tls_filter::for_server(all.server), ends[0]};
    side client{tls_filter::for_client(all.client, "node.example"), ends[1]};
    if ((choice & 1U) != 0) {
        for (int i = 0; i < 6; ++i) {
            client.step();
            server.step();
        }
    }
    side& target = (choice & 2U) != 0 ? server : client;
    const int other = (choice & 2U) != 0 ? ends[1] : ends[0];
    const std::size_t at_a_time = std::size_t{1} << (choice >> 2U & 15U);
    for (std::size_t sent = 1; sent < size && !target.is_over; sent += at_a_time) {
        static_cast<void>(::send(other, data + sent, std::min(at_a_time, size - sent), MSG_NOSIGNAL));
        target.step();
    }
    static_cast<void>(target.filter->end_sending(target.socket));
    for (const int end : ends) ::close(end);
    return 0;
}

#include "connector/tls/tls_context.hpp"
#include "connector/tls/tls_filter.hpp"
#include "connector/transport/http2/server_session.hpp"
#include "ilp/packet.hpp"
#include "tests/bench/frames.hpp"
#include "tests/bench/wire.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

// A peer that does no work: every POST gets the same answer, and the POSTs that come together are answered with one
// send. It speaks HTTP/1.1, and HTTP/2 to clients that begin with it. GET on any path returns the number of POSTs.
namespace {

namespace http2 = connector::http2;
using clock = std::chrono::steady_clock;
constexpr std::uint64_t listener_id = 0;
constexpr std::uint64_t tls_listener_id = 1;

struct peer_options {
    std::uint16_t port = 0;
    std::string reject_code;             ///< empty: fulfill
    std::chrono::milliseconds delay{0};  ///< of answers over HTTP/1.1
    connector::key_pair_files files;     ///< of a second port, which speaks TLS; empty: there is none
};

void check(bool ok, const char* what) {
    if (!ok) throw std::system_error{errno, std::generic_category(), what};
}

std::string answer_with(std::string_view type, std::string_view body) {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", type, body.size(), body);
}

ilp::bytes answer_packet(const peer_options& options) {
    auto packet = bench::fixed_fulfill();
    if (!options.reject_code.empty()) {
        packet.clear();
        ilp::serialize_reject(
            packet, {.code = options.reject_code, .triggered_by = "test.peer", .message = "as told", .data = {}});
    }
    return packet;
}

/// The fields with which ilpd answers.
ilp::bytes make_answer_block() {
    ilp::bytes block;
    http2::append_indexed(block, http2::static_table::status_200);
    http2::append_literal(block, http2::static_table::content_type, "application/octet-stream");
    return block;
}

int listen_on(std::uint16_t port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(listener >= 0, "socket");
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    check(listen(listener, SOMAXCONN) == 0, "listen");
    return listener;
}

std::uint16_t port_of(int listener) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    check(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    return ntohs(address.sin_port);
}

class constant_peer {
public:
    explicit constant_peer(const peer_options& options)
        : options_{options},
          packet_{answer_packet(options)},
          answer_{answer_with("application/octet-stream", ilp::as_text(packet_))} {
        check(epoll_ >= 0, "epoll_create1");
        await_connections(listener_, listener_id);
        if (options.files.certificate.empty()) {
            fmt::print("ready on port {}\n", port_of(listener_));
        } else {
            auto context = connector::tls_context::server({.files = options.files, .protocols = {"h2", "http/1.1"}});
            if (!context) throw std::runtime_error{context.error()};
            tls_ = *std::move(context);
            tls_listener_ = listen_on(0);
            await_connections(tls_listener_, tls_listener_id);
            fmt::print("ready on port {} {}\n", port_of(listener_), port_of(tls_listener_));
        }
        std::fflush(stdout);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, bench::events_per_turn> events;
        for (;;) {
            const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), next_due_ms());
            check(count >= 0 || errno == EINTR, "epoll_wait");
            for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)]);
            send_due();
        }
    }

private:
    struct delayed_answers {
        clock::time_point due;
        std::uint64_t id;
        std::string text;
    };

    struct client {
        client(int epoll, int socket, std::uint64_t id, std::unique_ptr<connector::stream_filter> filter)
            : link{epoll, socket, id, std::move(filter)} {}

        bench::connection link;
        bool has_begun = false;                          ///< its first bytes have come
        std::optional<http2::server_session> session{};  ///< if it speaks HTTP/2
        bench::frame_input frames{};
        bench::message_splitter messages{};  ///< of HTTP/1.1
    };

    void await_connections(int listener, std::uint64_t id) const {
        epoll_event event{.events = EPOLLIN, .data = {.u64 = id}};
        check(epoll_ctl(epoll_, EPOLL_CTL_ADD, listener, &event) == 0, "epoll_ctl");
    }

    void handle(const epoll_event& event) {
        if (event.data.u64 == listener_id) return accept_one(listener_, nullptr);
        if (event.data.u64 == tls_listener_id)
            return accept_one(tls_listener_, connector::tls_filter::for_server(tls_));
        const auto found = clients_.find(event.data.u64);
        if (found == clients_.end()) return;
        client& from = *found->second;
        bool alive = true;
        if (!from.link.is_established()) alive = from.link.shake_hands();
        if (alive && (event.events & EPOLLOUT) != 0) alive = from.link.send_rest();
        const bool has_input = (event.events & ~std::uint32_t{EPOLLOUT}) != 0;
        if (alive && has_input && from.link.is_established()) alive = answer(found->first, from);
        if (!alive) clients_.erase(found);
    }

    void accept_one(int listener, std::unique_ptr<connector::stream_filter> filter) {
        const int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) return;
        const auto id = next_id_++;
        clients_.emplace(id, std::make_unique<client>(epoll_, socket, id, std::move(filter)));
    }

    /// False if the connection has ended or is about to end.
    bool answer(std::uint64_t id, client& from) {
        out_.clear();
        frames_out_.clear();
        asked_for_count_ = false;
        const auto receipt = from.link.receive_bytes(scratch_, [&](std::span<char> received) {
            if (!std::exchange(from.has_begun, true) && received.front() == http2::preface.front() &&
                (received.size() < 2 || received[1] == http2::preface[1])) {
                from.session.emplace(frames_out_);
            }
            return from.session ? take_frames(from, received) : take_messages(from, received);
        });
        if (receipt == bench::connection::receipt::not_http) {
            fmt::print(stderr, "constant peer: a request that it does not understand; connection closed\n");
        }
        if (receipt != bench::connection::receipt::fine) return false;
        if (from.session) return frames_out_.empty() || from.link.send(ilp::as_text(frames_out_));
        if (out_.empty()) return true;
        if (asked_for_count_) {
            from.link.send(out_);
            return false;
        }
        if (options_.delay.count() == 0) return from.link.send(out_);
        delayed_.push_back({clock::now() + options_.delay, id, out_});
        return true;
    }

    bool take_frames(client& from, std::span<char> received) {
        return from.frames.feed(*from.session, received, frames_out_, clock::now(), [&](const http2::event& event) {
            if (event.kind != http2::event_kind::message) return;
            ++requests_;
            from.session->answer(event.number, answer_block_, packet_, frames_out_);
        });
    }

    bool take_messages(client& from, std::span<char> received) {
        return from.messages.feed(
            {received.data(), received.size()}, [&](const auto&, std::string_view head, std::string_view) {
                if (head.starts_with("POST ")) {
                    ++requests_;
                    out_ += answer_;
                } else {
                    asked_for_count_ = true;
                    out_ += answer_with("application/json", fmt::format("{{\"requests\": {}}}\n", requests_));
                }
            });
    }

    int next_due_ms() const {
        if (delayed_.empty()) return -1;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(delayed_.front().due - clock::now());
        return std::max(0, static_cast<int>(left.count()));
    }

    void send_due() {
        while (!delayed_.empty() && delayed_.front().due <= clock::now()) {
            const auto found = clients_.find(delayed_.front().id);
            if (found != clients_.end() && !found->second->link.send(delayed_.front().text)) clients_.erase(found);
            delayed_.pop_front();
        }
    }

    peer_options options_;
    const ilp::bytes packet_;
    const std::string answer_;  ///< of HTTP/1.1
    const ilp::bytes answer_block_ = make_answer_block();
    std::shared_ptr<const connector::tls_context> tls_;
    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    int listener_ = listen_on(options_.port);
    int tls_listener_ = -1;
    std::uint64_t next_id_ = tls_listener_id + 1;
    std::unordered_map<std::uint64_t, std::unique_ptr<client>> clients_;
    std::deque<delayed_answers> delayed_;  ///< in order of time, since the delay is constant
    std::uint64_t requests_ = 0;
    bool asked_for_count_ = false;
    std::string out_;
    ilp::bytes frames_out_;
    std::array<char, bench::receive_size> scratch_;
};

}  // namespace

int main(int argc, char** argv) {
    peer_options options;
    std::uint32_t delay_ms = 0;
    CLI::App app{"A peer for the bench: answers every POST with the same packet, and GET with the count of POSTs."};
    app.add_option("--port", options.port, "port on 127.0.0.1; 0: the system chooses (printed)");
    app.add_option("--reject", options.reject_code, "answer with a Reject of this code instead of the Fulfill")
        ->check([](const std::string& code) { return code.size() == 3 ? "" : "expected three characters, as F02"; });
    app.add_option("--delay-ms", delay_ms, "answer so much later, over HTTP/1.1");
    app.add_option("--certificate", options.files.certificate, "file; with it, a second port speaks TLS (printed)");
    app.add_option("--key", options.files.key, "file with the certificate's key");
    CLI11_PARSE(app, argc, argv);
    options.delay = std::chrono::milliseconds{delay_ms};
    try {
        std::make_unique<constant_peer>(options)->run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "constant peer: {}\n", error.what());
        return 1;
    }
}

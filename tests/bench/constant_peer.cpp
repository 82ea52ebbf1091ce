#include "ilp/packet.hpp"
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
#include <system_error>
#include <unordered_map>

// A peer that does no work: every POST gets the same answer, and a batch of pipelined POSTs is answered with one send.
// GET on any path returns the number of POSTs.
namespace {

using clock = std::chrono::steady_clock;
constexpr std::uint64_t listener_id = 0;

struct peer_options {
    std::uint16_t port = 0;
    std::string reject_code;  ///< empty: fulfill
    std::chrono::milliseconds delay{0};
};

void check(bool ok, const char* what) {
    if (!ok) throw std::system_error{errno, std::generic_category(), what};
}

std::string answer_with(std::string_view type, std::string_view body) {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", type, body.size(), body);
}

std::string packet_answer(const peer_options& options) {
    auto packet = bench::fixed_fulfill();
    if (!options.reject_code.empty()) {
        packet.clear();
        ilp::serialize_reject(
            packet, {.code = options.reject_code, .triggered_by = "test.peer", .message = "as told", .data = {}});
    }
    return answer_with("application/octet-stream", ilp::as_text(packet));
}

class constant_peer {
public:
    explicit constant_peer(const peer_options& options) : options_{options}, answer_{packet_answer(options)} {
        check(epoll_ >= 0, "epoll_create1");
        check(listener_ >= 0, "socket");
        const int on = 1;
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(options.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        check(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
        check(listen(listener_, SOMAXCONN) == 0, "listen");
        socklen_t size = sizeof address;
        check(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
        epoll_event event{.events = EPOLLIN, .data = {.u64 = listener_id}};
        check(epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) == 0, "epoll_ctl");
        fmt::print("ready on port {}\n", ntohs(address.sin_port));
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

    void handle(const epoll_event& event) {
        if (event.data.u64 == listener_id) return accept_one();
        const auto found = connections_.find(event.data.u64);
        if (found == connections_.end()) return;
        bool alive = true;
        if ((event.events & EPOLLOUT) != 0) alive = found->second->send_rest();
        if (alive && (event.events & ~std::uint32_t{EPOLLOUT}) != 0) alive = answer(found->first, *found->second);
        if (!alive) connections_.erase(found);
    }

    void accept_one() {
        const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) return;
        const auto id = next_id_++;
        connections_.emplace(id, std::make_unique<bench::connection>(epoll_, socket, id));
    }

    /// False if the connection has ended or is about to end.
    bool answer(std::uint64_t id, bench::connection& from) {
        out_.clear();
        bool asked_for_count = false;
        const auto receipt = from.receive(scratch_, [&](const auto&, std::string_view head, std::string_view) {
            if (head.starts_with("POST ")) {
                ++requests_;
                out_ += answer_;
            } else {
                asked_for_count = true;
                out_ += answer_with("application/json", fmt::format("{{\"requests\": {}}}\n", requests_));
            }
        });
        if (receipt == bench::connection::receipt::not_http) {
            fmt::print(stderr, "constant peer: a request without Content-Length; connection closed\n");
        }
        if (receipt != bench::connection::receipt::fine) return false;
        if (out_.empty()) return true;
        if (asked_for_count) {
            from.send(out_);
            return false;
        }
        if (options_.delay.count() == 0) return from.send(out_);
        delayed_.push_back({clock::now() + options_.delay, id, out_});
        return true;
    }

    int next_due_ms() const {
        if (delayed_.empty()) return -1;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(delayed_.front().due - clock::now());
        return std::max(0, static_cast<int>(left.count()));
    }

    void send_due() {
        while (!delayed_.empty() && delayed_.front().due <= clock::now()) {
            const auto found = connections_.find(delayed_.front().id);
            if (found != connections_.end() && !found->second->send(delayed_.front().text)) connections_.erase(found);
            delayed_.pop_front();
        }
    }

    peer_options options_;
    std::string answer_;
    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    std::uint64_t next_id_ = listener_id + 1;
    std::unordered_map<std::uint64_t, std::unique_ptr<bench::connection>> connections_;
    std::deque<delayed_answers> delayed_;  ///< in order of time, since the delay is constant
    std::uint64_t requests_ = 0;
    std::string out_;
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
    app.add_option("--delay-ms", delay_ms, "answer so much later");
    CLI11_PARSE(app, argc, argv);
    options.delay = std::chrono::milliseconds{delay_ms};
    try {
        std::make_unique<constant_peer>(options)->run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "constant peer: {}\n", error.what());
        return 1;
    }
}

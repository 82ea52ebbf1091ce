#include "connector/tls/tls_filter.hpp"
#include "connector/transport/http2/frame.hpp"
#include "connector/transport/http2/head_block.hpp"
#include "tests/bench/frames.hpp"
#include "tests/bench/wire.hpp"

#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A hostile client of the bench. It keeps some connections with HTTP/2, sends on each as many frames of one kind as the
// daemon takes, and opens each again some time after the daemon has closed it. Or it makes TLS handshakes at a constant
// rate. It has the lowest priority, so that it takes only what the measured peer leaves of their core. It says when the
// flood has begun, ends with SIGTERM, and prints what it has done since.
namespace {

namespace http2 = connector::http2;
using clock = std::chrono::steady_clock;

constexpr std::size_t octets_per_turn = 16 * 1024;
constexpr int lowest_priority = 19;
constexpr std::size_t handshakes_at_a_time = 64;
constexpr std::chrono::seconds handshake_patience{1};
/// Handshakes that are late by more than this are not made up for.
constexpr std::chrono::milliseconds late_at_most{100};
const std::string host = "127.0.0.1";

volatile std::sig_atomic_t ended = 0;

struct flood_options {
    std::uint16_t port = 0;
    std::string kind;
    std::string token;
    std::size_t connections = 10;
    std::chrono::milliseconds pause{100};
    std::string roots;
    double handshakes_per_second = 300;
};

struct counts {
    std::uint64_t connections = 0;
    std::uint64_t sent = 0;  ///< frames, or handshakes that are complete
};

double cpu_seconds() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

/// The time since the flood has begun, and the CPU that it has used in it.
class stopwatch {
public:
    /// Says so, the first time.
    void begin() {
        if (began_ != clock::time_point{}) return;
        began_ = clock::now();
        cpu_ = cpu_seconds();
        fmt::print("flooding\n");
        std::fflush(stdout);
    }

    void print(const counts& made) const {
        const std::chrono::duration<double> elapsed = clock::now() - began_;
        fmt::print("{{\"connections\": {}, \"sent\": {}, \"seconds\": {}, \"cpu_seconds\": {}}}\n", made.connections,
                   made.sent, elapsed.count(), cpu_seconds() - cpu_);
    }

private:
    clock::time_point began_{};
    double cpu_ = 0;
};

sockaddr_in address_of(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// Closes the socket.
class owned_socket {
public:
    explicit owned_socket(int descriptor = -1) : descriptor_{descriptor} {}
    ~owned_socket() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    owned_socket(owned_socket&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    owned_socket& operator=(owned_socket&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }

    int get() const { return descriptor_; }
    bool is_open() const { return descriptor_ >= 0; }

private:
    int descriptor_;
};

/// Not open if the daemon does not accept it.
owned_socket connect_to(std::uint16_t port) {
    owned_socket socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto address = address_of(port);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) {
        return owned_socket{};
    }
    return socket;
}

/// One kind of flood, on one connection.
class frames {
public:
    frames(std::string_view kind, ilp::bytes block) : kind_{kind}, block_{std::move(block)} {
        ilp::append(out_, http2::preface);
        http2::append_frame_head(out_, {.type = http2::frame_type::settings});
        if (kind_ == "empty-data") add_head(http2::flag::end_headers);
        if (kind_ == "continuation") add_head(0);
        add();
    }

    std::string_view next() const { return ilp::as_text(ilp::bytes_view{out_}.subspan(sent_)); }
    void sent(std::size_t count) {
        sent_ += count;
        if (sent_ != out_.size()) return;
        out_.clear();
        sent_ = 0;
        count_ += std::exchange(in_output_, 0);
        add();
    }
    /// Of the frames that were sent.
    std::uint64_t count() const { return count_; }

private:
    void add() {
        while (out_.size() < octets_per_turn) {
            add_one();
            ++in_output_;
        }
    }

    void add_one() {
        constexpr std::array<ilp::octet, 8> octets{};
        if (kind_ == "rapid-reset") {
            add_head(http2::flag::end_headers);
            http2::append_rst_stream(out_, stream_, http2::error_code::cancel);
        } else if (kind_ == "empty-data") {
            http2::append_frame_head(out_, {.type = http2::frame_type::data, .stream = stream_});
        } else if (kind_ == "ping") {
            http2::append_ping(out_, octets, false);
        } else if (kind_ == "settings") {
            http2::append_frame_head(out_, {.type = http2::frame_type::settings});
        } else if (kind_ == "window-update") {
            http2::append_window_update(out_, 0, 1);
        } else {
            http2::append_frame_head(out_, {.type = http2::frame_type::continuation, .stream = stream_});
        }
    }

    void add_head(std::uint8_t flags) {
        stream_ = stream_ == 0 ? 1 : stream_ + 2;
        http2::append_frame_head(out_, {.size = static_cast<std::uint32_t>(block_.size()),
                                        .type = http2::frame_type::headers,
                                        .flags = flags,
                                        .stream = stream_});
        ilp::append(out_, block_);
    }

    std::string_view kind_;
    ilp::bytes block_;
    ilp::bytes out_;
    std::size_t sent_ = 0;
    std::uint32_t stream_ = 0;
    std::uint64_t in_output_ = 0;
    std::uint64_t count_ = 0;
};

class frame_flood {
public:
    frame_flood(const flood_options& options, stopwatch& watch)
        : options_{options},
          watch_{watch},
          block_{bench::request_block(false, "/", fmt::format("{}:{}", host, options.port), options.token)},
          attackers_(options.connections) {}

    counts run() {
        std::vector<pollfd> watched;
        while (ended == 0) {
            const auto now = clock::now();
            watched.clear();
            for (auto& each : attackers_) {
                if (!each.socket.is_open() && each.opens_at <= now) open(each);
                // A negative descriptor is ignored.
                watched.push_back({.fd = each.socket.get(), .events = POLLIN | POLLOUT, .revents = 0});
            }
            poll(watched.data(), watched.size(), static_cast<int>(options_.pause.count()) / 10 + 1);
            for (std::size_t i = 0; i < watched.size(); ++i) {
                if (watched[i].revents != 0 && !go_on(attackers_[i])) close(attackers_[i]);
            }
        }
        for (auto& each : attackers_) close(each);
        return counts_;
    }

private:
    struct attacker {
        owned_socket socket{};
        std::unique_ptr<frames> output{};
        clock::time_point opens_at{};
    };

    void open(attacker& opened) {
        opened.socket = connect_to(options_.port);
        opened.output = std::make_unique<frames>(options_.kind, block_);
        opened.opens_at = clock::now() + options_.pause;
        if (opened.socket.is_open()) ++counts_.connections;
    }

    void close(attacker& closed) {
        if (closed.output) counts_.sent += closed.output->count();
        closed.output.reset();
        closed.socket = owned_socket{};
        closed.opens_at = clock::now() + options_.pause;
    }

    /// Reads what the daemon says, so that its answers never wait, and sends once. False if it has ended the
    /// connection.
    bool go_on(attacker& by) {
        std::array<char, octets_per_turn> ignored;
        const auto received = recv(by.socket.get(), ignored.data(), ignored.size(), 0);
        if (received == 0 || (received < 0 && errno != EAGAIN)) return false;
        const auto next = by.output->next();
        const auto sent = send(by.socket.get(), next.data(), next.size(), MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN;
        by.output->sent(static_cast<std::size_t>(sent));
        if (by.output->count() != 0) watch_.begin();
        return true;
    }

    const flood_options& options_;
    stopwatch& watch_;
    const ilp::bytes block_;
    std::vector<attacker> attackers_;
    counts counts_;
};

/// Complete handshakes without a session to continue, some at the same time, so that a daemon that answers late does
/// not make them fewer.
class handshake_flood {
public:
    handshake_flood(const flood_options& options, stopwatch& watch) : options_{options}, watch_{watch} {}

    counts run() {
        const std::chrono::duration<double> between{1 / options_.handshakes_per_second};
        auto due = clock::now();
        while (ended == 0) {
            const auto now = clock::now();
            due = std::max(due, now - late_at_most);
            for (; due <= now && attempts_.size() < handshakes_at_a_time;
                 due += std::chrono::duration_cast<clock::duration>(between)) {
                begin(now);
            }
            await(due);
            std::erase_if(attempts_, [this](attempt& each) { return has_ended(each); });
        }
        return counts_;
    }

private:
    struct attempt {
        owned_socket socket;
        std::unique_ptr<connector::tls_filter> filter;
        clock::time_point since;
        bool is_ready = true;  ///< the first message can be sent
    };

    void begin(clock::time_point now) {
        owned_socket socket = connect_to(options_.port);
        if (!socket.is_open()) return;
        ++counts_.connections;
        attempts_.push_back(
            {.socket = std::move(socket), .filter = connector::tls_filter::for_client(tls_, host), .since = now});
    }

    /// Until the daemon answers, or until the next handshake is due.
    void await(clock::time_point due) {
        std::vector<pollfd> watched;
        for (const auto& each : attempts_) {
            watched.push_back({.fd = each.socket.get(), .events = POLLIN, .revents = 0});
        }
        const bool has_new = std::ranges::any_of(attempts_, &attempt::is_ready);
        const bool is_full = attempts_.size() == handshakes_at_a_time;
        const auto next = is_full ? clock::now() + late_at_most : due;
        const auto left = has_new ? clock::duration{} : std::max(clock::duration{}, next - clock::now());
        const timespec timeout{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds{left}.count()};
        ppoll(watched.data(), watched.size(), &timeout, nullptr);
        for (std::size_t i = 0; i < attempts_.size(); ++i) {
            attempts_[i].is_ready = attempts_[i].is_ready || watched[i].revents != 0;
        }
    }

    bool has_ended(attempt& each) {
        if (!std::exchange(each.is_ready, false)) return clock::now() - each.since > handshake_patience;
        const auto state = each.filter->handshake(each.socket.get()).state;
        if (state == connector::stream_state::done) {
            ++counts_.sent;
            watch_.begin();
        }
        return state != connector::stream_state::wants_reading && state != connector::stream_state::wants_writing;
    }

    const flood_options& options_;
    stopwatch& watch_;
    const std::shared_ptr<const connector::tls_context> tls_ = bench::client_tls(options_.roots, "h2");
    std::vector<attempt> attempts_;
    counts counts_;
};

}  // namespace

int main(int argc, char** argv) {
    flood_options options;
    CLI::App app{"A hostile client for the bench, until SIGTERM; prints what it has sent as JSON."};
    const std::vector<std::string> kinds{"rapid-reset",   "empty-data",   "ping",      "settings",
                                         "window-update", "continuation", "handshakes"};
    app.add_option("kind", options.kind, "what it floods the connector with")->required()->check(CLI::IsMember(kinds));
    app.add_option("--port", options.port, "of the connector, on 127.0.0.1")->required();
    app.add_option("--token", options.token, "bearer token of its requests")->required();
    app.add_option("--connections", options.connections, "connections that flood at the same time");
    app.add_option("--roots", options.roots, "file with the authority of the connector's certificate");
    app.add_option("--handshakes", options.handshakes_per_second, "per second");
    CLI11_PARSE(app, argc, argv);
    struct sigaction action{};
    action.sa_handler = [](int) { ended = 1; };
    sigaction(SIGTERM, &action, nullptr);
    setpriority(PRIO_PROCESS, 0, lowest_priority);
    try {
        stopwatch watch;
        watch.print(options.kind == "handshakes" ? handshake_flood{options, watch}.run()
                                                 : frame_flood{options, watch}.run());
    } catch (const std::exception& error) {
        fmt::print(stderr, "flood: {}\n", error.what());
        return 1;
    }
}

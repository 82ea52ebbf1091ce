#include "tests/bench/wire.hpp"

#include "ilp/packet.hpp"

#include <poll.h>
#include <strings.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace bench {

namespace {

constexpr std::string_view length_name = "content-length:";
constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::size_t head_size_max = 16384;
constexpr int input_patience_ms = 10'000;

template <typename Number>
std::optional<Number> read_number(std::string_view text) {
    const auto start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) return std::nullopt;
    Number value{};
    const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

}  // namespace

ilp::bytes fixed_fulfill() {
    ilp::bytes packet;
    ilp::serialize_fulfill(packet, fixed_fulfillment, {});
    return packet;
}

std::expected<std::optional<message_head>, std::string_view> read_head(std::string_view text) {
    const auto end = text.find(head_end);
    if (end == std::string_view::npos) {
        if (text.size() > head_size_max) return std::unexpected{"the head of the message has no end"};
        return std::nullopt;
    }
    message_head head{.head_size = end + head_end.size()};
    if (text.starts_with("HTTP/1.1 ")) head.status = read_number<int>(text.substr(9, 3)).value_or(0);
    for (auto line = text.find("\r\n"); line < end; line = text.find("\r\n", line)) {
        line += 2;
        const auto field = text.substr(line, end - line);
        if (field.size() > length_name.size() && field[length_name.size() - 1] == ':' &&
            strncasecmp(field.data(), length_name.data(), length_name.size()) == 0) {
            const auto size = read_number<std::size_t>(field.substr(length_name.size()));
            if (!size) return std::unexpected{"Content-Length is no number"};
            head.body_size = *size;
            return head;
        }
    }
    if (!text.starts_with("GET ")) return std::unexpected{"the message has no Content-Length"};
    return head;
}

connection::connection(int epoll, int socket, std::uint64_t id, std::unique_ptr<connector::stream_filter> filter)
    : epoll_{epoll}, id_{id}, stream_{socket, std::move(filter)}, established_{!stream_.needs_handshake()} {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = id_}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) {
        throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
    }
}

bool connection::shake_hands() {
    switch (stream_.handshake().state) {
        case connector::stream_state::done:
            established_ = true;
            return true;
        case connector::stream_state::wants_reading:
        case connector::stream_state::wants_writing:  // a few bytes, which a socket always takes
            return true;
        case connector::stream_state::ended:
        case connector::stream_state::broken:
            break;
    }
    return false;
}

void connection::step_of_handshake() {
    if (!shake_hands()) throw std::runtime_error{"the TLS handshake has failed"};
}

void connection::begin_handshake() {
    if (!established_) step_of_handshake();
}

void connection::await_handshake() {
    while (!established_) {
        await_input();
        step_of_handshake();
    }
}

void connection::await_input() const {
    pollfd waiting{.fd = stream_.socket(), .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, input_patience_ms) <= 0) throw std::runtime_error{"the proxy says nothing"};
}

bool connection::send(std::string_view text) {
    if (unsent_.empty()) return send_now(text);
    unsent_.append(text);
    return true;
}

bool connection::send_rest() {
    wait_for(EPOLLIN);
    return send_now(std::exchange(unsent_, {}));
}

bool connection::send_now(std::string_view text) {
    while (!text.empty()) {
        const auto result = stream_.write(ilp::as_bytes(text));
        text.remove_prefix(result.count);
        if (result.state == connector::stream_state::broken) return false;
        if (result.state == connector::stream_state::done) continue;
        unsent_.assign(text);
        wait_for(EPOLLIN | EPOLLOUT);
        return true;
    }
    return true;
}

void connection::wait_for(std::uint32_t events) {
    epoll_event event{.events = events, .data = {.u64 = id_}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, stream_.socket(), &event);
}

std::shared_ptr<const connector::tls_context> client_tls(const std::string& roots_file, const std::string& protocol) {
    std::ifstream in{roots_file};
    const std::string roots{std::istreambuf_iterator<char>{in}, {}};
    auto context = connector::tls_context::client({.roots = roots, .protocols = {protocol}});
    if (!context) throw std::runtime_error{roots_file + ": " + context.error()};
    return *std::move(context);
}

}  // namespace bench

#include "tests/support/fake_peer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <stdexcept>

namespace support {
namespace {

/// How often a held answer checks whether its connection is still open.
constexpr milliseconds attention{10};

/// True until the other side has ended the connection.
bool alive(const descriptor& socket) {
    char octet = 0;
    const ssize_t count = ::recv(socket.get(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

/// If the script cannot read the request, the other side, and thus the test, gets the error as the answer.
scripted_answer run(const fake_peer::script_type& script, const http_message& request) {
    try {
        return script(request);
    } catch (const std::exception& error) {
        return answer_http(500, to_bytes(error.what()), "text/plain");
    }
}

}  // namespace

void gate::open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
}

bool gate::is_open() const {
    const std::lock_guard lock{mutex_};
    return open_;
}

bool gate::wait(milliseconds timeout) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, timeout, [this] { return open_; });
}

scripted_answer answer_http(int status, ilp::bytes_view body, std::string_view content_type) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
    if (!content_type.empty()) text += "Content-Type: " + std::string{content_type} + "\r\n";
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    text += ilp::as_text(body);
    return {.octets = std::move(text)};
}

scripted_answer answer_close() {
    return {.after = scripted_answer::ending::close};
}
scripted_answer answer_reset() {
    return {.after = scripted_answer::ending::reset};
}
scripted_answer answer_silence() {
    return {.after = scripted_answer::ending::silence};
}

scripted_answer answer_fulfill(const http_message& request, ilp::bytes_view data) {
    const received_prepare prepare = decode_prepare(request.body);
    return answer_packet(encode_fulfill(fulfillment_for(prepare.destination, prepare.data), data));
}

fake_peer::fake_peer(script_type script) : script_{std::move(script)} {
    start();
}

fake_peer::~fake_peer() {
    stop();
}

void fake_peer::set_script(script_type script) {
    const std::lock_guard lock{mutex_};
    script_ = std::move(script);
}

std::vector<http_message> fake_peer::requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
}

std::size_t fake_peer::request_count() const {
    const std::lock_guard lock{mutex_};
    return requests_.size();
}

bool fake_peer::wait_for_requests(std::size_t count, milliseconds timeout) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, timeout, [&] { return requests_.size() >= count; });
}

received_prepare fake_peer::last_prepare() const {
    const std::lock_guard lock{mutex_};
    if (requests_.empty()) throw std::runtime_error{"the fake peer has seen no request"};
    return decode_prepare(requests_.back().body);
}

std::size_t fake_peer::connections_accepted() const {
    const std::lock_guard lock{mutex_};
    return accepted_;
}

std::size_t fake_peer::connections_open() const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::ranges::count_if(connections_, [](const auto& c) { return !c.finished; }));
}

std::size_t fake_peer::answers_sent() const {
    const std::lock_guard lock{mutex_};
    return answered_;
}

void fake_peer::cut_connections() {
    const std::lock_guard lock{mutex_};
    for (served& connection : connections_) {
        if (!connection.finished) ::shutdown(connection.socket.get(), SHUT_RDWR);
    }
}

void fake_peer::stop() {
    {
        const std::lock_guard lock{mutex_};
        if (stopping_) return;
        stopping_ = true;
        changed_.notify_all();
    }
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    listener_.close();
    cut_connections();
    for (served& connection : connections_) connection.thread.join();
    connections_.clear();
}

void fake_peer::start() {
    listener_ = listen_on(port_);
    port_ = local_port(listener_);
    stopping_ = false;
    acceptor_ = std::thread{[this] { accept_loop(); }};
}

void fake_peer::accept_loop() {
    for (;;) {
        descriptor socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        const int on = 1;
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::lock_guard lock{mutex_};
        if (stopping_) return;
        if (!socket.is_open()) continue;
        ++accepted_;
        served& added = connections_.emplace_back();
        added.socket = std::move(socket);
        added.thread = std::thread{[this, &added] { serve(added); }};
        changed_.notify_all();
    }
}

bool fake_peer::send(const scripted_answer& answer, const served& connection) {
    const std::size_t piece = answer.piece == 0 ? answer.octets.size() : answer.piece;
    bool sent = true;
    for (std::size_t at = 0; sent && at < answer.octets.size(); at += piece) {
        sent = send_all(connection.socket, std::string_view{answer.octets}.substr(at, piece));
    }
    const std::lock_guard lock{mutex_};
    if (sent) ++answered_;
    return sent;
}

bool fake_peer::pause(const scripted_answer& answer, const served& connection) const {
    const auto end = std::chrono::steady_clock::now() + answer.delay;
    const bool forever = answer.after == scripted_answer::ending::silence;
    for (;;) {
        {
            std::unique_lock lock{mutex_};
            if (stopping_) return false;
        }
        const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
        const bool held = answer.held_by && !answer.held_by->is_open();
        if (!forever && !held && left <= milliseconds{0}) return true;
        if (!alive(connection.socket)) return false;
        if (held) {
            answer.held_by->wait(attention);
        } else {
            std::unique_lock lock{mutex_};
            changed_.wait_for(lock, forever ? attention : std::min(left, attention), [this] { return stopping_; });
        }
    }
}

void fake_peer::serve(served& connection) {
    std::string buffer;
    bool open = true;
    while (open) {
        auto request = take_message(buffer);
        if (!request) {
            open = read_some(connection.socket, buffer, milliseconds{3'600'000}) == read_result::data;
            continue;
        }
        script_type current;
        {
            const std::lock_guard lock{mutex_};
            requests_.push_back(*request);
            current = script_;
            changed_.notify_all();
        }
        const scripted_answer answer = run(current, *request);
        open = pause(answer, connection) && send(answer, connection) && answer.after == scripted_answer::ending::keep;
        if (!open && answer.after == scripted_answer::ending::reset) {
            const std::lock_guard lock{mutex_};
            reset(connection.socket);
        }
    }
    const std::lock_guard lock{mutex_};
    connection.finished = true;
    connection.socket.close();
}

}  // namespace support

#include "connector/tls/tls_filter.hpp"
#include "connector/transport/http2/client_session.hpp"
#include "ilp/address.hpp"
#include "ilp/packet.hpp"
#include "tests/bench/frames.hpp"
#include "tests/bench/histogram.hpp"
#include "tests/bench/wire.hpp"

#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

// A closed loop of clients: each sends its next Prepare once the last one is answered, or when its time has come if a
// rate is given. With HTTP/1.1 a client has a connection of its own, with HTTP/2 many share one. Every answer is
// checked.
namespace {

namespace http2 = connector::http2;
using clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr auto expiry_refresh = std::chrono::seconds{1};
constexpr auto drain_at_most = std::chrono::seconds{5};
constexpr nanoseconds turn_max = std::chrono::milliseconds{20};
constexpr int perf_patience_ms = 10'000;
constexpr std::size_t opened_at_a_time = 32;
constexpr std::size_t added_at_a_time = 8;
constexpr auto slow_answers_at_most = std::chrono::minutes{1};
constexpr std::size_t destination_stride = 37;  ///< so that the clients do not proceed in step
const std::string host = "127.0.0.1";

struct load_options {
    std::uint16_t port = 0;
    std::string target = "/";
    std::vector<std::string> tokens;        ///< assigned to the clients in turn
    std::vector<std::string> destinations;  ///< each client uses them in turn
    std::uint64_t amount = 1;
    std::size_t data_size = 0;
    std::size_t connections = 1;
    std::size_t streams = 0;    ///< clients on each connection, with HTTP/2; 0: one, with HTTP/1.1
    std::string roots;          ///< file with the authority of the proxy's certificate; empty: without TLS
    std::size_t idle = 0;       ///< additional connections, which send one packet each and then stay open
    bool hold = false;          ///< only opens the idle connections, says so, and keeps them until SIGTERM
    bool gate = false;          ///< says when each connection has sent one packet, and sends no more before SIGUSR1
    double rate = 0;            ///< packets per second that all clients together ask for; 0: as many as possible
    std::string expect_reject;  ///< code of the only correct answer; empty: the Fulfill
    double warm_up_seconds = 0.5;
    double seconds = 2;
    std::uint64_t packets = 0;  ///< stops after this many, or earlier if the time is over; 0: only the time counts
    double expiry_seconds = 20;
    bool gently = false;       ///< begins with few connections and adds others; for a proxy that is slow at first
    std::string allocations;   ///< file in which the proxy counts its heap calls; empty: it does not count
    std::string perf_control;  ///< FIFOs of a perf that counts during the measured window; empty: there is none
    std::string perf_answers;
    std::vector<pid_t> watched;  ///< processes whose usage during the measured window is reported
};

nanoseconds as_duration(double seconds) {
    return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>{seconds});
}

nanoseconds read_clock(clockid_t id) {
    timespec now{};
    if (clock_gettime(id, &now) != 0) throw std::system_error{errno, std::generic_category(), "clock_gettime"};
    return std::chrono::seconds{now.tv_sec} + nanoseconds{now.tv_nsec};
}

/// User and system time of all threads of a process, including those that have ended, in nanoseconds.
nanoseconds cpu_time(pid_t pid) {
    clockid_t id{};
    if (const int error = clock_getcpuclockid(pid, &id); error != 0) {
        throw std::system_error{error, std::generic_category(), fmt::format("CPU time of process {}", pid)};
    }
    return read_clock(id);
}

sigset_t only(int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    return set;
}

/// Says that all connections are there, and waits for a signal that is blocked.
void announce_and_await(int number) {
    fmt::print("connected\n");
    std::fflush(stdout);
    const sigset_t awaited = only(number);
    int received = 0;
    sigwait(&awaited, &received);
}

/// The resources that a process has used so far; see proc(5).
struct usage {
    nanoseconds cpu{};
    std::uint64_t switches = 0;  ///< of the threads that still exist
    std::uint64_t resident_kib = 0;
    std::uint64_t peak_kib = 0;
};

/// The sum of the numbers with these names in a file of "Name: number" lines.
std::uint64_t sum_of_fields(const std::filesystem::path& path, std::initializer_list<std::string_view> names) {
    std::uint64_t sum = 0;
    std::ifstream in{path};
    for (std::string line; std::getline(in, line);) {
        const auto colon = line.find(':');
        if (std::ranges::find(names, std::string_view{line}.substr(0, colon)) != names.end()) {
            sum += std::stoull(line.substr(colon + 1));
        }
    }
    return sum;
}

usage usage_of(pid_t pid) {
    const std::filesystem::path process = fmt::format("/proc/{}", pid);
    usage used{.cpu = cpu_time(pid),
               .switches = 0,
               .resident_kib = sum_of_fields(process / "status", {"VmRSS"}),
               .peak_kib = sum_of_fields(process / "status", {"VmHWM"})};
    for (const auto& thread : std::filesystem::directory_iterator{process / "task"}) {
        used.switches +=
            sum_of_fields(thread.path() / "status", {"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"});
    }
    return used;
}

/// Heap calls from the program itself, from a database's library, and from OpenSSL.
struct allocation_counts {
    std::uint64_t own = 0;
    std::uint64_t database = 0;
    std::uint64_t openssl = 0;
};

/// The file in which another process counts. All counts are zero if there is no file.
class shared_counters {
public:
    explicit shared_counters(const std::string& path) {
        if (path.empty()) return;
        const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        void* const shared = mmap(nullptr, sizeof(allocation_counts), PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0) close(file);
        if (shared == MAP_FAILED) throw std::system_error{errno, std::generic_category(), path};
        counters_ = static_cast<const allocation_counts*>(shared);
    }

    allocation_counts read() const {
        if (counters_ == nullptr) return {};
        return {__atomic_load_n(&counters_->own, __ATOMIC_RELAXED),
                __atomic_load_n(&counters_->database, __ATOMIC_RELAXED),
                __atomic_load_n(&counters_->openssl, __ATOMIC_RELAXED)};
    }

private:
    const allocation_counts* counters_ = nullptr;
};

/// Tells a perf that was started with --control to start or stop counting. Returns once it has done so.
class perf_switch {
public:
    perf_switch(const std::string& control, const std::string& answers) {
        if (control.empty()) return;
        control_ = open(control.c_str(), O_RDWR | O_CLOEXEC);
        answers_ = open(answers.c_str(), O_RDWR | O_CLOEXEC);
        answered_ = control_ >= 0 && answers_ >= 0;
    }

    void say(std::string_view command) {
        if (!answered_) return;
        std::array<char, 16> answer;
        pollfd waiting{.fd = answers_, .events = POLLIN, .revents = 0};
        answered_ = write(control_, command.data(), command.size()) > 0 && poll(&waiting, 1, perf_patience_ms) == 1 &&
                    read(answers_, answer.data(), answer.size()) > 0;
    }

    /// Whether perf has acknowledged every command.
    bool answered() const { return answered_; }

private:
    int control_ = -1;
    int answers_ = -1;
    bool answered_ = false;
};

/// One request shared by many connections. Only its expiry changes.
class request {
public:
    request(const load_options& options, std::string_view token, std::string_view destination)
        : expiry_distance_{as_duration(options.expiry_seconds)} {
        const ilp::bytes data(options.data_size, 0xda);
        ilp::bytes packet;
        ilp::serialize_prepare(packet, {.amount = {options.amount},
                                        .expires_at = {},
                                        .condition = ilp::sha256(bench::fixed_fulfillment),
                                        .destination = destination,
                                        .data = data});
        const auto authority = fmt::format("{}:{}", host, options.port);
        block_ = bench::request_block(!options.roots.empty(), options.target, authority, token);
        const auto head = fmt::format(
            "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n"
            "Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            options.target, authority, token, packet.size());
        text_ = head + std::string{ilp::as_text(packet)};
        packet_ = {reinterpret_cast<ilp::octet*>(text_.data()) + head.size(), packet.size()};
        refresh();
    }
    request(const request&) = delete;
    request& operator=(const request&) = delete;

    void refresh() {
        auto prepare = ilp::prepare_view::parse(packet_);
        if (!prepare) throw std::logic_error{"the Prepare of the bench is invalid"};
        prepare->set_expires_at(
            std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now() + expiry_distance_));
    }

    /// With HTTP/1.1.
    std::string_view text() const { return text_; }
    /// The fields, with HTTP/2.
    ilp::bytes_view block() const { return block_; }
    ilp::bytes_view packet() const { return packet_; }

private:
    nanoseconds expiry_distance_;
    ilp::bytes block_;
    std::string text_;
    ilp::bytes_span packet_;
};

struct answer_counts {
    std::uint64_t right = 0;
    std::map<std::string, std::uint64_t> rejects;  ///< unexpected ones, by code
    std::map<int, std::uint64_t> http_errors;
    std::uint64_t wrong = 0;       ///< answers that are not a packet or not the expected Fulfill
    std::uint64_t closed = 0;      ///< connections that ended, or violated HTTP, before we closed them
    std::uint64_t unanswered = 0;  ///< packets still in flight at the end of the drain time
};

/// Values read at the start and at the end of the measured window.
struct reading {
    clock::time_point time;
    std::uint64_t right = 0;
    allocation_counts allocations;
    nanoseconds own_cpu{};
    std::vector<usage> watched;
};

class load_generator {
public:
    explicit load_generator(const load_options& options) : options_{options} {
        for (const auto& token : options_.tokens) {
            for (const auto& destination : options_.destinations) requests_.emplace_back(options_, token, destination);
        }
        clients_.resize(options_.idle + options_.connections * std::max<std::size_t>(1, options_.streams));
        links_.resize(options_.idle + options_.connections);
        if (options_.roots.empty()) return;
        tls_ = bench::client_tls(options_.roots, is_http2() ? "h2" : "http/1.1");
    }
    ~load_generator() { close(epoll_); }
    load_generator(const load_generator&) = delete;
    load_generator& operator=(const load_generator&) = delete;

    void run() {
        next_refresh_ = clock::now() + expiry_refresh;
        open_and_greet(options_.gate ? links_.size() : options_.idle);
        if (options_.gently) open_gently();
        if (!options_.gate && !options_.gently) open(options_.idle, links_.size());
        if (options_.gate) announce_and_await(SIGUSR1);
        const auto start = clock::now();
        for (std::size_t i = options_.idle; i < clients_.size(); ++i) {
            clients_[i].due = start;
            if (options_.rate == 0) {
                send(i, start);
            } else {
                clients_[i].due += as_duration(static_cast<double>(i) / options_.rate);
                due_.emplace(clients_[i].due, i);
            }
        }
        flush_all();
        turn_until(start + as_duration(options_.warm_up_seconds));
        perf_.say("enable\n");
        measuring_ = true;
        begin_ = read_all();
        turn_until(begin_.time + as_duration(options_.seconds));
        end_ = read_all();
        perf_.say("disable\n");
        measuring_ = false;
        only_answers_ = true;
        turn_until(clock::now() + drain_at_most);
        counts_.unanswered = in_flight_;
    }

    /// Opens the idle connections and keeps them until SIGTERM.
    void hold() {
        next_refresh_ = clock::now() + expiry_refresh;
        open_and_greet(options_.idle);
        announce_and_await(SIGTERM);
        std::array<epoll_event, bench::events_per_turn> events;
        for (int count = 1; count > 0;) {
            count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
            for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)]);
        }
    }

    boost::json::object result() const {
        boost::json::object rejects;
        for (const auto& [code, count] : counts_.rejects) rejects[code] = count;
        boost::json::object http_errors;
        for (const auto& [status, count] : counts_.http_errors) http_errors[std::to_string(status)] = count;
        boost::json::array watched;
        for (std::size_t i = 0; i < options_.watched.size(); ++i) {
            const auto& before = begin_.watched[i];
            const auto& after = end_.watched[i];
            watched.push_back({{"pid", options_.watched[i]},
                               {"cpu_us", microseconds(after.cpu - before.cpu)},
                               {"switches", std::max(after.switches, before.switches) - before.switches},
                               {"resident_kib", after.resident_kib},
                               {"peak_kib", after.peak_kib}});
        }
        const auto latency = [&](double share) { return latency_.quantile(share) / 1000; };
        boost::json::object printed{
            {"connections", options_.connections},
            {"streams", options_.streams},
            {"idle", options_.idle},
            {"prepare_octets", requests_.front().packet().size()},
            {"request_octets", request_size()},
            {"seconds", microseconds(end_.time - begin_.time) / 1e6},
            {"right", end_.right - begin_.right},
            {"latency_us", {{"p50", latency(0.5)}, {"p99", latency(0.99)}, {"p99.9", latency(0.999)}}},
            {"own_cpu_us", microseconds(end_.own_cpu - begin_.own_cpu)},
            {"watched", watched},
            {"whole_run",
             {{"right", counts_.right},
              {"rejects", rejects},
              {"http_errors", http_errors},
              {"wrong", counts_.wrong},
              {"closed", counts_.closed},
              {"unanswered", counts_.unanswered}}}};
        if (!options_.allocations.empty()) {
            printed["allocations"] = {{"own", end_.allocations.own - begin_.allocations.own},
                                      {"database", end_.allocations.database - begin_.allocations.database},
                                      {"openssl", end_.allocations.openssl - begin_.allocations.openssl}};
        }
        printed["perf_answered"] = perf_.answered();
        return printed;
    }

private:
    /// A connection.
    struct link_state {
        std::unique_ptr<bench::connection> connection;
        std::size_t first_client = 0;
        std::unique_ptr<http2::client_session> session{};  ///< with HTTP/2
        bench::frame_input frames{};
        ilp::bytes out{};                    ///< with HTTP/2: what is sent at the end of the turn
        std::vector<std::size_t> sent_by{};  ///< with HTTP/2: the client, by the upper half of the request's number
    };

    struct client_state {
        std::size_t link = 0;
        std::size_t first_request = 0;  ///< index of the sender's first request
        std::size_t turn = 0;           ///< index of the next destination
        bool waiting = false;           ///< for an answer
        clock::time_point sent;
        clock::time_point due;  ///< of the next Prepare, if there is a rate
    };

    bool is_http2() const { return options_.streams != 0; }

    std::size_t request_size() const {
        const request& any = requests_.front();
        return is_http2() ? 2 * http2::frame_head_size + any.block().size() + any.packet().size() : any.text().size();
    }

    static double microseconds(nanoseconds duration) {
        return std::chrono::duration<double, std::micro>{duration}.count();
    }

    int connect() const {
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(options_.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (socket < 0 || ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            fcntl(socket, F_SETFL, O_NONBLOCK) != 0) {
            throw std::system_error{errno, std::generic_category(), fmt::format("connect to port {}", options_.port)};
        }
        return socket;
    }

    reading read_all() const {
        reading now{.time = clock::now(),
                    .right = counts_.right,
                    .allocations = allocations_.read(),
                    .own_cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID),
                    .watched = {}};
        for (const auto pid : options_.watched) now.watched.push_back(usage_of(pid));
        return now;
    }

    /// Opens a few at a time: their handshakes keep both sides busy, and the proxy need not have memory for all of
    /// them.
    void open(std::size_t begin, std::size_t end) {
        while (begin < end) {
            const std::size_t batch_end = std::min(begin + opened_at_a_time, end);
            for (std::size_t i = begin; i < batch_end; ++i) begin_to_open(i);
            for (; begin < batch_end; ++begin) finish_opening(begin);
        }
    }

    void begin_to_open(std::size_t index) {
        auto& link = links_[index];
        auto filter = tls_ ? connector::tls_filter::for_client(tls_, host) : nullptr;
        link.connection = std::make_unique<bench::connection>(epoll_, connect(), index, std::move(filter));
        link.connection->begin_handshake();
    }

    void finish_opening(std::size_t index) {
        auto& link = links_[index];
        link.connection->await_handshake();
        const bool is_idle = index < options_.idle;
        const std::size_t streams = std::max<std::size_t>(1, options_.streams);
        link.first_client = is_idle ? index : options_.idle + (index - options_.idle) * streams;
        for (std::size_t i = 0; i < (is_idle ? 1 : streams); ++i) {
            auto& client = clients_[link.first_client + i];
            client.link = index;
            client.first_request = (link.first_client + i) % options_.tokens.size() * options_.destinations.size();
            client.turn = (link.first_client + i) * destination_stride % options_.destinations.size();
        }
        if (is_http2()) begin_http2(link);
    }

    /// Waits until the proxy says how many streams it takes.
    void begin_http2(link_state& link) {
        link.session = std::make_unique<http2::client_session>(link.out);
        flush(link);
        for (receive_frames(link); link.connection && !link.session->has_settings(); receive_frames(link)) {
            link.connection->await_input();
        }
        if (!link.connection) throw std::runtime_error{"the proxy does not speak HTTP/2"};
    }

    /// Opens the first connections and sends one packet on each, which shows whose it is: a daemon soon closes one that
    /// has not shown that. It does so with a few at a time, so that the proxy has no more packets in flight than later.
    void open_and_greet(std::size_t count) {
        only_answers_ = true;
        for (std::size_t begin = 0; begin < count;) {
            const std::size_t end = std::min(begin + opened_at_a_time, count);
            open(begin, end);
            for (; begin < end; ++begin) send(links_[begin].first_client, clock::now());
            flush_all();
            turn_until(clock::now() + drain_at_most);
            if (options_.hold) say_progress(begin);
        }
        only_answers_ = false;
    }

    /// Opens a few connections, sends a packet on each that is open, and goes on when all have been answered. So the
    /// proxy opens its own connections to the next hop a few at a time, too: each has its time limit, and under
    /// valgrind a hundred handshakes at once can exceed it.
    void open_gently() {
        only_answers_ = true;
        for (std::size_t begin = options_.idle; begin < links_.size();) {
            const std::size_t end = std::min(begin + added_at_a_time, links_.size());
            open(begin, end);
            for (std::size_t i = options_.idle; i < end; ++i) send(links_[i].first_client, clock::now());
            flush_all();
            turn_until(clock::now() + slow_answers_at_most);
            if (in_flight_ != 0) throw std::runtime_error{"the proxy does not answer the first packets"};
            begin = end;
        }
        only_answers_ = false;
    }

    /// One line for each `idle_per_line` connections.
    void say_progress(std::size_t open) {
        for (; said_ + bench::idle_per_line <= open; said_ += bench::idle_per_line) fmt::print("open\n");
        std::fflush(stdout);
    }

    /// Runs until the deadline or until nothing is in flight.
    void turn_until(clock::time_point deadline) {
        std::array<epoll_event, bench::events_per_turn> events;
        for (auto now = clock::now(); now < deadline && (in_flight_ > 0 || may_send_due()); now = clock::now()) {
            if (now >= next_refresh_) {
                for (auto& request : requests_) request.refresh();
                next_refresh_ = now + expiry_refresh;
            }
            send_due(now);
            const auto wait =
                may_send_due() ? std::clamp<nanoseconds>(due_.begin()->first - now, {}, turn_max) : turn_max;
            const timespec timeout{.tv_sec = 0, .tv_nsec = wait.count()};
            const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
            for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)]);
        }
    }

    bool may_send_due() const { return !due_.empty() && !only_answers_; }

    void send_due(clock::time_point now) {
        while (may_send_due() && due_.begin()->first <= now) {
            const std::size_t client = due_.begin()->second;
            due_.erase(due_.begin());
            send(client, now);
        }
        flush_all();
    }

    void handle(const epoll_event& event) {
        auto& link = links_[event.data.u64];
        if (!link.connection) return;
        if ((event.events & EPOLLOUT) != 0 && !link.connection->send_rest()) return lose(link);
        if ((event.events & ~std::uint32_t{EPOLLOUT}) == 0) return;
        if (is_http2()) {
            receive_frames(link);
            flush_all();
        } else {
            receive_answer(link);
        }
    }

    void receive_answer(link_state& link) {
        std::size_t answers = 0;
        const auto receipt =
            link.connection->receive(scratch_, [&](const auto& head, std::string_view, std::string_view body) {
                ++answers;
                count(head.status, body);
            });
        if (receipt != bench::connection::receipt::fine || answers > 1) return lose(link);
        if (answers == 1) answered(link.first_client, clock::now());
    }

    void receive_frames(link_state& link) {
        const auto now = clock::now();
        const auto receipt = link.connection->receive_bytes(scratch_, [&](std::span<char> received) {
            return link.frames.feed(*link.session, received, link.out, now,
                                    [&](const http2::event& event) { take(link, event, now); });
        });
        if (receipt != bench::connection::receipt::fine) return lose(link);
        if (!link.out.empty()) unflushed_.push_back(static_cast<std::size_t>(&link - links_.data()));
    }

    void take(link_state& link, const http2::event& event, clock::time_point now) {
        if (event.kind != http2::event_kind::message && event.kind != http2::event_kind::reset) return;
        const std::size_t client = link.sent_by[static_cast<std::size_t>(event.number >> 32U)];
        if (event.kind == http2::event_kind::message) {
            count(static_cast<int>(event.status), ilp::as_text(event.body));
            return answered(client, now);
        }
        ++counts_.closed;
        --in_flight_;
        clients_[client].waiting = false;
    }

    void answered(std::size_t index, clock::time_point now) {
        auto& client = clients_[index];
        if (measuring_) latency_.add(static_cast<std::uint64_t>((now - client.sent).count()));
        --in_flight_;
        client.waiting = false;
        if (only_answers_) return;
        if (options_.rate == 0) return send(index, now);
        // A late answer does not change when later Prepares are due, so the rate is kept as far as possible.
        client.due += as_duration(static_cast<double>(clients_.size() - options_.idle) / options_.rate);
        due_.emplace(client.due, index);
    }

    /// Over HTTP/2, it is sent by flush_all().
    void send(std::size_t index, clock::time_point now) {
        if (options_.packets != 0 && sent_ == options_.packets) return;
        auto& client = clients_[index];
        auto& link = links_[client.link];
        if (!link.connection) return;
        ++sent_;
        client.sent = now;
        client.waiting = true;
        ++in_flight_;
        const auto& request = requests_[client.first_request + client.turn];
        if (++client.turn == options_.destinations.size()) client.turn = 0;
        if (!link.session) {
            if (!link.connection->send(request.text())) lose(link);
            return;
        }
        if (!link.session->may_open()) throw std::runtime_error{"the proxy takes fewer streams than asked for"};
        if (link.out.empty()) unflushed_.push_back(client.link);
        const auto place =
            static_cast<std::size_t>(link.session->request(request.block(), request.packet(), link.out) >> 32U);
        if (place >= link.sent_by.size()) link.sent_by.resize(place + 1);
        link.sent_by[place] = index;
    }

    void flush_all() {
        for (const std::size_t index : unflushed_) flush(links_[index]);
        unflushed_.clear();
    }

    void flush(link_state& link) {
        if (link.out.empty() || !link.connection) return;
        if (!link.connection->send(ilp::as_text(link.out))) return lose(link);
        link.out.clear();
    }

    void lose(link_state& link) {
        ++counts_.closed;
        const auto index = static_cast<std::size_t>(&link - links_.data());
        for (auto& client : clients_) {
            if (client.link != index || !client.waiting) continue;
            --in_flight_;
            client.waiting = false;
        }
        link.connection.reset();
    }

    void count(int status, std::string_view body) {
        if (status == 200 && body == right_answer_) {
            ++counts_.right;
        } else if (status != 200) {
            ++counts_.http_errors[status];
        } else {
            count_reject(body);
        }
    }

    /// Every expected Reject must equal the first one, byte for byte.
    void count_reject(std::string_view body) {
        ilp::bytes packet{body.begin(), body.end()};
        const auto reject = ilp::reject_view::parse(packet);
        if (reject && right_answer_.empty() && reject->code() == options_.expect_reject) {
            right_answer_ = body;
            ++counts_.right;
        } else {
            ++(reject ? counts_.rejects[std::string{reject->code()}] : counts_.wrong);
        }
    }

    load_options options_;
    std::deque<request> requests_;  ///< by sender, then by destination
    std::string right_answer_{options_.expect_reject.empty() ? ilp::as_text(bench::fixed_fulfill()) : ""};
    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    std::shared_ptr<const connector::tls_context> tls_;
    std::vector<link_state> links_;
    std::vector<client_state> clients_;
    std::vector<std::size_t> unflushed_;                       ///< links
    std::set<std::pair<clock::time_point, std::size_t>> due_;  ///< the next Prepares, with their clients
    std::size_t said_ = 0;                                     ///< idle connections
    std::size_t in_flight_ = 0;
    std::uint64_t sent_ = 0;
    bool measuring_ = false;
    bool only_answers_ = false;  ///< stop sending and only receive answers
    clock::time_point next_refresh_;
    answer_counts counts_;
    bench::histogram latency_;
    shared_counters allocations_{options_.allocations};
    perf_switch perf_{options_.perf_control, options_.perf_answers};
    reading begin_;
    reading end_;
    std::array<char, bench::receive_size> scratch_;
};

}  // namespace

int main(int argc, char** argv) {
    load_options options;
    CLI::App app{"Closed-loop ILP-over-HTTP sender for the bench; prints what it counted as JSON."};
    app.add_option("--port", options.port, "of the connector, on 127.0.0.1")->required();
    app.add_option("--target", options.target, "path of the POST");
    app.add_option("--tokens", options.tokens, "bearer tokens of the senders, in turn over the clients")
        ->required()
        ->delimiter(',');
    app.add_option("--destinations", options.destinations, "ILP addresses, each client takes them in turn")
        ->required()
        ->delimiter(',')
        ->check([](const std::string& text) { return ilp::is_address(text) ? "" : "is no ILP address"; });
    app.add_option("--amount", options.amount, "of each Prepare");
    app.add_option("--data-size", options.data_size, "octets of data in each Prepare")
        ->check(CLI::Range(std::size_t{0}, ilp::data_size_max));
    app.add_option("--connections", options.connections, "each has one packet in flight, unless --streams is given")
        ->check(CLI::Range(std::size_t{1}, std::size_t{20000}));
    app.add_option("--streams", options.streams, "speak HTTP/2, with so many packets in flight on each connection")
        ->check(CLI::Range(std::size_t{1}, std::size_t{2000}));
    app.add_option("--roots", options.roots, "speak TLS; file with the authority of the connector's certificate");
    app.add_option("--idle", options.idle, "connections besides, which send one packet each and then stay open");
    app.add_flag("--hold", options.hold, "open only the idle connections, print a line, and keep them until SIGTERM");
    app.add_flag("--gate", options.gate,
                 "send one packet on each connection, print a line, and send no more until SIGUSR1");
    app.add_option("--rate", options.rate, "packets per second of all connections together (as many as possible)");
    app.add_option("--expect-reject", options.expect_reject, "code of the only right answer (else it is the Fulfill)");
    app.add_option("--warm-up", options.warm_up_seconds, "seconds before the measured window");
    app.add_option("--seconds", options.seconds, "length of the measured window");
    app.add_option("--packets", options.packets, "end after so many, however long the window is");
    app.add_option("--expiry", options.expiry_seconds, "seconds until a Prepare expires")
        ->check(CLI::Range(1.0, 3600.0));
    app.add_flag("--gently", options.gently, "begin with few connections and packets; for a proxy under valgrind");
    app.add_option("--allocations", options.allocations, "file in which the connector counts its calls of the heap");
    app.add_option("--perf-control", options.perf_control, "FIFO of a perf that counts in the measured window");
    app.add_option("--perf-answers", options.perf_answers, "FIFO in which it acknowledges");
    app.add_option("--watch", options.watched, "processes whose CPU time, memory and context switches are wanted");
    CLI11_PARSE(app, argc, argv);
    // Blocked before anything is said, so that no signal is missed.
    const sigset_t awaited = only(options.hold ? SIGTERM : SIGUSR1);
    if (options.hold || options.gate) sigprocmask(SIG_BLOCK, &awaited, nullptr);
    try {
        const auto generator = std::make_unique<load_generator>(options);
        options.hold ? generator->hold() : generator->run();
        fmt::print("{}\n", boost::json::serialize(generator->result()));
    } catch (const std::exception& error) {
        fmt::print(stderr, "load generator: {}\n", error.what());
        return 1;
    }
}

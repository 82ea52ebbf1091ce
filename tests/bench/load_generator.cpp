#include "ilp/address.hpp"
#include "ilp/packet.hpp"
#include "tests/bench/histogram.hpp"
#include "tests/bench/wire.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

// Closed loop: every connection sends its next Prepare when the answer to the last has come. Every answer is checked.
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr auto expiry_distance = std::chrono::seconds{20};
constexpr auto expiry_refresh = std::chrono::seconds{1};
constexpr auto drain_at_most = std::chrono::seconds{5};
constexpr int turn_ms_max = 20;

struct load_options {
    std::uint16_t port = 0;
    std::string target = "/";
    std::string token;
    std::string destination;
    std::uint64_t amount = 1;
    std::size_t data_size = 0;
    std::size_t connections = 1;
    double warm_up_seconds = 0.5;
    double seconds = 2;
    std::vector<pid_t> watched;  ///< processes whose CPU time over the measured window is wanted
};

nanoseconds as_duration(double seconds) {
    return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>{seconds});
}

nanoseconds read_clock(clockid_t id) {
    timespec now{};
    if (clock_gettime(id, &now) != 0) throw std::system_error{errno, std::generic_category(), "clock_gettime"};
    return std::chrono::seconds{now.tv_sec} + nanoseconds{now.tv_nsec};
}

/// User and system time of all threads of a process, those that ended included, to the nanosecond.
nanoseconds cpu_time(pid_t pid) {
    clockid_t id{};
    if (const int error = clock_getcpuclockid(pid, &id); error != 0) {
        throw std::system_error{error, std::generic_category(), fmt::format("CPU time of process {}", pid)};
    }
    return read_clock(id);
}

/// One request, used by all connections; only its expiry changes.
class request {
public:
    explicit request(const load_options& options) {
        const ilp::bytes data(options.data_size, 0xda);
        ilp::bytes packet;
        ilp::serialize_prepare(packet, {.amount = {options.amount},
                                        .expires_at = {},
                                        .condition = ilp::sha256(bench::fixed_fulfillment),
                                        .destination = options.destination,
                                        .data = data});
        const auto head = fmt::format(
            "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n"
            "Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            options.target, options.port, options.token, packet.size());
        text_ = head + std::string{ilp::as_text(packet)};
        packet_ = {reinterpret_cast<ilp::octet*>(text_.data()) + head.size(), packet.size()};
        refresh();
    }
    request(const request&) = delete;
    request& operator=(const request&) = delete;

    void refresh() {
        auto prepare = ilp::prepare_view::parse(packet_);
        if (!prepare) throw std::logic_error{"the Prepare of the bench is none"};
        prepare->set_expires_at(
            std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now() + expiry_distance));
    }

    std::string_view text() const { return text_; }
    std::size_t packet_size() const { return packet_.size(); }

private:
    std::string text_;
    ilp::bytes_span packet_;
};

struct answer_counts {
    std::uint64_t fulfills = 0;  ///< the right ones
    std::map<std::string, std::uint64_t> rejects;
    std::map<int, std::uint64_t> http_errors;
    std::uint64_t wrong = 0;       ///< no packet, or a Fulfill that is not ours
    std::uint64_t closed = 0;      ///< connections that ended, or spoke no HTTP, before we closed them
    std::uint64_t unanswered = 0;  ///< packets still in flight when the time to drain was over
};

/// What is read at both ends of the measured window.
struct reading {
    clock::time_point time;
    std::uint64_t fulfills = 0;
    nanoseconds own_cpu{};
    std::vector<nanoseconds> watched_cpu;
};

class load_generator {
public:
    explicit load_generator(const load_options& options) : options_{options}, request_{options} {
        clients_.resize(options_.connections);
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            clients_[i].link = std::make_unique<bench::connection>(epoll_, connect(), i);
        }
    }
    ~load_generator() { close(epoll_); }
    load_generator(const load_generator&) = delete;
    load_generator& operator=(const load_generator&) = delete;

    void run() {
        const auto start = clock::now();
        next_refresh_ = start + expiry_refresh;
        for (auto& client : clients_) send(client, start);
        turn_until(start + as_duration(options_.warm_up_seconds));
        measuring_ = true;
        begin_ = read_all();
        turn_until(begin_.time + as_duration(options_.seconds));
        end_ = read_all();
        measuring_ = false;
        draining_ = true;
        turn_until(clock::now() + drain_at_most);
        counts_.unanswered = in_flight_;
    }

    boost::json::object result() const {
        boost::json::object rejects;
        for (const auto& [code, count] : counts_.rejects) rejects[code] = count;
        boost::json::object http_errors;
        for (const auto& [status, count] : counts_.http_errors) http_errors[std::to_string(status)] = count;
        boost::json::array watched;
        for (std::size_t i = 0; i < options_.watched.size(); ++i) {
            watched.push_back(
                {{"pid", options_.watched[i]}, {"cpu_us", microseconds(end_.watched_cpu[i] - begin_.watched_cpu[i])}});
        }
        const auto latency = [&](double share) { return latency_.quantile(share) / 1000; };
        return {{"connections", clients_.size()},
                {"prepare_octets", request_.packet_size()},
                {"request_octets", request_.text().size()},
                {"seconds", microseconds(end_.time - begin_.time) / 1e6},
                {"fulfills", end_.fulfills - begin_.fulfills},
                {"latency_us", {{"p50", latency(0.5)}, {"p99", latency(0.99)}, {"p99.9", latency(0.999)}}},
                {"own_cpu_us", microseconds(end_.own_cpu - begin_.own_cpu)},
                {"watched", watched},
                {"whole_run",
                 {{"fulfills", counts_.fulfills},
                  {"rejects", rejects},
                  {"http_errors", http_errors},
                  {"wrong", counts_.wrong},
                  {"closed", counts_.closed},
                  {"unanswered", counts_.unanswered}}}};
    }

private:
    struct client_state {
        std::unique_ptr<bench::connection> link;
        clock::time_point sent;
    };

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
                    .fulfills = counts_.fulfills,
                    .own_cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID),
                    .watched_cpu = {}};
        for (const auto pid : options_.watched) now.watched_cpu.push_back(cpu_time(pid));
        return now;
    }

    /// Until the deadline, or until nothing is in flight.
    void turn_until(clock::time_point deadline) {
        std::array<epoll_event, bench::events_per_turn> events;
        for (auto now = clock::now(); now < deadline && in_flight_ > 0; now = clock::now()) {
            if (now >= next_refresh_) {
                request_.refresh();
                next_refresh_ = now + expiry_refresh;
            }
            const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), turn_ms_max);
            for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)]);
        }
    }

    void handle(const epoll_event& event) {
        auto& client = clients_[event.data.u64];
        if ((event.events & EPOLLOUT) != 0 && !client.link->send_rest()) return lose(client);
        if ((event.events & ~std::uint32_t{EPOLLOUT}) == 0) return;
        std::size_t answers = 0;
        const auto receipt =
            client.link->receive(scratch_, [&](const auto& head, std::string_view, std::string_view body) {
                ++answers;
                count(head.status, body);
            });
        if (receipt != bench::connection::receipt::fine || answers > 1) return lose(client);
        if (answers == 0) return;
        const auto now = clock::now();
        if (measuring_) latency_.add(static_cast<std::uint64_t>((now - client.sent).count()));
        --in_flight_;
        if (draining_) {
            client.link.reset();
        } else {
            send(client, now);
        }
    }

    void send(client_state& client, clock::time_point now) {
        client.sent = now;
        ++in_flight_;
        if (!client.link->send(request_.text())) lose(client);
    }

    void lose(client_state& client) {
        ++counts_.closed;
        --in_flight_;
        client.link.reset();
    }

    void count(int status, std::string_view body) {
        if (status == 200 && body == ilp::as_text(fulfill_)) {
            ++counts_.fulfills;
        } else if (status != 200) {
            ++counts_.http_errors[status];
        } else {
            ilp::bytes packet{body.begin(), body.end()};
            const auto reject = ilp::reject_view::parse(packet);
            ++(reject ? counts_.rejects[std::string{reject->code()}] : counts_.wrong);
        }
    }

    load_options options_;
    request request_;
    const ilp::bytes fulfill_ = bench::fixed_fulfill();
    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    std::vector<client_state> clients_;
    std::size_t in_flight_ = 0;
    bool measuring_ = false;
    bool draining_ = false;
    clock::time_point next_refresh_;
    answer_counts counts_;
    bench::histogram latency_;
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
    app.add_option("--token", options.token, "bearer token")->required();
    app.add_option("--destination", options.destination, "ILP address")->required()->check([](const std::string& text) {
        return ilp::is_address(text) ? "" : "is no ILP address";
    });
    app.add_option("--amount", options.amount, "of each Prepare");
    app.add_option("--data-size", options.data_size, "octets of data in each Prepare")
        ->check(CLI::Range(std::size_t{0}, ilp::data_size_max));
    app.add_option("--connections", options.connections, "each has one packet in flight")
        ->check(CLI::Range(std::size_t{1}, std::size_t{20000}));
    app.add_option("--warm-up", options.warm_up_seconds, "seconds before the measured window");
    app.add_option("--seconds", options.seconds, "length of the measured window");
    app.add_option("--watch", options.watched, "processes whose CPU time is wanted");
    CLI11_PARSE(app, argc, argv);
    try {
        const auto generator = std::make_unique<load_generator>(options);
        generator->run();
        fmt::print("{}\n", boost::json::serialize(generator->result()));
    } catch (const std::exception& error) {
        fmt::print(stderr, "load generator: {}\n", error.what());
        return 1;
    }
}

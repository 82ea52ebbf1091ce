#pragma once

#include "tests/support/http.hpp"
#include "tests/support/packets.hpp"
#include "tests/support/socket.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace support {

/// Holds answers back until the test opens the gate.
class gate {
public:
    void open();
    bool is_open() const;
    /// True if the gate is open or opens within `timeout`.
    bool wait(milliseconds timeout) const;

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool open_ = false;
};

/// A fake peer's reaction to one request.
struct scripted_answer {
    enum class ending : std::uint8_t {
        keep,     ///< send, and wait for the next request
        close,    ///< send, then close in an orderly way
        reset,    ///< send, then reset
        silence,  ///< send nothing, keep the connection open
    };

    std::string octets{};  ///< the whole HTTP response
    milliseconds delay{0};
    std::shared_ptr<gate> held_by{};  ///< sent only once the gate is open
    std::size_t piece = 0;            ///< bytes per send; 0: all at once
    ending after = ending::keep;
};

scripted_answer answer_http(int status, ilp::bytes_view body = {},
                            std::string_view content_type = "application/octet-stream");
inline scripted_answer answer_packet(ilp::bytes_view packet) {
    return answer_http(200, packet);
}
inline scripted_answer answer_reject(std::string_view code) {
    return answer_packet(encode_reject(code));
}
scripted_answer answer_close();
scripted_answer answer_reset();
scripted_answer answer_silence();

/// The Fulfill that belongs to `request`; its data is `data`.
scripted_answer answer_fulfill(const http_message& request, ilp::bytes_view data = {});

/// An HTTP server on a loopback port that plays the next hop. It has one thread per connection and answers as the
/// script says.
class fake_peer {
public:
    /// Called from the threads of the connections, several at a time.
    using script_type = std::function<scripted_answer(const http_message& request)>;

    /// Fulfills every packet unless a script is given.
    explicit fake_peer(script_type script = [](const http_message& request) { return answer_fulfill(request); });
    ~fake_peer();
    fake_peer(const fake_peer&) = delete;
    fake_peer& operator=(const fake_peer&) = delete;

    std::uint16_t port() const noexcept { return port_; }
    void set_script(script_type script);

    std::vector<http_message> requests() const;
    std::size_t request_count() const;
    bool wait_for_requests(std::size_t count, milliseconds timeout = patience) const;
    /// The Prepare in the last request. Throws if there was no request or it was not a Prepare.
    received_prepare last_prepare() const;
    std::size_t connections_accepted() const;
    std::size_t connections_open() const;
    /// The number of answers written to a connection, whether or not anybody was still waiting for them.
    std::size_t answers_sent() const;

    /// Cuts all connections but keeps listening.
    void cut_connections();
    /// Cuts all connections and refuses further ones until start().
    void stop();
    void start();

private:
    struct served {
        descriptor socket;
        std::thread thread;
        bool finished = false;
    };

    void accept_loop();
    void serve(served& connection);
    bool send(const scripted_answer& answer, const served& connection);
    bool pause(const scripted_answer& answer, const served& connection) const;

    std::uint16_t port_ = 0;
    descriptor listener_;
    std::thread acceptor_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    script_type script_;
    std::list<served> connections_;
    std::vector<http_message> requests_;
    std::size_t accepted_ = 0;
    std::size_t answered_ = 0;
    bool stopping_ = false;
};

}  // namespace support

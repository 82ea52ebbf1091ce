#pragma once

#include "peering/splitting/split_header.hpp"
#include "tests/support/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace support {

/// What a middle does with the parts of one packet, and with the answers to them.
struct middle_plan {
    struct delivery {
        std::uint32_t part = 0;
        bool is_elsewhere = false;  ///< on a connection of its own
    };
    enum class answers : std::uint8_t { pass, hold, cut };

    std::vector<delivery> at_once{};      ///< in this order. An answer to a part that goes twice is passed on once.
    std::vector<delivery> late{};         ///< after the first answer to any of those
    bool refuses_rest = false;            ///< the client is told at once of parts that are not delivered at all
    bool is_cut = false;                  ///< both connections end behind what is delivered at once
    answers answers_are = answers::pass;  ///< `hold`: for ever. `cut`: both connections end at the first one.
};

/// An intermediary between a client and a server on 127.0.0.1 that reads whole requests, of HTTP/1.1 or of HTTP/2 in
/// clear text. Once all parts of a packet are here, it does with them what the plan says; everything else it passes on.
/// Apart from that it keeps to HTTP: answers over HTTP/1.1 are in the order of the client's requests.
class part_middle {
public:
    /// Gets the label of one of the parts. Called from the thread of the middle.
    using planner = std::function<middle_plan(const peering::part_label&)>;

    /// Delivers all parts in their order until there is another plan.
    part_middle(std::uint16_t server_port, bool is_http2);
    ~part_middle();
    part_middle(const part_middle&) = delete;
    part_middle& operator=(const part_middle&) = delete;

    std::uint16_t port() const { return local_port(listener_); }
    void set_plan(planner plan);
    /// From now on each packet waits for another one, and the parts of both go to the server in turns on one
    /// connection.
    void interleave(bool pairs);

private:
    struct frame {
        std::uint8_t type = 0;
        std::uint8_t flags = 0;
        std::uint32_t stream = 0;
        std::string payload{};
    };
    struct request {
        std::uint64_t client = 0;
        std::uint64_t slot = 0;       ///< the number of the request over HTTP/1.1, the stream over HTTP/2
        std::string octets{};         ///< of HTTP/1.1
        std::vector<frame> frames{};  ///< of HTTP/2
    };
    struct part_set {
        std::uint64_t client = 0;
        middle_plan plan{};
        std::map<std::uint32_t, request> parts{};
        std::set<std::uint32_t> delivered{};  ///< the first delivery of a part is the one whose answer counts
        bool is_answered = false;
    };
    /// Whose an answer of the server is.
    struct route {
        std::uint64_t client = 0;
        std::uint64_t slot = 0;
        bool is_passed = true;
        std::shared_ptr<part_set> set{};
    };
    struct server_side {
        descriptor socket{};
        std::string in{};
        std::string out{};
        std::deque<route> routes{};                ///< of HTTP/1.1
        std::map<std::uint32_t, route> streams{};  ///< of HTTP/2
        std::uint32_t next_stream = 1;
        bool has_sent_head = false;
    };
    struct client_side {
        std::uint64_t id = 0;
        descriptor socket{};
        std::string in{};
        std::unique_ptr<server_side> home{};
        std::unique_ptr<server_side> elsewhere{};
        std::uint64_t next_slot = 0;
        std::map<std::uint64_t, std::string> slots{};          ///< of HTTP/1.1; empty until the answer is here
        std::map<std::uint32_t, std::vector<frame>> bodies{};  ///< requests of HTTP/2 that are not complete
        std::map<peering::split_id, std::map<std::uint32_t, request>> collecting{};
        bool has_greeted = false;
        bool has_got_head = false;
        bool is_closed = false;
    };

    void run(const std::stop_token& stop);
    void accept_client();
    void read_client(client_side& from);
    void read_server(client_side& of, server_side& from);
    void take_frames(client_side& from);
    void take_frames(client_side& of, server_side& from);
    void take(client_side& from, request got, std::string_view label);
    void collected(std::shared_ptr<part_set> set);
    void carry_out(const std::shared_ptr<part_set>& set, client_side& over);
    void deliver(const std::shared_ptr<part_set>& set, const middle_plan::delivery& which, client_side& over);
    void deliver(server_side& to, const request& what, route answer);
    void finish(const std::shared_ptr<part_set>& set);
    bool passes(client_side& of, const route& answer);
    void answer(const route& to, std::string octets);
    void refuse(const request& what);
    void flush();
    client_side* find(std::uint64_t client);
    server_side& elsewhere_of(client_side& of);

    const std::uint16_t server_port_;
    const bool is_http2_;
    descriptor listener_;
    std::mutex mutex_;  // guards the two members below; all others belong to the thread
    planner plan_;
    bool pairs_ = false;
    std::shared_ptr<part_set> waiting_;  ///< for the other one of a pair
    std::list<client_side> clients_;
    std::uint64_t last_client_ = 0;
    std::jthread thread_;
};

}  // namespace support

#pragma once

#include "connector/http/known_head.hpp"
#include "connector/http/message.hpp"
#include "connector/packet_in_flight.hpp"
#include "connector/tcp_connection.hpp"
#include "peering/peer.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace connector {

class incoming_connection;

/// What a connection needs of its worker.
class endpoint {
public:
    /// The peer that may send to this path with this token, or null.
    virtual const peering::peer* authenticate(std::string_view token, std::string_view account) = 0;

    /// Takes one request body; the answer to `request` is given now or later, by answer() or refuse().
    virtual void prepare_received(incoming_connection& connection, std::uint64_t request, const peering::peer& from,
                                  ilp::bytes_span body) = 0;

    /// The connection has gone: `packet` has nobody to answer to.
    virtual void connection_closed(incoming_connection& connection) = 0;

protected:
    ~endpoint() = default;
};

struct incoming_timeouts {
    std::chrono::milliseconds request{};  ///< from the first octet of a request to its last
    std::chrono::milliseconds idle{};     ///< between requests
};

/// One HTTP/1.1 connection from a peer (RFC 35). Requests are taken as they come, also several at once; their answers
/// leave in the order of the requests.
class incoming_connection final : public tcp_connection, public flushable {
public:
    incoming_connection(event_loop& loop, endpoint& endpoint, const incoming_timeouts& timeouts);

    /// False: the system has no room for the socket; it is closed.
    bool start(boost::asio::ip::tcp::socket socket);

    /// The next request is the last: its answer says `Connection: close`.
    void drain() noexcept { draining_ = true; }

    /// The peer of a request that is still coming in is looked up again; one that is not known any more is refused.
    void peers_changed(std::span<const peering::peer_update> updates);

    /// Closes now; answers that are owed are dropped.
    void abandon();

    /// The answer to a request. With `held` it waits for release(), as those do that come after it.
    void answer(std::uint64_t request, ilp::bytes_view packet, bool held = false);
    void refuse(std::uint64_t request, http::status status);
    void release(std::uint64_t request);

    /// Tells the packets in flight that they have nobody to answer to any more.
    void attach(std::uint64_t request, packet_in_flight& packet);

    void flush() override;

    std::size_t place = 0;  ///< in the worker's list

private:
    static constexpr std::size_t requests_max = 32;            ///< that are taken before the first is answered
    static constexpr std::size_t linger_octets_max = 1 << 20;  ///< read and dropped after a refusal

    enum class answer_state : std::uint8_t { waited_for, held, ready };

    struct pending_answer {
        ilp::bytes octets;
        answer_state state = answer_state::waited_for;
        bool keep_alive = true;
        packet_in_flight* packet = nullptr;
    };

    struct open_request {
        const peering::peer* from = nullptr;
        http::framing framing{};
        std::size_t head_size = 0;
        std::size_t content_length = 0;
        bool keep_alive = true;
        http::chunked_body chunks;
    };

    void received() override;
    void disconnected() override;
    void sent_all() override;
    void released() override;

    bool take_request();
    bool take_head();
    bool take_body();
    void dispatch(ilp::bytes_span body, std::size_t consumed);
    void refuse_head(http::status status, std::optional<http::request_head> head);
    std::uint64_t begin_request(bool keep_alive);
    pending_answer& pending(std::uint64_t request);
    void answer_is_ready(std::uint64_t request);
    void finish();
    void resume();
    void read_on(std::size_t wanted = 1);
    void time_out();
    std::optional<ilp::steady_time> due() const;

    endpoint& endpoint_;
    const incoming_timeouts& timeouts_;
    deadline_of<incoming_connection, &incoming_connection::time_out> timer_;
    ilp::steady_time last_activity_;
    std::optional<ilp::steady_time> request_began_;

    std::optional<open_request> request_;  // whose head is taken, and whose body is not
    http::known_head<open_request> known_head_;
    std::size_t searched_ = 0;  // of the head that has not ended yet
    std::size_t skip_ = 0;      // octets of a refused request's body that are still to come

    // The answers that are owed, in order: a ring that keeps its memory.
    std::vector<pending_answer> ring_;
    std::uint64_t first_request_ = 0;
    std::uint64_t next_request_ = 0;

    bool draining_ = false;
    bool closing_ = false;    // no further requests
    bool lingering_ = false;  // everything was sent; waits for the other side to close
    bool other_side_ended_ = false;
    std::size_t lingered_ = 0;
};

}  // namespace connector

#pragma once

#include "connector/loop/tcp_connection.hpp"
#include "connector/routing/connection_shares.hpp"
#include "connector/transport/fair_turns.hpp"
#include "connector/transport/http/exchange.hpp"
#include "connector/transport/http/known_head.hpp"
#include "connector/transport/http/message.hpp"
#include "connector/transport/http/multiplexed.hpp"
#include "connector/transport/http/split_request.hpp"
#include "connector/transport/packet_in_flight.hpp"
#include "connector/transport/prepare_handler.hpp"
#include "peering/directory/peer.hpp"

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace connector {

struct incoming_timeouts {
    std::chrono::milliseconds request{};  ///< from the first byte of a request to its last; also for a handshake
    std::chrono::milliseconds idle{};     ///< between requests
    /// From the start of the connection until a request has shown a valid token.
    std::chrono::milliseconds newcomer{5000};
    /// HTTP/2: for the client's confirmation of our settings, and of the first GOAWAY of a connection that is to end.
    std::chrono::milliseconds confirmation{10'000};
};

/// Keeps connections that have not shown a valid token in a list of their worker, in the order of their age.
using newcomer_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct newcomer_tag>,
                                                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

struct connections_of_peer;

/// Keeps the connections of one peer in a list of their worker.
using peer_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct peer_tag>,
                                                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// One HTTP connection from a peer (RFC 35). In HTTP/1.1 requests may be pipelined; answers are sent in the order of
/// the requests. A client that begins with the preface of HTTP/2 sends many requests at a time instead, if the owner
/// knows that protocol.
///
/// A connection is a newcomer until a request has shown a valid token and the owner lets it stay. It then leaves the
/// list of newcomers, if it is in one.
class incoming_connection final : public tcp_connection,
                                  public flushable,
                                  public newcomer_hook,
                                  public peer_hook,
                                  private answer_sink,
                                  private multiplexed_requests::carrier,
                                  private turn_taker {
public:
    class owner {
    public:
        /// The connection has been closed and can be destroyed by event_loop::dispose().
        virtual void connection_closed(incoming_connection& connection) = 0;

        /// A request has shown a valid token of this peer, which may be another one than that of the last request.
        /// Returns false if the connection cannot stay; it then ends with a refusal of the request.
        virtual bool may_stay(incoming_connection& /*connection*/, const peering::peer& /*from*/) { return true; }

        /// Called for a client that speaks HTTP/2. Returns null if that is not known here.
        virtual std::unique_ptr<multiplexed_requests> make_multiplexed(multiplexed_requests::carrier& /*carrier*/) {
            return {};
        }

    protected:
        ~owner() = default;
    };

    incoming_connection(event_loop& loop, owner& owner, prepare_handler& handler, const incoming_timeouts& timeouts);

    /// With a filter, there is a handshake before the first request. Returns false if the system cannot watch another
    /// socket; the socket is then closed.
    bool start(boost::asio::ip::tcp::socket socket, std::unique_ptr<stream_filter> filter = {});

    /// Ends the connection with the request that is being answered or, if there is none or a further one has begun,
    /// with the next one: its answer says `Connection: close`.
    void drain();

    /// Forgets peers that have changed. For a request whose body is still being received the peer is authenticated
    /// again, and the request is refused if that fails.
    void peers_changed(std::span<const peering::peer_update> updates);

    /// Closes immediately; pending answers are dropped.
    void abandon();

    /// True while no request has begun and no answer is pending, as far as this side knows: ending the connection costs
    /// nobody a packet.
    bool is_idle() const noexcept;

    /// True once the connection ends with an answer, or has ended.
    bool is_ending() const noexcept { return draining_ || closing_ || is_closed(); }

    ilp::steady_time last_activity() const noexcept { return last_activity_; }

    void flush() override;

    /// 0.0.0.0 once the other side has gone.
    boost::asio::ip::address remote_address() const noexcept override;

    std::size_t place = 0;                      ///< index in the worker's list of connections
    connections_of_peer* belongs_to = nullptr;  ///< null for a newcomer

private:
    static constexpr std::size_t requests_usual = 32;          ///< maximum number of unanswered requests
    static constexpr std::size_t linger_octets_max = 1 << 20;  ///< bytes discarded after the last request

    enum class answer_state : std::uint8_t { waited_for, held, ready };

    struct pending_answer {
        ilp::bytes octets;
        answer_state state = answer_state::waited_for;
        bool keep_alive = true;
        owed_answer* packet = nullptr;
        const peering::split_terms* accepts = nullptr;  ///< what is said about packets in parts; owned by the peer
    };

    struct open_request {
        const peering::peer* from = nullptr;
        ilp::steady_time until{};  ///< when the token ceases to be valid
        http::framing framing{};
        std::size_t head_size = 0;
        std::size_t content_length = 0;
        bool keep_alive = true;
        turn_share* share = nullptr;  ///< of `from`
        http::chunked_body chunks;
    };

    // answer_sink
    void answer(std::uint64_t request, ilp::bytes_view packet, bool held) override;
    void reject(std::uint64_t request, ilp::bytes_view packet, const failure& failure) override;
    void revoke(std::uint64_t request, ilp::bytes_view packet, const failure& failure) override;
    void release(std::uint64_t request) override;
    void refuse_malformed(std::uint64_t request) override;

    // tcp_connection
    bool is_of_stranger() const noexcept override { return newcomer_hook::is_linked(); }
    void established() override;
    void received() override;
    void disconnected(end_of_stream how) override;
    bool may_read() override { return is_its_turn(); }
    bool may_shake_hands() override { return is_its_turn(); }
    void sent_all() override;
    void released() override;

    // turn_taker
    void on_turn() override;

    // multiplexed_requests::carrier
    admission admit(const http::request_head& head) override;
    void set_share(turn_share* share) override { share_ = share; }
    void send_soon() override { loop_.flush_answers_of(*this); }
    void account(std::ptrdiff_t change) override;

    /// True if one more piece of work may be done in this turn: a read with the first requests in it, or as many
    /// requests that have been read. Otherwise on_turn() follows.
    bool is_its_turn() { return share_ == nullptr || share_->try_take(*this); }
    void take_requests(bool is_turn);
    std::uint32_t requests_in_piece() const;

    authenticated authenticate(const http::request_head& head, std::string_view account);
    bool take_request();
    bool take_multiplexed();
    bool begin_multiplexed();
    void drain_multiplexed();
    void flush_multiplexed();
    bool take_head();
    bool skip_empty_line();
    bool take_body();
    void dispatch(ilp::bytes_span body, std::size_t consumed);
    owed_answer* pass_on_unusual(std::uint64_t number, const peering::peer& from, ilp::bytes_span body);
    /// `detail` as below; by default, what the status usually means.
    void refuse_head(http::status status, std::optional<http::request_head> head, std::string_view detail = {});
    /// `detail` is a sentence for the client, safe inside a JSON string.
    void refuse(std::uint64_t request, http::status status, std::string_view detail = {});
    void respond(std::uint64_t request, const http::exchange_response& response);
    std::uint64_t begin_request(bool keep_alive);
    pending_answer& pending(std::uint64_t request);
    bool send_ready_answers();
    void make_ready(std::uint64_t request, pending_answer& answer);
    void finish();
    void resume();
    void read_on(std::size_t wanted = 1);
    void time_out();
    std::optional<ilp::steady_time> due() const;
    ilp::steady_time due_of_request() const;

    owner& owner_;
    prepare_handler& handler_;
    const incoming_timeouts& timeouts_;
    turn_share* share_;  ///< of the peer whose token came last, or of handshakes; null if turns are not shared
    std::optional<ilp::digest> client_key_;  ///< the one that the client has proved to have in the handshake
    deadline_of<incoming_connection, &incoming_connection::time_out> timer_;
    ilp::steady_time began_at_;
    ilp::steady_time last_activity_;
    std::optional<ilp::steady_time> request_began_;

    std::unique_ptr<multiplexed_requests> multiplexed_;  // null while the protocol is HTTP/1.1

    std::optional<open_request> request_;               // head parsed, body not yet complete
    std::unique_ptr<const http::exchange> exchange_;    // of request_; null if that is synchronous
    std::unique_ptr<const http::split_request> split_;  // of request_; null if that is a whole packet
    http::known_head<open_request> known_head_;
    std::size_t searched_ = 0;  // bytes of an incomplete head already searched for its end
    std::size_t skip_ = 0;      // bytes of a refused request's body still to be skipped

    // Pending answers in order of their requests: a ring buffer. Their octets are in buffers of the loop.
    std::vector<pending_answer> ring_;
    std::uint64_t first_request_ = 0;
    std::uint64_t next_request_ = 0;
    std::size_t requests_max_ = requests_usual;  // all parts of a packet may wait for their answer

    bool empty_line_skipped_ = false;  // before the request that is being read
    bool is_newcomer_ = true;
    bool sends_much_ = false;  // the last read has filled the buffer
    bool draining_ = false;
    bool closing_ = false;    // no further requests are read
    bool lingering_ = false;  // all answers sent; waiting for the other side to close
    bool other_side_ended_ = false;
    std::size_t lingered_ = 0;
};

/// A worker's connections of one peer.
struct connections_of_peer : connection_count {
    boost::intrusive::list<incoming_connection, boost::intrusive::base_hook<peer_hook>,
                           boost::intrusive::constant_time_size<false>>
        list;
};

using newcomer_list = boost::intrusive::list<incoming_connection, boost::intrusive::base_hook<newcomer_hook>,
                                             boost::intrusive::constant_time_size<false>>;

}  // namespace connector

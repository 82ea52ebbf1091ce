#pragma once

#include "connector/loop/event_loop.hpp"
#include "connector/transport/answer_sink.hpp"
#include "connector/transport/http/exchange.hpp"
#include "connector/transport/http/incoming_connection.hpp"
#include "connector/transport/http/multiplexed.hpp"
#include "connector/transport/http/split_request.hpp"
#include "connector/transport/http2/flood_counts.hpp"
#include "connector/transport/http2/server_session.hpp"
#include "connector/transport/packet_in_flight.hpp"
#include "connector/transport/prepare_handler.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace connector {

/// The requests of a client that speaks HTTP/2. Their answers leave in the order in which they are ready: one slow
/// packet delays no other.
class http2_requests final : public multiplexed_requests, private answer_sink {
public:
    /// `floods` counts what clients send too much of. Everything must outlive the object.
    http2_requests(event_loop& loop, carrier& carrier, prepare_handler& handler, const incoming_timeouts& timeouts,
                   http2::flood_counts& floods);

    result take(ilp::bytes_span input) override;
    ilp::bytes& output() override { return out_; }
    void output_sent() override;
    void drain() override;
    bool has_ended() const override;
    void peers_changed(std::span<const peering::peer_update> updates) override;
    void abandon() override;
    std::size_t awaited() const override { return awaited_; }
    bool is_idle() const override { return out_.empty() && session_.open_streams() == 0; }
    ilp::steady_time due(ilp::steady_time last_activity) const override;
    void time_out(ilp::steady_time last_activity) override;

private:
    /// A request from its head until its answer is given to the session. Its place is the upper half of its number.
    struct open_request {
        std::uint64_t number = 0;             ///< 0: the place is free
        const peering::peer* from = nullptr;  ///< null once the peer is gone
        owed_answer* packet = nullptr;
        bool is_awaited = false;                             ///< it has been passed on
        std::unique_ptr<const http::exchange> exchange{};    ///< null if it is synchronous
        std::unique_ptr<const http::split_request> split{};  ///< null if it is a whole packet
        ilp::bytes held{};                                   ///< the answer that waits for its release
    };

    // answer_sink
    void answer(std::uint64_t request, ilp::bytes_view packet, bool held) override;
    void reject(std::uint64_t request, ilp::bytes_view packet, const failure& failure) override;
    void release(std::uint64_t request) override;
    void refuse_malformed(std::uint64_t request) override;

    bool begin(const http2::event& head);
    bool begin_unusual(const http2::event& head);
    bool pass_on(const http2::event& message);
    owed_answer* pass_on_unusual(std::uint64_t number, const peering::peer& from, ilp::bytes_span body);
    const ilp::bytes& block_for(const open_request& request);
    void send_answer(std::uint64_t number, ilp::bytes_view packet);
    void refuse(std::uint64_t number, http::status status, std::string_view detail = {});
    void respond(std::uint64_t number, const http::exchange_response& response);
    open_request& place_of(std::uint64_t number);
    open_request& at(std::uint64_t number);
    void forget(open_request& request);
    std::unique_ptr<const http::exchange> take_exchange(open_request& request);
    void note_output();
    void note_flood();

    event_loop& loop_;
    carrier& carrier_;
    prepare_handler& handler_;
    const incoming_timeouts& timeouts_;
    http2::flood_counts& floods_;
    const ilp::steady_time began_at_;

    ilp::bytes out_;
    http2::server_session session_{out_};
    std::array<admission, http2::known_blocks::places> known_{};
    std::vector<open_request> requests_;
    peering::split_terms accepted_{};
    ilp::bytes accepting_block_;  ///< the fields of an answer that says so; empty before the first
    std::size_t awaited_ = 0;
    std::size_t held_ = 0;       ///< bytes in `held` of all requests
    std::size_t exchanges_ = 0;  ///< bytes in `exchange` of all requests
    std::size_t accounted_ = 0;  ///< bytes of which the carrier knows
    std::optional<ilp::steady_time> drained_at_;
    bool is_over_ = false;  ///< closed for being idle
    bool is_flood_noted_ = false;
};

}  // namespace connector

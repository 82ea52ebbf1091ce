#pragma once

#include "connector/loop/tcp_connection.hpp"
#include "connector/transport/http/http_link.hpp"
#include "connector/transport/http/known_head.hpp"
#include "connector/transport/http/message.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// One keep-alive connection of an http_link: it connects, carries one packet at a time and reads the answer.
class http_connection final : public tcp_connection {
public:
    http_connection(http_link& link, event_loop& loop);

    /// With `public_only` it connects only to public addresses (address_guard) among those that the host name resolves
    /// to now, and otherwise fails.
    void connect(const std::string& host, std::uint16_t port, bool public_only);

    /// Precondition: idle. The bytes are sent at flush().
    void carry(packet_in_flight& packet, ilp::bytes request);

    /// The buffer to write the next request into before passing it to carry(). Its memory is reused from request to
    /// request.
    ilp::bytes take_request_buffer() {
        request_.clear();
        return std::move(request_);
    }

    void flush();

    packet_in_flight* packet() const noexcept { return packet_; }

    bool is_established() const noexcept { return state_ != state::connecting && state_ != state::closed; }

    /// Closes the connection. The caller must deal with the packet, if there is one.
    void abandon();

private:
    struct attempt {
        boost::asio::ip::tcp::resolver resolver;
        boost::asio::ip::tcp::socket socket;
        bool public_only = false;
    };

    enum class state : std::uint8_t { connecting, idle, queued, awaiting_answer, closed };

    void received() override;
    void disconnected() override;
    void released() override;

    void connect_to(std::vector<boost::asio::ip::tcp::endpoint> endpoints);
    void give_up(const std::string& why, bool lacks_descriptors = false);
    void give_up(const boost::system::error_code& error);
    bool read_head();
    void read_answer();
    void finish_answer(ilp::bytes_span body, std::size_t consumed);
    void fail(reject_reason reason);
    void hand_back();
    void become_idle();
    void time_out();

    http_link& link_;
    deadline_of<http_connection, &http_connection::time_out> timer_;
    std::unique_ptr<attempt> connecting_;  ///< null once connected
    state state_ = state::connecting;
    packet_in_flight* packet_ = nullptr;
    ilp::bytes request_;

    http::known_head<http::response_head> known_head_;
    std::optional<http::response_head> head_;  ///< of the answer being read
    http::chunked_body chunks_;
    std::size_t searched_ = 0;
    ilp::steady_time idle_since_;
    std::chrono::milliseconds idle_time_max_;
};

}  // namespace connector

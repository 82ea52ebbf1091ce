#pragma once

#include "connector/transport/http2/client_session.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/socket.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// A client that sends many requests at a time on one connection (HTTP/2 with prior knowledge).
class http2_client {
public:
    struct answer {
        unsigned status = 0;  ///< 0: the stream was reset
        ilp::bytes body{};
        connector::http2::error_code code{};
        bool not_processed = false;
    };

    explicit http2_client(std::uint16_t port) : socket_{connect_to(port)} {}

    /// Sends a request and returns its number.
    std::uint64_t post(ilp::bytes_view body, std::string_view token = token_of("p1"), std::string_view path = "/",
                       std::string_view content_type = "application/octet-stream", const header_list& more = {}) {
        namespace table = connector::http2::static_table;
        ilp::bytes block;
        connector::http2::append_indexed(block, table::method_post);
        connector::http2::append_indexed(block, table::scheme_http);
        connector::http2::append_literal(block, table::authority, "daemon");
        connector::http2::append_literal(block, table::path, path);
        connector::http2::append_literal(block, table::authorization, "Bearer " + std::string{token}, true);
        connector::http2::append_literal(block, table::content_type, content_type);
        for (const auto& [name, value] : more) connector::http2::append_named(block, name, value);
        const auto number = session_.request(block, body, out_);
        flush();
        return number;
    }

    /// Sends bytes that the session does not know of.
    void send(ilp::bytes_view octets) {
        flush();
        send_all(socket_, ilp::as_text(octets));
    }

    /// The answer to a request, which is awaited. Nothing if the connection ends before.
    std::optional<answer> wait_for(std::uint64_t number) {
        while (!answers_.contains(number)) {
            if (!read()) return {};
        }
        return answers_.at(number);
    }

    bool has_answer_to(std::uint64_t number) const { return answers_.contains(number); }

    /// Reads until the other side has ended the connection, and returns true if its last words were a GOAWAY.
    bool wait_until_closed() {
        while (read()) {
        }
        return session_.is_leaving();
    }
    bool may_send() const { return session_.may_open(); }

    /// Reads what comes next. Returns false at the end of the connection.
    bool read() {
        if (read_some(socket_, input_, patience) != read_result::data) return false;
        for (;;) {
            const auto event = session_.next({reinterpret_cast<ilp::octet*>(input_.data()), input_.size()}, out_,
                                             std::chrono::steady_clock::now());
            if (event.kind == connector::http2::event_kind::message) {
                answers_[event.number] = {.status = event.status, .body = {event.body.begin(), event.body.end()}};
            } else if (event.kind == connector::http2::event_kind::reset) {
                answers_[event.number] = {.code = event.code, .not_processed = event.not_processed};
            }
            input_.erase(0, event.consumed);
            if (event.kind == connector::http2::event_kind::needs_more) break;
            if (event.kind == connector::http2::event_kind::failed) return false;
        }
        flush();
        return true;
    }

private:
    void flush() {
        send_all(socket_, ilp::as_text(out_));
        out_.clear();
    }

    descriptor socket_;
    ilp::bytes out_;
    connector::http2::client_session session_{out_};
    std::string input_;
    std::map<std::uint64_t, answer> answers_;
};

}  // namespace support

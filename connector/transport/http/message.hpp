#pragma once

#include "connector/transport/trace_id.hpp"
#include "peering/splitting/split_header.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// HTTP/1.1 for all listeners and for packets to peers: parsers that return views into the input, and no sockets. Other
/// outgoing calls use Beast.
namespace connector::http {

inline constexpr std::size_t head_size_max = 16 * 1024;
inline constexpr std::size_t body_size_max = 64 * 1024;  ///< larger than the largest Reject (41997 bytes)

/// The status to answer with; any other than `ok` is the reason why a message was not accepted. It is never a 5xx for a
/// peer's mistake.
enum class status : std::uint16_t {
    ok = 200,
    accepted = 202,
    bad_request = 400,
    unauthorized = 401,
    not_found = 404,
    method_not_allowed = 405,
    not_acceptable = 406,
    request_timeout = 408,
    content_too_large = 413,
    unsupported_media_type = 415,
    expectation_failed = 417,
    header_fields_too_large = 431,
    service_unavailable = 503,  ///< this node has too much to do
};

std::string_view reason_phrase(status status) noexcept;

/// How the end of a message body is determined.
enum class framing : std::uint8_t { content_length, chunked, until_close };

struct request_head {
    std::size_t size = 0;  ///< bytes of the head, including its empty line
    std::string_view method;
    std::string_view target;  ///< without scheme and authority, which a client may send before it
    std::string_view host;    ///< the authority of the target if it has one, else the Host field
    std::string_view authorization;
    std::string_view content_type;
    std::string_view accept;
    std::string_view request_id;  ///< of RFC 35, as are the two below
    std::string_view callback_url;
    std::string_view split;  ///< the value of `ILP-Split`
    std::string_view trace;  ///< the value of `ILP-Trace-Id`, not yet parsed
    bool has_split = false;
    bool prefers_asynchronous = false;  ///< it has `Prefer: respond-async`
    framing body = framing::content_length;
    std::size_t content_length = 0;
    bool keep_alive = true;
    bool expects_continue = false;
};

struct response_head {
    std::size_t size = 0;
    unsigned status_code = 0;
    framing body = framing::until_close;
    std::size_t content_length = 0;
    bool keep_alive = true;
    bool has_trace = false;                           ///< it has `ILP-Trace-Id`: see trace_in()
    std::optional<std::uint32_t> keep_alive_seconds;  ///< from `Keep-Alive: timeout=N`
    peering::split_terms accepts{};                   ///< of `ILP-Split-Accept`; `max_parts` is 0 if there is none
};

/// Position of the byte after the empty line that ends the head; nullopt if it has not arrived yet. `searched` is how
/// far an earlier call has searched.
std::optional<std::size_t> find_head_end(std::string_view octets, std::size_t searched) noexcept;

/// False if bytes that are not a whole head yet can never become one: they do not begin as a request or a response
/// does, have a line that is no header field or ends without CR, or contain a control character. Such bytes are refused
/// at once instead of being waited for. `searched` is how far an earlier call has looked.
bool may_become_request_head(std::string_view octets, std::size_t searched) noexcept;
bool may_become_response_head(std::string_view octets, std::size_t searched) noexcept;

/// Precondition: `head` ends with its empty line. The views point into it.
std::expected<request_head, status> parse_request_head(std::string_view head) noexcept;
std::expected<response_head, status> parse_response_head(std::string_view head) noexcept;

struct header_field {
    std::string_view name;
    std::string_view value;
};

/// All fields of a head. Precondition: it has been parsed without an error.
std::vector<header_field> fields_of(std::string_view head);

/// The last `ILP-Trace-Id` of a head that is one. Precondition: as for fields_of().
trace_id trace_in(std::string_view head) noexcept;

/// Removes the chunk lines from a chunked body, in place, as its bytes arrive.
class chunked_body {
public:
    enum class state : std::uint8_t { incomplete, complete, malformed, too_large };

    /// `size_max` bounds the body without its chunk lines.
    explicit chunked_body(std::size_t size_max) noexcept : size_max_{size_max} {}
    chunked_body() noexcept = default;

    /// `octets` begins at the start of the body and covers everything received; the part decoded by earlier calls stays
    /// in place. Afterwards the first size() bytes are the body, and the first consumed() bytes have been read.
    state advance(std::span<char> octets) noexcept;

    std::size_t size() const noexcept { return size_; }
    std::size_t consumed() const noexcept { return consumed_; }

private:
    enum class part : std::uint8_t { size_line, data, data_end, trailer };

    std::size_t size_max_ = body_size_max;
    std::size_t size_ = 0;
    std::size_t consumed_ = 0;
    std::size_t left_ = 0;  // bytes left of the current chunk
    part part_ = part::size_line;
};

/// Whether `a` equals `b`, ignoring the case of ASCII letters. Precondition: `b` is in lower case.
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// The token of an `Authorization: Bearer TOKEN` field; empty if there is none.
std::string_view bearer_token(std::string_view authorization) noexcept;

/// True for application/octet-stream and application/ilp+octet-stream, with any parameters.
bool is_packet_content_type(std::string_view content_type) noexcept;

/// True if the value of a Prefer field contains `respond-async` (RFC 7240).
bool prefers_asynchronous(std::string_view prefer) noexcept;

/// False if the field excludes application/octet-stream. An empty field accepts everything.
bool accepts_packets(std::string_view accept) noexcept;

}  // namespace connector::http

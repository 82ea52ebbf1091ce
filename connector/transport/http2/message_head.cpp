#include "connector/transport/http2/message_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace connector::http2 {
namespace {

/// Field names in lower case (RFC 9113 section 8.2.1: no capital letters, nothing but a token).
constexpr std::array<bool, 256> make_name_table() {
    std::array<bool, 256> table{};
    for (const char c : std::string_view{"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"}) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}

constexpr std::array<bool, 256> is_name_octet = make_name_table();

bool is_field_name(std::string_view name) noexcept {
    return !name.empty() &&
           std::ranges::all_of(name, [](char c) { return is_name_octet[static_cast<unsigned char>(c)]; });
}

bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}

/// No control characters, and no blank at either end.
bool is_field_value(std::string_view value) noexcept {
    if (!value.empty() && (is_blank(value.front()) || is_blank(value.back()))) return false;
    return std::ranges::all_of(value, [](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return (octet >= 0x20 && octet != 0x7f) || octet == '\t';
    });
}

/// Fields about a connection have no meaning here (section 8.2.2), and whoever passes them on enables request
/// smuggling.
bool is_of_connection(std::string_view name) noexcept {
    return name == "connection" || name == "proxy-connection" || name == "keep-alive" || name == "transfer-encoding" ||
           name == "upgrade";
}

bool is_method(std::string_view method) noexcept {
    return !method.empty() && std::ranges::all_of(method, [](char c) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        return is_name_octet[static_cast<unsigned char>(lower)];
    });
}

bool is_scheme(std::string_view scheme) noexcept {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !scheme.empty() && is_letter(scheme.front()) && std::ranges::all_of(scheme, [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    });
}

/// The rule that HTTP/1.1 has for the host, see http/message.cpp.
bool is_authority(std::string_view host) noexcept {
    return std::ranges::all_of(host, [](char c) {
        return c > 0x20 && c < 0x7f && std::string_view{",/@?#\\<>\""}.find(c) == std::string_view::npos;
    });
}

bool is_target(std::string_view target) noexcept {
    return !target.empty() && std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f; });
}

/// A number above the range of the type counts as the largest, so that the message is too large and not malformed.
std::optional<std::size_t> parse_length(std::string_view digits) noexcept {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error == std::errc::result_out_of_range && end == digits.data() + digits.size()) return unknown_length - 1;
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return std::min(length, unknown_length - 1);
}

}  // namespace

void head_fields::clear() noexcept {
    size_ = 0;
    content_length_ = unknown_length;
    malformed_ = false;
    has_regular_ = false;
}

void head_fields::field(std::string_view name, std::string_view value) {
    constexpr std::size_t overhead = 32;
    size_ += name.size() + value.size() + overhead;
    const bool is_pseudo = name.starts_with(':');
    if (!is_pseudo) has_regular_ = true;
    if (!is_field_value(value) || (is_pseudo ? has_regular_ : !is_field_name(name)) || is_of_connection(name) ||
        (name == "te" && !http::equals_ignoring_case(value, "trailers"))) {
        return set_malformed();
    }
    if (is_too_large() || malformed_) return;  // the rest is only checked, and not kept
    if (name == "content-length") {
        const auto length = parse_length(value);
        if (!length || content_length_ != unknown_length) return set_malformed();
        content_length_ = *length;
        return;
    }
    if (!(is_pseudo ? pseudo_field(name, value) : regular_field(name, value))) set_malformed();
}

void request_fields::begin() {
    clear();
    text_.clear();
    text_.reserve(field_list_size_max);
    head_ = {};
    fault_.reset();
    scheme_ = {};
    has_authority_ = has_host_ = has_authorization_ = has_content_type_ = false;
    has_request_id_ = has_callback_url_ = false;
}

std::string_view request_fields::stored(std::string_view value) {
    const std::size_t at = text_.size();
    text_.append(value);
    return std::string_view{text_}.substr(at);
}

bool request_fields::pseudo_field(std::string_view name, std::string_view value) {
    if (name == ":method") {
        if (!head_.method.empty() || !is_method(value)) return false;
        head_.method = stored(value);
        return true;
    }
    if (name == ":path") {
        if (!head_.target.empty() || !is_target(value)) return false;
        head_.target = stored(value);
        return true;
    }
    if (name == ":scheme") {
        if (!scheme_.empty() || !is_scheme(value)) return false;
        scheme_ = stored(value);
        return true;
    }
    if (name == ":authority") {
        if (std::exchange(has_authority_, true) || !is_authority(value)) return false;
        head_.host = stored(value);
        return true;
    }
    return false;
}

bool request_fields::regular_field(std::string_view name, std::string_view value) {
    if (name == "host") {
        if (std::exchange(has_host_, true) || !is_authority(value)) return false;
        if (!has_authority_) head_.host = stored(value);
    } else if (name == "authorization") {
        take_once(head_.authorization, has_authorization_, value);
    } else if (name == "content-type") {
        take_once(head_.content_type, has_content_type_, value);
    } else if (name == "accept") {
        head_.accept = stored(value);
    } else if (name == "request-id") {
        take_once(head_.request_id, has_request_id_, value);
    } else if (name == "callback-url") {
        take_once(head_.callback_url, has_callback_url_, value);
    } else if (name == peering::split_field) {
        take_once(head_.split, head_.has_split, value);
    } else if (name == trace_field) {
        head_.trace = stored(value);
    } else if (name == "prefer") {
        head_.prefers_asynchronous |= http::prefers_asynchronous(value);
    } else if (name == "expect") {
        head_.expects_continue = http::equals_ignoring_case(value, "100-continue");
        if (!head_.expects_continue) fault_ = http::status::expectation_failed;
    }
    return true;
}

/// Of two such fields, one reader would take the first, another the last.
void request_fields::take_once(std::string_view& member, bool& seen, std::string_view value) {
    if (std::exchange(seen, true)) fault_ = http::status::bad_request;
    member = stored(value);
}

void request_fields::end() {
    if (is_too_large()) {
        fault_ = http::status::header_fields_too_large;
        return;
    }
    const bool is_connect = head_.method == "CONNECT";
    const bool has_path = head_.target.starts_with('/') || (head_.method == "OPTIONS" && head_.target == "*");
    // Section 8.3.1, and 8.5 for CONNECT.
    const bool is_complete =
        is_connect ? has_authority_ && scheme_.empty() && head_.target.empty()
                   : !head_.method.empty() && !scheme_.empty() && has_path && (has_authority_ || has_host_);
    if (!is_complete) set_malformed();
    const bool has_length = content_length_ != unknown_length;
    head_.body = has_length ? http::framing::content_length : http::framing::until_close;
    head_.content_length = has_length ? content_length_ : 0;
}

void response_fields::begin() {
    clear();
    status_ = 0;
    accepts_ = {};
    trace_ = {};
    has_trace_field_ = false;
}

bool response_fields::pseudo_field(std::string_view name, std::string_view value) {
    if (name != ":status" || status_ != 0 || value.size() != 3) return false;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), status_);
    return error == std::errc{} && end == value.data() + value.size() && status_ >= 100;
}

bool response_fields::regular_field(std::string_view name, std::string_view value) {
    if (name == peering::split_accept_field) {
        accepts_ = peering::parse_split_terms(value).value_or(peering::split_terms{});
    }
    if (name == trace_field) {
        has_trace_field_ = true;
        trace_ = trace_id::parse(value).value_or(trace_);
    }
    return true;
}

void response_fields::end() {
    constexpr unsigned switching_protocols = 101;  // does not exist in HTTP/2 (section 8.6)
    if (is_too_large() || status_ == 0 || status_ == switching_protocols) set_malformed();
    const bool is_without_body = status_ == 204 || status_ == 304;
    if (is_without_body) content_length_ = unknown_length;
}

}  // namespace connector::http2

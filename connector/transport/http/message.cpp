#include "connector/transport/http/message.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace connector::http {
namespace {

constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> table{};
    for (const char c :
         std::string_view{"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}

constexpr std::array<bool, 256> is_token_octet = make_token_table();

bool is_token(std::string_view text) noexcept {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return is_token_octet[static_cast<unsigned char>(c)]; });
}

bool is_field_octet(char c) noexcept {
    const auto octet = static_cast<unsigned char>(c);
    return (octet >= 0x20 && octet != 0x7f) || octet == '\t';
}

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string_view trim_end(std::string_view text) noexcept {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    return trim_end(text);
}

/// Calls `use` with each trimmed element of a comma-separated field until it returns true; returns whether it did.
template <typename Use>
bool any_element(std::string_view field, Use use) {
    while (!field.empty()) {
        const std::size_t comma = field.find(',');
        if (use(trim(field.substr(0, comma)))) return true;
        if (comma == std::string_view::npos) break;
        field.remove_prefix(comma + 1);
    }
    return false;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view digits, int base = 10) noexcept {
    Number number{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return number;
}

/// Removes and returns the next line, without its LF. Precondition: there is a complete line.
std::string_view take_line(std::string_view& rest) noexcept {
    const auto* end = static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
    const auto size = static_cast<std::size_t>(end - rest.data());
    const std::string_view line = rest.substr(0, size);
    rest.remove_prefix(size + 1);
    return line;
}

std::expected<header_field, status> parse_field(std::string_view line) noexcept {
    if (line.empty() || line.back() != '\r') return std::unexpected{status::bad_request};
    line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::unexpected{status::bad_request};
    const header_field field{line.substr(0, colon), trim(line.substr(colon + 1))};
    // This check also rejects folded lines and blanks before the colon, which enable request smuggling.
    if (!is_token(field.name) || !std::ranges::all_of(field.value, is_field_octet)) {
        return std::unexpected{status::bad_request};
    }
    return field;
}

/// False if these bytes cannot be the beginning of a head, whatever its first line means. Lines before `searched` have
/// been checked.
bool may_be_head_lines(std::string_view octets, std::size_t searched) noexcept {
    std::size_t at = octets.substr(0, searched).rfind('\n') + 1;  // 0 if there is no line end
    for (;;) {
        const std::size_t end = octets.find('\n', at);
        if (end == std::string_view::npos) break;
        const std::string_view line = octets.substr(at, end - at);
        // The first line may be anything that a field may contain.
        const bool is_good =
            at == 0 ? line.ends_with('\r') && std::ranges::all_of(line.substr(0, line.size() - 1), is_field_octet)
                    : parse_field(line).has_value();
        if (!is_good) return false;
        at = end + 1;
    }
    std::string_view last = octets.substr(at);
    if (at != 0 && (last.starts_with(' ') || last.starts_with('\t'))) return false;
    if (last.ends_with('\r')) last.remove_suffix(1);
    return std::ranges::all_of(last, is_field_octet);
}

/// The header fields that requests and responses have in common.
struct framing_fields {
    bool length_given = false;
    bool chunked = false;
    std::size_t content_length = 0;
    bool close = false;
    bool keep_alive = false;

    /// Returns true if the field is one of these, false if not, and an error if its value is not accepted.
    std::expected<bool, status> take(const header_field& field) noexcept {
        if (equals_ignoring_case(field.name, "content-length")) {
            const auto length = parse_number<std::size_t>(field.value);
            if (!length || length_given) {
                return std::unexpected{
                    length || field.value.empty() ||
                            !std::ranges::all_of(field.value, [](char c) { return c >= '0' && c <= '9'; })
                        ? status::bad_request
                        : status::content_too_large};
            }
            length_given = true;
            content_length = *length;
            return true;
        }
        if (equals_ignoring_case(field.name, "transfer-encoding")) {
            if (chunked || !equals_ignoring_case(field.value, "chunked")) {
                return std::unexpected{status::bad_request};  // other transfer codings are not supported
            }
            chunked = true;
            return true;
        }
        if (equals_ignoring_case(field.name, "connection")) {
            close |= any_element(field.value, [](std::string_view e) { return equals_ignoring_case(e, "close"); });
            keep_alive |=
                any_element(field.value, [](std::string_view e) { return equals_ignoring_case(e, "keep-alive"); });
            return true;
        }
        return false;
    }
};

/// The minor version of HTTP/1.x, where later ones count as 1.1, with which they are compatible.
std::optional<int> parse_version(std::string_view version) noexcept {
    if (version == "HTTP/1.1") return 1;
    if (version == "HTTP/1.0") return 0;
    const bool is_later =
        version.size() == 8 && version.starts_with("HTTP/1.") && version[7] >= '2' && version[7] <= '9';
    return is_later ? std::optional{1} : std::nullopt;
}

/// The value of a Host field, or the authority of a target: bytes that no reader takes for the end of a host or the
/// beginning of something else. It may be empty.
bool is_host(std::string_view host) noexcept {
    return std::ranges::all_of(host, [](char c) {
        return c > 0x20 && c < 0x7f && std::string_view{",/@?#\\<>\""}.find(c) == std::string_view::npos;
    });
}

/// Splits a target with scheme and authority (RFC 9112 section 3.2.2). Returns false if the authority is invalid.
bool take_authority(std::string_view& target, std::string_view& host) noexcept {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
        const std::string_view slash = target.substr(scheme.size() - 1, 1);
        target.remove_prefix(scheme.size());
        host = target.substr(0, target.find_first_of("/?#"));
        target.remove_prefix(host.size());
        if (!target.starts_with('/')) target = slash;  // a query without a path means nothing here
        return !host.empty() && is_host(host);
    }
    return true;
}

}  // namespace

std::string_view reason_phrase(status status) noexcept {
    switch (status) {
        case status::ok:
            return "OK";
        case status::accepted:
            return "Accepted";
        case status::bad_request:
            return "Bad Request";
        case status::unauthorized:
            return "Unauthorized";
        case status::not_found:
            return "Not Found";
        case status::method_not_allowed:
            return "Method Not Allowed";
        case status::not_acceptable:
            return "Not Acceptable";
        case status::request_timeout:
            return "Request Timeout";
        case status::content_too_large:
            return "Content Too Large";
        case status::unsupported_media_type:
            return "Unsupported Media Type";
        case status::expectation_failed:
            return "Expectation Failed";
        case status::header_fields_too_large:
            return "Request Header Fields Too Large";
        case status::service_unavailable:
            return "Service Unavailable";
    }
    return "";
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == y; });
}

std::optional<std::size_t> find_head_end(std::string_view octets, std::size_t searched) noexcept {
    const std::size_t found = octets.find("\r\n\r\n", searched < 3 ? 0 : searched - 3);
    if (found == std::string_view::npos) return std::nullopt;
    return found + 4;
}

bool may_become_request_head(std::string_view octets, std::size_t searched) noexcept {
    if (octets.empty() || octets == "\r") return true;  // an empty line may come before a request
    if (!is_token_octet[static_cast<unsigned char>(octets.front())]) return false;
    return may_be_head_lines(octets, searched);
}

bool may_become_response_head(std::string_view octets, std::size_t searched) noexcept {
    constexpr std::string_view form = "HTTP/1.d ddd";  // a reason or the end of the line follows
    const auto fits = [](char c, char expected) { return expected == 'd' ? c >= '0' && c <= '9' : c == expected; };
    const std::string_view begin = octets.substr(0, form.size());
    if (!std::ranges::equal(begin, form.substr(0, begin.size()), fits)) return false;
    if (octets.size() > form.size() && octets[form.size()] != ' ' && octets[form.size()] != '\r') return false;
    return may_be_head_lines(octets, searched);
}

std::vector<header_field> fields_of(std::string_view head) {
    std::vector<header_field> fields;
    std::string_view rest = head.substr(0, head.size() - 2);
    take_line(rest);
    while (!rest.empty()) fields.push_back(*parse_field(take_line(rest)));
    return fields;
}

trace_id trace_in(std::string_view head) noexcept {
    trace_id found;
    std::string_view rest = head.substr(0, head.size() - 2);
    take_line(rest);
    while (!rest.empty()) {
        const auto field = parse_field(take_line(rest));
        if (!field || !equals_ignoring_case(field->name, trace_field)) continue;
        found = trace_id::parse(field->value).value_or(found);
    }
    return found;
}

std::expected<request_head, status> parse_request_head(std::string_view head) noexcept {
    request_head request;
    request.size = head.size();
    std::string_view rest = head.substr(0, head.size() - 2);  // excluding the empty line

    std::string_view line = take_line(rest);
    if (line.empty() || line.back() != '\r') return std::unexpected{status::bad_request};
    line.remove_suffix(1);
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return std::unexpected{status::bad_request};
    request.method = line.substr(0, first);
    request.target = line.substr(first + 1, last - first - 1);
    if (!is_token(request.method) || request.target.empty() ||
        !std::ranges::all_of(request.target, [](char c) { return c > 0x20 && c < 0x7f; })) {
        return std::unexpected{status::bad_request};
    }
    const auto version = parse_version(line.substr(last + 1));
    std::string_view authority;
    if (!version || !take_authority(request.target, authority)) return std::unexpected{status::bad_request};

    framing_fields fields;
    // Each of these fields may occur once, even if it is empty: of two, one reader would take the first, another the
    // last.
    int hosts = 0;
    bool has_authorization = false;
    bool has_content_type = false;
    bool has_request_id = false;
    bool has_callback_url = false;
    while (!rest.empty()) {
        const auto field = parse_field(take_line(rest));
        if (!field) return std::unexpected{field.error()};
        const auto taken = fields.take(*field);
        if (!taken) return std::unexpected{taken.error()};
        if (*taken) continue;
        const auto& [name, value] = *field;
        if (equals_ignoring_case(name, "host")) {
            ++hosts;
            if (!is_host(value)) return std::unexpected{status::bad_request};
            request.host = value;
        } else if (equals_ignoring_case(name, "accept")) {
            request.accept = value;
        } else if (equals_ignoring_case(name, "content-type")) {
            if (std::exchange(has_content_type, true)) return std::unexpected{status::bad_request};
            request.content_type = value;
        } else if (equals_ignoring_case(name, "authorization")) {
            if (std::exchange(has_authorization, true)) return std::unexpected{status::bad_request};
            request.authorization = value;
        } else if (equals_ignoring_case(name, "request-id")) {
            if (std::exchange(has_request_id, true)) return std::unexpected{status::bad_request};
            request.request_id = value;
        } else if (equals_ignoring_case(name, "callback-url")) {
            if (std::exchange(has_callback_url, true)) return std::unexpected{status::bad_request};
            request.callback_url = value;
        } else if (equals_ignoring_case(name, peering::split_field)) {
            if (std::exchange(request.has_split, true)) return std::unexpected{status::bad_request};
            request.split = value;
        } else if (equals_ignoring_case(name, trace_field)) {
            request.trace = value;
        } else if (equals_ignoring_case(name, "prefer")) {
            request.prefers_asynchronous |= prefers_asynchronous(value);
        } else if (equals_ignoring_case(name, "expect")) {
            if (!equals_ignoring_case(value, "100-continue")) return std::unexpected{status::expectation_failed};
            request.expects_continue = true;
        }
    }
    if (hosts > 1 || (hosts == 0 && *version == 1)) return std::unexpected{status::bad_request};
    if (fields.chunked && (fields.length_given || *version == 0)) return std::unexpected{status::bad_request};
    if (!authority.empty()) request.host = authority;
    request.body = fields.chunked ? framing::chunked : framing::content_length;
    request.content_length = fields.content_length;
    request.keep_alive = !fields.close && (*version == 1 || fields.keep_alive);
    request.expects_continue &= *version == 1;
    return request;
}

std::expected<response_head, status> parse_response_head(std::string_view head) noexcept {
    response_head response;
    response.size = head.size();
    std::string_view rest = head.substr(0, head.size() - 2);

    const std::string_view line = take_line(rest);
    // Format: "HTTP/1.1 200 OK\r"; the reason phrase may be missing.
    const auto version = parse_version(line.substr(0, 8));
    if (!version || line.size() < 13 || line[8] != ' ' || (line[12] != ' ' && line[12] != '\r') ||
        line.back() != '\r') {
        return std::unexpected{status::bad_request};
    }
    const auto code = parse_number<unsigned>(line.substr(9, 3));
    if (!code || *code < 100) return std::unexpected{status::bad_request};
    response.status_code = *code;

    framing_fields fields;
    while (!rest.empty()) {
        const auto field = parse_field(take_line(rest));
        if (!field) return std::unexpected{field.error()};
        const auto taken = fields.take(*field);
        if (!taken) return std::unexpected{taken.error()};
        if (*taken) continue;
        if (equals_ignoring_case(field->name, peering::split_accept_field)) {
            response.accepts = peering::parse_split_terms(field->value).value_or(peering::split_terms{});
        }
        response.has_trace |= equals_ignoring_case(field->name, trace_field);
        if (!equals_ignoring_case(field->name, "keep-alive")) continue;
        any_element(field->value, [&](std::string_view element) {
            if (!equals_ignoring_case(element.substr(0, 8), "timeout=")) return false;
            response.keep_alive_seconds = parse_number<std::uint32_t>(element.substr(8));
            return true;
        });
    }
    if (fields.chunked && fields.length_given) return std::unexpected{status::bad_request};
    const bool without_body = *code < 200 || *code == 204 || *code == 304;
    response.body = without_body || fields.length_given ? framing::content_length
                    : fields.chunked                    ? framing::chunked
                                                        : framing::until_close;
    response.content_length = without_body ? 0 : fields.content_length;
    response.keep_alive =
        !fields.close && (*version == 1 || fields.keep_alive) && response.body != framing::until_close;
    return response;
}

chunked_body::state chunked_body::advance(std::span<char> octets) noexcept {
    constexpr std::size_t line_size_max = 256;  // chunk extensions and trailers are skipped, not kept
    const auto next_line = [&]() -> std::optional<std::string_view> {
        const std::string_view rest{octets.data() + consumed_, octets.size() - consumed_};
        const std::size_t end = rest.find("\r\n");
        if (end == std::string_view::npos) return std::nullopt;
        return rest.substr(0, end);
    };
    // A line within the limit may have arrived up to and including its CR.
    const auto is_too_long_already = [&] { return octets.size() - consumed_ > line_size_max + 1; };
    // Other parsers may take a lone CR or LF for the end of the line, which enables request smuggling.
    const auto is_good = [](std::string_view line) {
        return line.size() <= line_size_max && std::ranges::all_of(line, is_field_octet);
    };
    for (;;) {
        switch (part_) {
            case part::size_line: {
                const auto line = next_line();
                if (!line) return is_too_long_already() ? state::malformed : state::incomplete;
                const auto size = parse_number<std::size_t>(trim_end(line->substr(0, line->find(';'))), 16);
                if (!size || !is_good(*line)) return state::malformed;
                if (*size > size_max_ - size_) return state::too_large;
                consumed_ += line->size() + 2;
                left_ = *size;
                part_ = left_ == 0 ? part::trailer : part::data;
                break;
            }
            case part::data: {
                const std::size_t have = std::min(left_, octets.size() - consumed_);
                std::memmove(octets.data() + size_, octets.data() + consumed_, have);
                size_ += have;
                consumed_ += have;
                left_ -= have;
                if (left_ != 0) return state::incomplete;
                part_ = part::data_end;
                break;
            }
            case part::data_end:
                if (octets.size() - consumed_ < 2) return state::incomplete;
                if (octets[consumed_] != '\r' || octets[consumed_ + 1] != '\n') return state::malformed;
                consumed_ += 2;
                part_ = part::size_line;
                break;
            case part::trailer: {
                const auto line = next_line();
                if (!line) return is_too_long_already() ? state::malformed : state::incomplete;
                if (!is_good(*line)) return state::malformed;
                consumed_ += line->size() + 2;
                if (line->empty()) return state::complete;
                break;
            }
        }
    }
}

std::string_view bearer_token(std::string_view authorization) noexcept {
    constexpr std::size_t scheme_size = 7;
    if (!equals_ignoring_case(authorization.substr(0, scheme_size), "bearer ")) return {};
    const std::string_view token = trim(authorization.substr(scheme_size));
    return token.find_first_of(" \t") == std::string_view::npos ? token : std::string_view{};
}

bool is_packet_content_type(std::string_view content_type) noexcept {
    const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
    return equals_ignoring_case(type, "application/octet-stream") ||
           equals_ignoring_case(type, "application/ilp+octet-stream");
}

bool prefers_asynchronous(std::string_view prefer) noexcept {
    return any_element(prefer, [](std::string_view element) {
        return equals_ignoring_case(trim(element.substr(0, element.find(';'))), "respond-async");
    });
}

bool accepts_packets(std::string_view accept) noexcept {
    if (accept.empty()) return true;
    return any_element(accept, [](std::string_view element) {
        const std::string_view range = trim(element.substr(0, element.find(';')));
        return range == "*/*" || equals_ignoring_case(range, "application/*") || is_packet_content_type(range);
    });
}

}  // namespace connector::http

#include "tests/support/http.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace support {
namespace {

constexpr std::string_view line_end = "\r\n";

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::size_t parse_number(std::string_view text, int base) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw std::runtime_error{"not a number in an HTTP message: " + std::string{text}};
    }
    return value;
}

/// Appends the decoded body and returns the position after it. Empty if the body is incomplete.
std::optional<std::size_t> take_chunks(std::string_view buffer, std::size_t at, ilp::bytes& body) {
    for (;;) {
        const std::size_t end = buffer.find(line_end, at);
        if (end == std::string_view::npos) return std::nullopt;
        const std::size_t size = parse_number(buffer.substr(at, end - at), 16);
        at = end + line_end.size();
        if (buffer.size() < at + size + line_end.size()) return std::nullopt;
        const auto octets = ilp::as_bytes(buffer.substr(at, size));
        body.insert(body.end(), octets.begin(), octets.end());
        at += size + line_end.size();
        if (size == 0) return at;
    }
}

}  // namespace

int http_message::status() const {
    if (!start_line.starts_with("HTTP/1.") || start_line.size() < 12) return 0;
    return static_cast<int>(parse_number(std::string_view{start_line}.substr(9, 3), 10));
}

std::optional<std::string> http_message::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (same_name(key, name)) return value;
    }
    return std::nullopt;
}

std::optional<http_message> take_message(std::string& buffer) {
    const std::size_t head_end = buffer.find("\r\n\r\n");
    if (head_end == std::string::npos) return std::nullopt;
    http_message message;
    std::string_view head{buffer.data(), head_end};
    const std::size_t first_line = std::min(head.find(line_end), head.size());
    message.start_line = head.substr(0, first_line);
    head.remove_prefix(std::min(first_line + line_end.size(), head.size()));
    while (!head.empty()) {
        const std::size_t end = std::min(head.find(line_end), head.size());
        const std::string_view line = head.substr(0, end);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) throw std::runtime_error{"not a header: " + std::string{line}};
        message.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
        head.remove_prefix(std::min(end + line_end.size(), head.size()));
    }

    std::size_t at = head_end + 4;
    const int status = message.status();
    const bool without_body = (status >= 100 && status < 200) || status == 204 || status == 304;
    if (without_body) {
        buffer.erase(0, at);
        return message;
    }
    if (const auto coding = message.header("transfer-encoding"); coding && same_name(*coding, "chunked")) {
        const auto end = take_chunks(buffer, at, message.body);
        if (!end) return std::nullopt;
        at = *end;
    } else {
        const std::size_t size = parse_number(message.header("content-length").value_or("0"), 10);
        if (buffer.size() < at + size) return std::nullopt;
        const auto octets = ilp::as_bytes(std::string_view{buffer}.substr(at, size));
        message.body.assign(octets.begin(), octets.end());
        at += size;
    }
    buffer.erase(0, at);
    return message;
}

std::string serialize(const http_request& request) {
    std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    bool length_given = false;
    for (const auto& [name, value] : request.headers) {
        text += name + ": " + value + "\r\n";
        length_given = length_given || same_name(name, "content-length") || same_name(name, "transfer-encoding");
    }
    if (!length_given && (request.method == "POST" || !request.body.empty())) {
        text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    text += line_end;
    text += ilp::as_text(request.body);
    return text;
}

std::string chunked(ilp::bytes_view body, std::size_t size) {
    std::string text;
    const auto append = [&](ilp::bytes_view chunk) {
        char digits[16];
        const auto [end, error] = std::to_chars(digits, digits + sizeof digits, chunk.size(), 16);
        text.append(digits, end).append(line_end).append(ilp::as_text(chunk)).append(line_end);
    };
    for (; !body.empty(); body = body.subspan(std::min(size, body.size()))) {
        append(body.first(std::min(size, body.size())));
    }
    append({});
    return text;
}

std::optional<http_message> http_connection::receive(milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        if (auto message = take_message(buffer_)) return message;
        const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
        if (read_some(socket_, buffer_, std::max(left, milliseconds{0})) != read_result::data) return std::nullopt;
    }
}

bool http_connection::wait_until_closed(milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::string ignored;
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
        switch (read_some(socket_, ignored, std::max(left, milliseconds{0}))) {
            case read_result::end:
                return true;
            case read_result::timeout:
                return false;
            case read_result::data:
                ignored.clear();
        }
    }
}

void http_connection::finish_sending() {
    ::shutdown(socket_.get(), SHUT_WR);
}

}  // namespace support

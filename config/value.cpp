#include "config/value.hpp"

#include "config/text.hpp"
#include "ilp/hex.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace config {
namespace {

constexpr std::size_t secret_size_max = 1024;
constexpr std::size_t peer_name_size_max = 64;
constexpr std::size_t account_name_size_max = 64;
constexpr std::size_t asset_code_size_max = 20;  // characters
constexpr std::size_t host_size_max = 253;
constexpr std::size_t host_label_size_max = 63;
constexpr std::size_t url_size_max = 2048;  // http_endpoint stores positions in it as 16-bit numbers
constexpr std::size_t path_size_max = 4096;

std::unexpected<std::string> refused(std::string message = {}) {
    return std::unexpected{std::move(message)};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_visible(char c) {
    return c > ' ' && c <= '~';
}

struct unit {
    std::string_view name;
    std::int64_t milliseconds;
};

constexpr auto units =
    std::array{unit{"d", 86'400'000}, unit{"h", 3'600'000}, unit{"m", 60'000}, unit{"s", 1'000}, unit{"ms", 1}};

std::string print_duration(std::chrono::milliseconds value) {
    for (const auto& [name, milliseconds] : units)
        if (value.count() != 0 && value.count() % milliseconds == 0)
            return std::to_string(value.count() / milliseconds) + std::string{name};
    return "0ms";
}

/// An example that does no harm to whoever copies it.
std::chrono::milliseconds example_between(std::chrono::milliseconds min, std::chrono::milliseconds max) {
    using namespace std::chrono_literals;
    if (max > 365 * 24h) return 90 * 24h;
    return std::clamp<std::chrono::milliseconds>(max > 30s ? 30s : 1s, min, max);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto digits = text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
    const auto value = parse_digits(digits);
    if (!value || *value > 1'000'000'000) return std::nullopt;
    for (const auto& [name, milliseconds] : units)
        if (text.substr(digits.size()) == name)
            return std::chrono::milliseconds{static_cast<std::int64_t>(*value) * milliseconds};
    return std::nullopt;
}

/// inet_pton stops at the first NUL; anything after it must be refused, not ignored.
bool is_ip(int family, const std::string& host) {
    auto address = in6_addr{};
    return !host.contains('\0') && inet_pton(family, host.c_str(), &address) == 1;
}

bool is_ipv4(const std::string& host) {
    return is_ip(AF_INET, host);
}

bool is_ipv6(const std::string& host) {
    return is_ip(AF_INET6, host);
}

struct host_and_port {
    std::string host;  ///< without brackets
    bool bracketed = false;
    std::optional<std::string_view> port;  ///< nullopt if there is no colon
};

std::optional<host_and_port> split_port(std::string_view text) {
    auto result = host_and_port{};
    auto rest = std::string_view{};
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        result.host = text.substr(1, end - 1);
        result.bracketed = true;
        rest = text.substr(end + 1);
    } else {
        const auto end = std::min(text.find(':'), text.size());
        result.host = text.substr(0, end);
        rest = text.substr(end);
    }
    if (rest.empty()) return result;
    if (!rest.starts_with(':')) return std::nullopt;
    result.port = rest.substr(1);
    return result;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    const auto value = parse_digits(text);
    if (!value || *value > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(*value);
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > host_size_max) return false;
    auto last = std::string_view{};
    for (std::size_t at = 0; at <= host.size();) {
        const auto end = std::min(host.find('.', at), host.size());
        last = host.substr(at, end - at);
        if (last.empty() || last.size() > host_label_size_max || last.front() == '-' || last.back() == '-')
            return false;
        if (!std::ranges::all_of(last, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; }))
            return false;
        at = end + 1;
    }
    // An all-numeric last label would make it an IPv4 address, and it is not a valid one.
    return !std::ranges::all_of(last, is_digit);
}

/// Path and query as in RFC 3986: no space, no raw non-ASCII character, only complete percent escapes.
bool is_target(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_visible(text[i]) || std::string_view{"\"<>\\^`{|}"}.contains(text[i])) return false;
        if (text[i] != '%') continue;
        const auto digits = text.substr(i + 1, 2);
        if (digits.size() != 2 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
            return false;
    }
    return true;
}

bool has_scheme(std::string_view text, std::string_view scheme) {
    return text.size() >= scheme.size() &&
           std::ranges::equal(text.substr(0, scheme.size()), scheme,
                              [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
}

std::expected<http_endpoint, std::string> parse_url(std::string_view text) {
    if (text.size() > url_size_max)
        return refused("the URL is longer than " + std::to_string(url_size_max) + " characters");
    const bool is_https = has_scheme(text, "https://");
    if (!is_https && !has_scheme(text, "http://")) return refused();
    const auto rest = text.substr(text.find("//") + 2);
    // Not shown in messages, because userinfo often contains a password.
    const auto authority = rest.substr(0, std::min(rest.find_first_of("/?#"), rest.size()));
    if (authority.contains('@')) return refused("a user name or password in the URL is not supported");
    if (text.contains('#')) return refused("a fragment (#) is not allowed in this URL");
    if (authority.empty()) return refused("the URL has no host");
    const auto split = split_port(authority);
    if (!split || (split->bracketed ? !is_ipv6(split->host) : !is_ipv4(split->host) && !is_host_name(split->host)))
        return refused("its host is neither a valid name nor an IP address; an IPv6 address is written in brackets");
    const auto port = parse_port(split->port.value_or(is_https ? "443" : "80"));
    if (!port || *port == 0) return refused("its port is not a number from 1 to 65535");
    const auto target = rest.substr(authority.size());
    if (!is_target(target)) return refused("its path or query has a character that must be written as %XX (RFC 3986)");
    const auto place_of = [text](const char* part) { return static_cast<std::uint16_t>(part - text.data()); };
    const auto host = place_of(authority.data() + (split->bracketed ? 1 : 0));
    const auto host_end = static_cast<std::uint16_t>(host + split->host.size());
    return http_endpoint{std::string{text}, {host, host_end, place_of(target.data())}, *port};
}

constexpr std::string_view store_urls = "sqlite:PATH, postgresql://... or memory:";

bool is_postgres_url(std::string_view text) {
    return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

std::expected<std::string, std::string> parse_store_url(std::string_view text) {
    if (text == "memory:") return std::string{text};
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
        return refused("contains a control character");
    if (text.size() > path_size_max) return refused("is too long");
    if (is_postgres_url(text)) return std::string{text};  // libpq parses it when it connects
    constexpr auto scheme = std::string_view{"sqlite:"};
    if (!text.starts_with(scheme) || text.size() == scheme.size()) {
        // Not shown if it may contain a password.
        return text.contains(':') ? refused("expected " + std::string{store_urls}) : refused();
    }
    // SQLite itself treats this name as a database that is discarded on close.
    if (text.substr(scheme.size()) == ":memory:")
        return refused("for a store in memory, write memory: instead of sqlite::memory:");
    return std::string{text};
}

/// Hides anything that may be a password. An unencoded special character in a password must not reveal the rest of it.
std::string show_store_url(const std::string& url) {
    if (!is_postgres_url(url)) return url;
    std::string shown = url;
    // A percent sign may encode a letter of "password".
    if (const auto query = shown.find('?'); query != std::string::npos) {
        const auto parameters = std::string_view{shown}.substr(query);
        if (parameters.contains("password") || parameters.contains('%')) shown.replace(query + 1, shown.npos, hidden);
    }
    if (const auto at = shown.rfind('@'); at != std::string::npos) {
        const auto begin = shown.find("://") + 3;
        shown.replace(begin, at - begin, hidden);
    }
    return shown;
}

constexpr std::string_view path_expected = "the path of a file";

bool is_path(std::string_view text) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    return !text.empty() && text.size() <= path_size_max && std::ranges::none_of(text, is_control);
}

/// Accepts one to `size_max` printable characters with no space at either end.
std::expected<std::string, std::string> parse_printable(std::string_view text, std::size_t size_max) {
    if (text.empty() || text.front() == ' ' || text.back() == ' ') return refused();
    std::size_t characters = 0;
    for (std::size_t at = 0; at < text.size(); ++characters) {
        const auto character = decode_utf8(text.substr(at));
        if (!character || !is_visible_character(character->value)) return refused();
        at += character->size;
    }
    if (characters > size_max) return refused();
    return std::string{text};
}

value_type<secret> visible_secret(std::string_view what) {
    return {.expected = std::string{what} + " of 1 to " + std::to_string(secret_size_max) + " visible ASCII characters",
            .parse = [](std::string_view text) -> std::expected<secret, std::string> {
                if (text.empty() || text.size() > secret_size_max || !std::ranges::all_of(text, is_visible))
                    return refused();
                if (looks_like_variable(text))
                    return refused(
                        "looks like a variable that was not replaced: write ${NAME} to have the environment "
                        "variable NAME put in");
                return secret{std::string{text}};
            },
            .print = [](const secret&) { return std::string{hidden}; }};
}

}  // namespace

bool looks_like_variable(std::string_view text) {
    constexpr auto around = std::array<std::pair<std::string_view, std::string_view>, 5>{
        {{"$", ""}, {"$(", ")"}, {"%", "%"}, {"{{", "}}"}, {"<", ">"}}};
    return std::ranges::any_of(around, [text](const auto& pair) {
        const auto& [before, after] = pair;
        if (text.size() <= before.size() + after.size() || !text.starts_with(before) || !text.ends_with(after))
            return false;
        return is_variable_name(text.substr(before.size(), text.size() - before.size() - after.size()));
    });
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
    auto value = std::uint64_t{0};
    const auto* const begin = text.begin();
    const auto* const end = text.end();
    const auto [stopped, error] = std::from_chars(begin, end, value);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

value_type<bool> boolean() {
    auto type = choice<bool>({{"true", true}, {"false", false}});
    type.expected = "true or false";
    return type;
}

value_type<std::chrono::milliseconds> duration(std::chrono::milliseconds min, std::chrono::milliseconds max) {
    return {.expected = "a duration from " + print_duration(min) + " to " + print_duration(max) + ", such as " +
                        print_duration(example_between(min, max)),
            .parse = [min, max](std::string_view text) -> std::expected<std::chrono::milliseconds, std::string> {
                const auto value = parse_duration(text);
                if (!value || *value < min || *value > max) return refused();
                return *value;
            },
            .print = [](const std::chrono::milliseconds& value) { return print_duration(value); },
            .plain = true};
}

value_type<std::uint32_t> split_parts() {
    return integer<std::uint32_t>(2, split_settings::parts_limit);
}

value_type<std::chrono::milliseconds> hold_time() {
    return duration(std::chrono::milliseconds{100}, std::chrono::seconds{60});
}

value_type<ilp::amount> amount(std::uint64_t min) {
    return {
        .expected = "an amount: a whole number from " + std::to_string(min) + " to " + to_string(ilp::amount::max()),
        .parse = [min](std::string_view text) -> std::expected<ilp::amount, std::string> {
            const auto value = ilp::parse_amount(text);
            if (!value || value->value < min) return refused();
            return *value;
        },
        .print = [](const ilp::amount& value) { return to_string(value); },
        .plain = true};
}

value_type<ilp::rate> exchange_rate() {
    return {.expected = "a decimal number above 0 with at most " + std::to_string(ilp::rate_digits_max) +
                        " digits, such as 0.813399",
            .parse = [](std::string_view text) -> std::expected<ilp::rate, std::string> {
                const auto value = ilp::parse_rate(text);
                if (!value) return refused();
                return *value;
            },
            .print = [](const ilp::rate& value) { return to_string(value); },
            .plain = true};
}

value_type<listen_address> listener() {
    return {.expected = "a literal IP address and a port, such as 127.0.0.1:3002 or \"[::1]:3002\"",
            .parse = [](std::string_view text) -> std::expected<listen_address, std::string> {
                const auto split = split_port(text);
                if (!split || !split->port) return refused();
                const auto port = parse_port(*split->port);
                if (!port || !(split->bracketed ? is_ipv6(split->host) : is_ipv4(split->host))) return refused();
                return listen_address{split->host, *port};
            },
            .print =
                [](const listen_address& value) {
                    const auto host = value.host.contains(':') ? "[" + value.host + "]" : value.host;
                    return host + ":" + std::to_string(value.port);
                }};
}

value_type<std::string> host() {
    return {.expected = "a host name or an IP address, such as ilpd.internal",
            .parse = [](std::string_view text) -> std::expected<std::string, std::string> {
                auto result = std::string{text};
                for (char& c : result)
                    if (is_letter(c)) c = static_cast<char>(c | 0x20);
                if (!is_ipv4(result) && !is_ipv6(result) && !is_host_name(result)) return refused();
                return result;
            },
            .print = std::identity{}};
}

value_type<ilp::address> node_address() {
    return {.expected = "an ILP address in g, private, example, test, test1, test2, test3 or local, such as test.alice",
            .parse = [](std::string_view text) -> std::expected<ilp::address, std::string> {
                auto address = ilp::address::parse(text);
                if (!address) return refused();
                const auto scheme = ilp::scheme_of(text);
                if (scheme == ilp::scheme::peer || scheme == ilp::scheme::self) return refused();
                return *std::move(address);
            },
            .print = [](const ilp::address& value) { return value.text(); },
            .placeholder = *ilp::address::parse("self.unset")};
}

value_type<std::string> route_prefix() {
    return {.expected = "an ILP address, a bare scheme, or \"\" for the default route; not in peer, self or local",
            .parse = [](std::string_view text) -> std::expected<std::string, std::string> {
                if (!ilp::is_prefix(text)) return refused();
                const auto scheme = ilp::scheme_of(text);
                if (scheme == ilp::scheme::peer || scheme == ilp::scheme::self || scheme == ilp::scheme::local)
                    return refused();
                return std::string{text};
            },
            .print = std::identity{},
            .placeholder = "peer"};
}

value_type<http_endpoint> http_url() {
    return {.expected = "an http:// or https:// URL, such as http://10.0.0.2:3002/",
            .parse = parse_url,
            .print = [](const http_endpoint& value) { return value.url(); }};
}

value_type<http_endpoint> packet_url() {
    return http_url();
}

value_type<http_endpoint> https_origin() {
    return {.expected = "an https:// URL without a path, such as https://alice.example",
            .parse = [](std::string_view text) -> std::expected<http_endpoint, std::string> {
                auto url = parse_url(text);
                if (!url || (url->is_https() && url->target() == "/")) return url;
                return refused();
            },
            .print = [](const http_endpoint& value) { return value.url(); }};
}

value_type<std::string> store_url() {
    return {.expected = std::string{store_urls}, .parse = parse_store_url, .print = show_store_url};
}

value_type<file_path> path_of_file() {
    return {.expected = std::string{path_expected},
            .parse = [](std::string_view text) -> std::expected<file_path, std::string> {
                if (!is_path(text)) return refused();
                return file_path{std::string{text}};
            },
            .print = [](const file_path& value) { return value.text; }};
}

value_type<trusted_certificates> path_of_certificates() {
    return {.expected = std::string{path_expected},
            .parse = [](std::string_view text) -> std::expected<trusted_certificates, std::string> {
                if (!is_path(text)) return refused();
                return trusted_certificates{std::string{text}, {}};
            },
            .print = [](const trusted_certificates& value) { return value.file; }};
}

value_type<ilp::digest> key_hash() {
    return {.expected = "the SHA-256 of a public key: 64 hexadecimal digits, or 32 pairs with colons in between",
            .parse = [](std::string_view text) -> std::expected<ilp::digest, std::string> {
                std::string digits;
                for (std::size_t i = 0; i < text.size() && digits.size() <= 2 * ilp::hash_size; ++i) {
                    const bool is_colons_place = i % 3 == 2 && text.size() != 2 * ilp::hash_size;
                    if (is_colons_place != (text[i] == ':')) return refused();
                    if (!is_colons_place) digits += is_letter(text[i]) ? static_cast<char>(text[i] | 0x20) : text[i];
                }
                if (text.ends_with(':')) return refused();
                const auto hash = ilp::parse_hex_digest(digits);
                if (!hash) return refused();
                return *hash;
            },
            .print = [](const ilp::digest& value) { return ilp::to_hex(value); }};
}

value_type<http_protocol> protocol() {
    return choice<http_protocol>(
        {{"auto", http_protocol::automatic}, {"http1", http_protocol::http1}, {"http2", http_protocol::http2}});
}

value_type<answer_mode> mode() {
    return choice<answer_mode>(
        {{"synchronous", answer_mode::synchronous}, {"asynchronous", answer_mode::asynchronous}});
}

value_type<std::string> asset_code() {
    return {.expected = "1 to " + std::to_string(asset_code_size_max) + " printable characters",
            .parse = [](std::string_view text) { return parse_printable(text, asset_code_size_max); },
            .print = std::identity{}};
}

value_type<std::string> peer_name() {
    return {.expected = "1 to " + std::to_string(peer_name_size_max) + " letters, digits, \".\", \"_\" and \"-\"",
            .parse = [](std::string_view text) -> std::expected<std::string, std::string> {
                // "." and ".." have a special meaning in URLs.
                if (text.empty() || text.size() > peer_name_size_max || text == "." || text == "..") return refused();
                const auto allowed = [](char c) {
                    return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
                };
                if (!std::ranges::all_of(text, allowed)) return refused();
                return std::string{text};
            },
            .print = std::identity{}};
}

value_type<std::string> account_name() {
    return {.expected = "1 to " + std::to_string(account_name_size_max) +
                        " lower-case letters, digits, \".\", \"_\" and \"-\", beginning with a letter or digit",
            .parse = [](std::string_view text) -> std::expected<std::string, std::string> {
                const auto may_begin = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
                const auto allowed = [&](char c) { return may_begin(c) || c == '.' || c == '_' || c == '-'; };
                if (text.empty() || text.size() > account_name_size_max || !may_begin(text.front())) return refused();
                if (!std::ranges::all_of(text, allowed)) return refused();
                return std::string{text};
            },
            .print = std::identity{}};
}

value_type<std::string> display_name() {
    return {.expected = "1 to " + std::to_string(display_name_size_max) + " printable characters",
            .parse = [](std::string_view text) { return parse_printable(text, display_name_size_max); },
            .print = std::identity{}};
}

value_type<std::string> uuid() {
    return {.expected = "a UUID, such as 00000000-0000-4000-8000-000000000001",
            .parse = [](std::string_view text) -> std::expected<std::string, std::string> {
                constexpr auto form = std::string_view{"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"};
                constexpr auto digits = std::string_view{"0123456789abcdef"};
                auto result = std::string{text};
                for (char& c : result)
                    if (is_letter(c)) c = static_cast<char>(c | 0x20);
                if (!std::ranges::equal(result, form,
                                        [&](char c, char f) { return f == 'x' ? digits.contains(c) : c == f; }))
                    return refused();
                return result;
            },
            .print = std::identity{}};
}

value_type<std::string> token_subject() {
    return {.expected = "a name of 1 to " + std::to_string(secret_size_max) + " visible ASCII characters",
            .parse = [](std::string_view text) -> std::expected<std::string, std::string> {
                if (text.empty() || text.size() > secret_size_max || !std::ranges::all_of(text, is_visible))
                    return refused();
                return std::string{text};
            },
            .print = std::identity{}};
}

value_type<secret> hex_keys() {
    constexpr std::size_t digits_of_key = 64;
    return {.expected = "keys of " + std::to_string(digits_of_key) +
                        " hexadecimal digits, as openssl rand -hex 32 makes them, separated by line breaks or commas",
            .parse = [](std::string_view text) -> std::expected<secret, std::string> {
                std::size_t digits = 0;
                bool has_key = false;
                for (const char c : std::string{text} + '\n') {
                    const bool is_digit_of_key = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
                    if (!is_digit_of_key && !std::string_view{" \t\r\n,"}.contains(c)) return refused();
                    if (!is_digit_of_key && digits != 0 && digits != digits_of_key) return refused();
                    has_key = has_key || digits == digits_of_key;
                    digits = is_digit_of_key ? digits + 1 : 0;
                }
                if (!has_key) return refused();
                return secret{std::string{text}};
            },
            .print = [](const secret&) { return std::string{hidden}; }};
}

value_type<secret> bearer_token() {
    return visible_secret("a token");
}

value_type<secret> signing_secret() {
    return visible_secret("a secret");
}

}  // namespace config

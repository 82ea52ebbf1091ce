#include "config/value.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <tuple>

namespace value_test {

using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

template <typename T>
void check_refused(const config::value_type<T>& type, const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
        INFO(text);
        CHECK_FALSE(type.parse(text));
    }
}

template <typename T>
void check_round_trip(const config::value_type<T>& type, const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
        INFO(text);
        const auto value = type.parse(text);
        REQUIRE(value);
        CHECK(type.print(*value) == text);
    }
}

}  // namespace

TEST_CASE("Whole numbers are decimal digits within bounds") {
    const auto type = config::integer<std::uint32_t>(1, 64);
    check_round_trip(type, {"1", "64"});
    check_refused(type, {"", "0", "65", "-1", "+1", " 1", "1 ", "1.0", "1e1", "0x10", "1_0", "18446744073709551617"});
    CHECK(type.expected == "a whole number from 1 to 64");
}

TEST_CASE("Amounts have the whole range of 64 bits and never pass through a double") {
    const auto type = config::amount();
    check_round_trip(type, {"0", "9007199254740993", "18446744073709551615"});
    check_refused(type, {"", "18446744073709551616", "-1", "1.0", "1e5", "1,000", "0x1", "~"});
    check_refused(config::amount(1), {"0"});
}

TEST_CASE("Exchange rates are decimal numbers that never pass through a double") {
    const auto type = config::exchange_rate();
    check_round_trip(type, {"1", "0.813399", "9007199254740993", "0.1234567890123456789012345678901234"});
    CHECK(type.print(*type.parse("8.13399e-1")) == "0.813399");
    check_refused(type, {"", "0", "-1", "0.0", "1,5", ".5", "1/3", "NaN", "12345678901234567890123456789012345"});
}

TEST_CASE("UUIDs are kept in lower case") {
    const auto type = config::uuid();
    check_round_trip(type, {"00000000-0000-4000-8000-000000000001", "01234567-89ab-cdef-0123-456789abcdef"});
    CHECK(type.parse("0123456A-89AB-CDEF-0123-456789ABCDEF") == "0123456a-89ab-cdef-0123-456789abcdef");
    check_refused(type, {"", "00000000-0000-4000-8000-00000000000", "00000000-0000-4000-8000-0000000000011",
                         "00000000000040008000000000000001", "0000000g-0000-4000-8000-000000000001",
                         "00000000-0000-4000-80000-00000000001", "{0000000-0000-4000-8000-00000000001}"});
}

TEST_CASE("Durations carry their unit") {
    const auto type = config::duration(1ms, 1h);
    CHECK(type.parse("500ms") == 500ms);
    CHECK(type.parse("1s") == 1s);
    CHECK(type.parse("2m") == 2min);
    CHECK(type.parse("1h") == 1h);
    check_refused(type, {"", "1", "s", "1 s", "1.5s", "-1s", "0ms", "3601s", "2h", "1us", "1S", "99999999999999999999h",
                         "18446744073709551615h"});
    check_round_trip(type, {"1ms", "1500ms", "90s", "2m", "1h"});
    const auto long_type = config::duration(1s, 36'500 * 24h);
    CHECK(long_type.parse("90d") == 90 * 24h);
    CHECK(long_type.parse("2160h") == 90 * 24h);
    check_round_trip(long_type, {"1d", "25h", "36500d"});
    CHECK(long_type.expected == "a duration from 1s to 36500d, such as 90d");
    CHECK(config::duration(1ms, 30s).expected == "a duration from 1ms to 30s, such as 1s");
    CHECK(config::duration(1min, 1h).expected == "a duration from 1m to 1h, such as 1m");
    check_refused(long_type, {"36501d", "1D", "1 d", "1day", "0d", "18446744073709551615d"});
    CHECK(type.expected == "a duration from 1ms to 1h, such as 30s");
}

TEST_CASE("Booleans are true or false") {
    check_round_trip(config::boolean(), {"true", "false"});
    check_refused(config::boolean(), {"", "yes", "no", "on", "1", "True"});
}

TEST_CASE("Listeners are literal addresses with a port") {
    check_round_trip(config::listener(), {"127.0.0.1:3002", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:1"});
    CHECK(config::listener().parse("[::1]:3002") == config::listen_address{"::1", 3002});
    check_refused(config::listener(), {"",
                                       "3002",
                                       ":3002",
                                       "127.0.0.1",
                                       "127.0.0.1:",
                                       "127.0.0.1:65536",
                                       "127.0.0.1:x",
                                       "127.0.0.1:-1",
                                       "localhost:3002",
                                       "example.com:80",
                                       "::1:3002",
                                       "[::1]",
                                       "[::1]3002",
                                       "[::1:3002",
                                       "[127.0.0.1]:80",
                                       "127.1:80",
                                       "256.0.0.1:80",
                                       "127.0.0.1:80:80",
                                       "[fe80::1%lo]:80",
                                       "127.0.0.1\0:80"s,
                                       " 127.0.0.1:80"});
}

TEST_CASE("A15-17: the address of a node is in a scheme that is routed") {
    check_round_trip(config::node_address(),
                     {"g.a", "private.a", "example.a", "test.a", "test1.a", "test2.a", "test3.a.b", "local.a"});
    check_refused(config::node_address(),
                  {"", "g", "g.", "g..a", "peer.a", "self.a", "test4.a", "G.a", "g.a b", "g.a\n"});
}

TEST_CASE("A15-11 A15-17: a route is a prefix in a scheme that is routed") {
    check_round_trip(config::route_prefix(), {"", "g", "test", "private", "example.a", "g.a.b"});
    check_refused(config::route_prefix(),
                  {"peer", "peer.a", "self", "self.a", "local", "local.a", "g.", ".g", "gg", "g a"});
}

TEST_CASE("A URL has a host, and perhaps a port, a path and a query") {
    const auto parse = config::http_url().parse;
    const auto parts = [&parse](std::string_view url) {
        const auto endpoint = parse(url).value();
        CHECK(endpoint.url() == url);
        return std::tuple{endpoint.host(), endpoint.port(), endpoint.target(), endpoint.host_field()};
    };
    CHECK(parts("http://127.0.0.1:4002/") == std::tuple{"127.0.0.1", 4002, "/", "127.0.0.1:4002"});
    CHECK(parts("HTTP://Peer_1.example.com") == std::tuple{"Peer_1.example.com", 80, "/", "Peer_1.example.com"});
    CHECK(parts("http://[::1]:80/accounts/x/ilp?a=%20b") == std::tuple{"::1", 80, "/accounts/x/ilp?a=%20b", "[::1]"});
    CHECK(parts("http://[fe80::1]:4002") == std::tuple{"fe80::1", 4002, "/", "[fe80::1]:4002"});
    CHECK(parts("http://h?q") == std::tuple{"h", 80, "/?q", "h"});
    check_refused(config::http_url(), {"",
                                       "h",
                                       "http:",
                                       "http://",
                                       "http:///",
                                       "http://:80/",
                                       "http://h:/",
                                       "http://h:0/",
                                       "http://h:65536/",
                                       "http://h:x/",
                                       "ftp://h/",
                                       "http://h /",
                                       "http://h/a b",
                                       "http://h/\n",
                                       "http://h/%2",
                                       "http://h/%zz",
                                       "http://h/\xc3\xa9",
                                       "http://256.1.1.1/",
                                       "http://1.2.3/",
                                       "http://a..b/",
                                       "http://-a/",
                                       "http://a-/",
                                       "http://[::1/",
                                       "http://[1.2.3.4]/",
                                       "http://::1/",
                                       "http://[::1]x/",
                                       "http://h/<",
                                       "http://1.2.3.4\0/"s,
                                       "http://[::1\0]/"s,
                                       "http://h%41/",
                                       "http://" + std::string(64, 'a') + "/",
                                       "http://h/" + std::string(2048, 'a')});
}

TEST_CASE("URLs may be https, with a default port of its own") {
    const auto parse = config::http_url().parse;
    const auto endpoint = parse("https://ilp.othergreatwallet.com").value();
    CHECK(endpoint.url() == "https://ilp.othergreatwallet.com");
    CHECK(endpoint.is_https());
    CHECK(std::tuple{endpoint.host(), endpoint.port(), endpoint.target(), endpoint.host_field()} ==
          std::tuple{"ilp.othergreatwallet.com", 443, "/", "ilp.othergreatwallet.com"});
    CHECK(parse("HTTPS://h:80/x").value().host_field() == "h:80");
    CHECK(parse("HTTPS://h:80/x").value().is_https());
    CHECK(parse("http://h:443/").value().host_field() == "h:443");
    CHECK_FALSE(parse("http://h/").value().is_https());
    CHECK_FALSE(parse("http://s/").value().is_at_same_place_as(parse("https://s/").value()));
    CHECK(parse("https://h/").value().leads_where(parse("HTTPS://H:443").value()));
    check_refused(config::http_url(),
                  {"", "h", "ilp.othergreatwallet.com", "https", "https:/h", "https://", "https:///", "https://h:0/",
                   "https://a..b/", "https://u:p@h/", "https://h/#x", "httpss://h/", "ftp://h/"});
}

TEST_CASE("Each URL with a fault is refused with a reason of its own") {
    const auto why = [](std::string_view url) { return config::packet_url().parse(url).error(); };
    CHECK(why("ilp.othergreatwallet.com").empty());  // the expected form is shown
    CHECK(why("https:///x") == "the URL has no host");
    for (const char* const url : {"https://a..b/", "http://1.2.3/", "http://[::1/", "http://::1/", "http://[::1]x/"}) {
        INFO(url);
        CHECK(why(url).starts_with("its host is neither a valid name nor an IP address"));
    }
    for (const char* const url : {"http://h:/", "http://h:0/", "https://h:65536/", "http://h:x/"}) {
        INFO(url);
        CHECK(why(url) == "its port is not a number from 1 to 65535");
    }
    CHECK(why("http://h/a b").starts_with("its path or query has a character"));
    CHECK(why("http://h/" + std::string(2048, 'a')).starts_with("the URL is longer than"));
}

TEST_CASE("A refused URL is reported with the reason, without its password") {
    const auto parse = config::http_url().parse;
    CHECK(parse("https://user:pw@h/").error() == "a user name or password in the URL is not supported");
    CHECK(parse("http://user:pw@h/").error() == "a user name or password in the URL is not supported");
    CHECK(parse("http://h/#x").error() == "a fragment (#) is not allowed in this URL");
    CHECK(config::store_url().parse("mysql://u:pw@h/db").error() ==
          "expected sqlite:PATH, postgresql://... or memory:");
}

TEST_CASE("A public URL is https://, and has a host and no path") {
    check_round_trip(config::https_origin(), {"https://alice.example", "https://alice.example/",
                                              "HTTPS://alice.example:3004", "https://[2001:db8::1]:3004/"});
    check_refused(config::https_origin(),
                  {"", "alice.example", "http://alice.example", "http://127.0.0.1:3004/", "https://alice.example/pay",
                   "https://alice.example/?x", "https://alice.example?x", "https://alice.example//", "https://"});
    CHECK(config::https_origin().parse("https://alice.example/#x").error().contains("fragment"));
}

TEST_CASE("Stores are SQLite files, PostgreSQL databases or memory") {
    check_round_trip(config::store_url(), {"sqlite:ilpd.db", "sqlite:/var/lib/ilpd/ilpd.db", "memory:",
                                           "postgresql:///ilpd?host=/run/postgresql", "postgres://h:5433,i/ilpd"});
    check_refused(config::store_url(),
                  {"", "sqlite:", "ilpd.db", "memory", "memory:x", "mysql://h", "sqlite::memory:", "postgresql:ilpd",
                   "postgresql://h/\n", "sqlite:a\0b"s, "sqlite:a\nb", "sqlite:" + std::string(5000, 'a')});
}

TEST_CASE("A PostgreSQL URL is shown without its password, wherever it is") {
    const auto show = config::store_url().print;
    CHECK(show("postgresql://ilpd@db/ilpd?sslmode=require") == "postgresql://(hidden)@db/ilpd?sslmode=require");
    CHECK(show("postgresql://db/ilpd?sslmode=require") == "postgresql://db/ilpd?sslmode=require");
    for (const char* url : {"postgresql://u:s3cret@h/d", "postgresql://u:s3/@?cret@h/d",
                            "postgresql://h/d?password=s3cret", "postgres://h/d?sslpassword=s3cret&x=y",
                            "postgres://h/d?pass%77ord=s3cret", "postgresql://u:s3@x?y=/s3cret@h/d?password=s3"}) {
        INFO(url);
        CHECK_FALSE(show(url).contains("s3"));
    }
}

TEST_CASE("Asset codes and names for people are short printable text") {
    check_round_trip(config::asset_code(), {"USD", "x", "\xe2\x82\xac", "A B", std::string(20, 'x')});
    check_refused(config::asset_code(), {"", " USD", "USD ", std::string(21, 'x'), "a\nb", "a\x7f", "\xc2\x85", "\xff",
                                         "a\u202eb", "a\u200b"});
    check_round_trip(config::display_name(), {"Bob & Co.", "x", "\xe2\x82\xac", std::string(64, 'x')});
    check_refused(config::display_name(), {"", " Bob", "Bob ", std::string(65, 'x'), "a\nb", "a\x1b[31mb",
                                           "\xe2\x80\xae"
                                           "b",
                                           "\xff", "a\u3164", "\u00a0a", "a\u2800", "a\u115fb", "a\ufe0f", "a\u00ad",
                                           "a\u2003b", "\ue000", "a\U000e0041"});
}

TEST_CASE("Names of peers fit labels and URLs") {
    check_round_trip(config::peer_name(), {"bob", "Bob_2.eur-x", "1", std::string(64, 'x')});
    check_refused(config::peer_name(), {"", ".", "..", "a b", "a/b", "\xc3\xa9", std::string(65, 'x'), "a\n"});
}

TEST_CASE("Names of receiving accounts are segments of URLs that people can type") {
    check_round_trip(config::account_name(), {"a", "0", "alice", "shop.1", "a-b_c", std::string(64, 'a')});
    check_refused(config::account_name(),
                  {"", "Alice", ".", ".well-known", "_a", "-a", "a/b", "a b", "a%", "\xc3\xa9", std::string(65, 'a')});
}

TEST_CASE("The hash of a key is written with colons or without, in either case") {
    const auto type = config::key_hash();
    const std::string digits(64, 'a');
    std::string pairs = "AA";
    for (int i = 1; i < 32; ++i) pairs += ":AA";
    check_round_trip(type, {digits, "0123456789abcdef" + std::string(48, '0')});
    REQUIRE(type.parse(pairs));
    CHECK(type.parse(pairs) == type.parse(digits));
    CHECK(type.parse(std::string(64, 'A')) == type.parse(digits));
    check_refused(type, {"", ":", std::string(63, 'a'), std::string(65, 'a'), std::string(63, 'a') + 'g', pairs + ":",
                         ":" + pairs, pairs + ":AA", pairs.substr(3), pairs.substr(0, 90) + "aaaaa", "sha256:" + digits,
                         digits + "\n", std::string(95, ':'), std::string(95, 'a')});
}

TEST_CASE("The path of a file is any text on one line") {
    check_round_trip(config::path_of_file(), {"/etc/ilpd/key.pem", "a b", "../é", std::string(4096, 'x')});
    check_refused(config::path_of_file(), {"", "a\nb", "\x7f", "a\0b"s, std::string(4097, 'x')});
    check_round_trip(config::path_of_certificates(), {"ca.pem"});
    check_refused(config::path_of_certificates(), {"", "a\nb"});
}

TEST_CASE("Protocols have names") {
    check_round_trip(config::protocol(), {"auto", "http1", "http2"});
    check_refused(config::protocol(), {"", "h2", "AUTO"});
    check_round_trip(config::mode(), {"synchronous", "asynchronous"});
    check_refused(config::mode(), {"", "async"});
}

TEST_CASE("Secrets that sign are visible ASCII and are never printed") {
    const auto type = config::signing_secret();
    CHECK(type.parse("a~!")->reveal() == "a~!");
    CHECK(type.print(*type.parse("abc")) == "(hidden)");
    CHECK(type.expected == "a secret of 1 to 1024 visible ASCII characters");
    check_refused(type, {"", "a b", "a\n", "\xc3\xa9", std::string(1025, 'x')});
}

TEST_CASE("A secret that looks like a variable that was not replaced is refused") {
    for (const auto* const text : {"$NAME", "$name_2", "$(NAME)", "%NAME%", "{{NAME}}", "<TOKEN>"}) {
        CAPTURE(text);
        const auto token = config::bearer_token().parse(text);
        REQUIRE_FALSE(token);
        CHECK(token.error().starts_with("looks like a variable that was not replaced: write ${NAME}"));
        CHECK_FALSE(token.error().contains("name_2"));
        CHECK_FALSE(config::signing_secret().parse(text));
    }
    for (const auto* const text : {"$", "$1abc", "$a-b", "a$NAME", "${NAME}", "100%", "%%", "<>", "$NAME$"}) {
        CAPTURE(text);
        CHECK(config::bearer_token().parse(text));
    }
}

TEST_CASE("Tokens are visible ASCII and are never printed") {
    const auto type = config::bearer_token();
    CHECK(type.parse("a~!")->reveal() == "a~!");
    CHECK(type.print(*type.parse("abc")) == "(hidden)");
    CHECK(type.parse(std::string(1024, 'x')));
    check_refused(type, {"", "a b", "a\n", "\xc3\xa9", std::string(1025, 'x')});
}

}  // namespace value_test

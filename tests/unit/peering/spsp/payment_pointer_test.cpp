#include "peering/spsp/payment_pointer.hpp"

#include "config/value.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace payment_pointer_test {

using peering::parse_payment_pointer;
using peering::redirect_scope;

namespace {

std::string url_of(std::string_view pointer) {
    const auto parsed = parse_payment_pointer(pointer);
    return parsed ? parsed->url() : "refused: " + parsed.error();
}

bool is_refused(std::string_view pointer, std::string_view why) {
    const auto parsed = parse_payment_pointer(pointer);
    CAPTURE(pointer, (parsed ? parsed->url() : parsed.error()));
    return !parsed && parsed.error().contains(why);
}

std::string redirect(const std::string& from, std::string_view location,
                     redirect_scope scope = redirect_scope::same_host) {
    const auto next = peering::redirected(config::http_url().parse(from).value(), location, scope);
    return next ? next->url() : "refused: " + next.error();
}

}  // namespace

TEST_CASE("A26-01: a payment pointer leads to an https URL") {
    CHECK(url_of("$example.com") == "https://example.com/.well-known/pay");
    CHECK(url_of("$example.com/invoices/12345") == "https://example.com/invoices/12345");
    CHECK(url_of("$bob.example.com") == "https://bob.example.com/.well-known/pay");
    CHECK(url_of("$example.com/bob") == "https://example.com/bob");
    CHECK(url_of("$example.com/") == "https://example.com/.well-known/pay");
    CHECK(url_of("$example.com/bob/") == "https://example.com/bob/");
    CHECK(url_of("$example.com//") == "https://example.com//");
    CHECK(url_of("$192.0.2.1/bob") == "https://192.0.2.1/bob");
    CHECK(url_of("$[2001:db8::1]/bob") == "https://[2001:db8::1]/bob");
    CHECK(url_of("$example.com/@bob:1/%C3%A4") == "https://example.com/@bob:1/%C3%A4");
    CHECK(parse_payment_pointer("$example.com/bob")->port() == 443);
}

TEST_CASE("A26-02: a payment pointer has neither user, port, query nor fragment") {
    CHECK(is_refused("$a@h.example", "no user name"));
    CHECK(is_refused("$a:b@h.example/x", "no user name"));
    CHECK(is_refused("$h.example:1", "no port"));
    CHECK(is_refused("$h.example:443/bob", "no port"));
    CHECK(is_refused("$[::1]:443/bob", "no port"));
    CHECK(is_refused("$::1/bob", "no port"));
    CHECK(is_refused("$h.example?x", "no query"));
    CHECK(is_refused("$h.example/bob?x=1", "no query"));
    CHECK(is_refused("$h.example#x", "no fragment"));
    CHECK(is_refused("$h.example/bob#", "no fragment"));
}

TEST_CASE("A26-03: a payment pointer is ASCII, and has a dollar sign and a host") {
    CHECK(is_refused("", "expected a payment pointer"));
    CHECK(is_refused("$", "no host"));
    CHECK(is_refused("$/x", "no host"));
    CHECK(is_refused("h", "begins with $"));
    CHECK(is_refused("example.com/bob", "begins with $"));
    CHECK(
        is_refused("$b\xc3\xbc"
                   "cher.example/x",
                   "ASCII"));
    CHECK(is_refused("$example.com/\xc3\xa4", "ASCII"));
    CHECK(is_refused("$example.com/a b", "ASCII"));
    CHECK(is_refused(" $example.com", "ASCII"));
    CHECK(is_refused("$example.com\n", "ASCII"));
    CHECK(is_refused(std::string_view{"$example.com\0", 13}, "ASCII"));
    CHECK(is_refused("$exa$mple.com/bob", "host"));
    CHECK(is_refused("$-example.com", "host"));
    CHECK(is_refused("$1.2.3/bob", "host"));
    CHECK(is_refused("$[::1/bob", "host"));
    CHECK(is_refused("$example.com/%4", "%XX"));
    CHECK(is_refused("$example.com/" + std::string(2100, 'x'), "longer than"));
    CHECK(url_of("$xn--bcher-kva.example/x") == "https://xn--bcher-kva.example/x");
}

TEST_CASE("a receiver may be given by its URL, which must be safe") {
    CHECK(url_of("https://example.com/spsp/alice") == "https://example.com/spsp/alice");
    CHECK(url_of("https://example.com:8443/alice") == "https://example.com:8443/alice");
    CHECK(url_of("https://example.com") == "https://example.com/.well-known/pay");
    CHECK(url_of("HTTPS://example.com/") == "HTTPS://example.com/.well-known/pay");
    CHECK(url_of("http://127.0.0.1:3004/alice") == "http://127.0.0.1:3004/alice");
    CHECK(url_of("http://[::1]:3004/alice") == "http://[::1]:3004/alice");
    for (const char* const plain : {"http://example.com/alice", "http://localhost/alice", "http://10.0.0.1/alice"}) {
        CHECK(is_refused(plain, "use https://"));
    }
    CHECK(is_refused("ftp://example.com/alice", "expected a payment pointer"));
    CHECK(is_refused("https://a:b@example.com/alice", "user name"));
    CHECK(is_refused("https://example.com/alice?x", "no query"));
    CHECK(is_refused("https://example.com/alice#x", "fragment"));
}

TEST_CASE("A26-05: a redirect to another host is followed only for those who see both hosts") {
    const std::string from = "https://example.com/alice";
    CHECK(redirect(from, "https://example.com/users/alice") == "https://example.com/users/alice");
    CHECK(redirect(from, "/users/alice?v=1#top") == "https://example.com/users/alice?v=1");
    CHECK(redirect(from, "//EXAMPLE.com/a") == "https://EXAMPLE.com/a");
    CHECK(redirect("https://[2001:db8::1]:8443/a", "/b") == "https://[2001:db8::1]:8443/b");

    const auto refused = redirect(from, "https://evil.example/alice");
    CHECK(refused.starts_with("refused: it redirects to another host: if evil.example is"));
    CHECK(refused.contains("https://evil.example/alice"));
    CHECK(redirect(from, "//evil.example/alice").starts_with("refused: it redirects"));
    CHECK(redirect(from, "https://example.com:444/alice").starts_with("refused: it redirects"));
    CHECK(redirect(from, "https://evil.example/alice", redirect_scope::any_host) == "https://evil.example/alice");
}

TEST_CASE("a redirect leads neither from https to http nor to nonsense") {
    const std::string from = "https://example.com/alice";
    for (const auto scope : {redirect_scope::same_host, redirect_scope::any_host}) {
        CHECK(redirect(from, "http://example.com/alice", scope).contains("http:// URL"));
        CHECK(redirect(from, "http://127.0.0.1/alice", scope).contains("http:// URL"));
        for (const char* const wrong : {"", "#", "alice", "?x", "ftp://example.com/", "file:///etc/passwd", "https://",
                                        "https://a b/", "/\r\nX: y", "https://u:p@example.com/"}) {
            CAPTURE(wrong);
            CHECK(redirect(from, wrong, scope) == "refused: its redirect leads to no valid https:// URL");
        }
    }
    CHECK(redirect("http://127.0.0.1:3004/a", "/b") == "http://127.0.0.1:3004/b");
}

}  // namespace payment_pointer_test

#include "connector/tls/certificate.hpp"

#include "tests/support/certificates.hpp"

#include <catch2/catch.hpp>

#include <chrono>

namespace certificate_test {

using namespace connector;
using namespace std::chrono_literals;
using Catch::Contains;

TEST_CASE("certificate: the facts of a file are those of its first certificate") {
    const support::certificate_folder folder;
    const support::authority authority;
    const auto issued = authority.issue({.names = {"a.example"}, .valid_until = 48h});
    const auto file = folder.write("a", issued).certificate;
    const auto facts = read_certificate_file(file);
    REQUIRE(facts);
    CHECK(facts->key_pin == issued.key_pin);
    const auto now = std::chrono::system_clock::now();
    CHECK(facts->not_after > now + 47h);
    CHECK(facts->not_after < now + 49h);
    CHECK(facts->not_before < now);
}

TEST_CASE("certificate: a chain expires with the first of its certificates that does") {
    const support::certificate_folder folder;
    const support::authority authority;
    const auto own = authority.issue({.valid_until = 1000h});
    const auto other = authority.issue({.valid_until = 5h});
    const auto file = folder.write_file("chain.crt", "some words before\n" + own.certificate + other.certificate);
    const auto facts = read_certificate_file(file);
    REQUIRE(facts);
    CHECK(facts->not_after < std::chrono::system_clock::now() + 6h);
    CHECK(facts->key_pin == own.key_pin);
}

TEST_CASE("certificate: a renewal with the same key has the same pin") {
    const support::authority authority;
    const auto first = authority.issue({});
    CHECK(authority.issue({.key = first.key}).key_pin == first.key_pin);
    CHECK(authority.issue({}).key_pin != first.key_pin);
}

TEST_CASE("certificate: files that cannot be used are named, with what is wrong") {
    const support::certificate_folder folder;
    const support::authority authority;
    const auto complaint = [](const std::string& file) { return read_certificate_file(file).error(); };
    const std::string missing = folder.write_file("x", "") + ".not";
    CHECK(complaint(missing) == missing + ": No such file or directory: check the path");
    const std::string empty = folder.write_file("empty.crt", "");
    CHECK(complaint(empty) == empty + ": no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----");
    const std::string key = folder.write_file("only.key", authority.issue({}).key);
    CHECK_THAT(complaint(key), Contains("no certificate in PEM"));
    CHECK_THAT(complaint(folder.write_file("long.crt", std::string(1024 * 1024 + 1, 'x'))),
               Contains("longer than 1 MiB"));
    CHECK_THAT(complaint("/tmp"), Contains("this is not a file"));
    std::string damaged = authority.issue({}).certificate;
    damaged.replace(30, 8, "AAAAAAAA");
    CHECK_THAT(complaint(folder.write_file("damaged.crt", authority.certificate() + damaged)),
               Contains("certificate 2 is damaged"));
}

TEST_CASE("certificate: a text with certificates can be checked before it is used") {
    const support::authority authority;
    CHECK(complaint_about_certificates(authority.certificate()).empty());
    CHECK_THAT(complaint_about_certificates("certificate"), Contains("no certificate in PEM"));
}

TEST_CASE("certificate: dates are written in UTC, to the minute") {
    CHECK(to_date(std::chrono::sys_days{std::chrono::year{2026} / 3 / 7} + 4h + 5min + 59s) == "2026-03-07 04:05 UTC");
}

}  // namespace certificate_test

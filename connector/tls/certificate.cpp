#include "connector/tls/certificate.hpp"

#include "connector/tls/pem_file.hpp"
#include "ilp/condition.hpp"
#include "ilp/hex.hpp"

#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>

namespace connector {
namespace {

std::chrono::sys_seconds to_time(const ASN1_TIME* time) {
    std::tm fields{};
    if (ASN1_TIME_to_tm(time, &fields) != 1) return {};
    return std::chrono::sys_seconds{std::chrono::seconds{::timegm(&fields)}};
}

}  // namespace

certificate_facts facts_of(std::span<const owned_certificate> chain) {
    certificate_facts facts{.not_before = to_time(X509_get0_notBefore(chain.front().get())),
                            .not_after = to_time(X509_get0_notAfter(chain.front().get())),
                            .key_pin = pin_of_key(*chain.front())};
    for (const auto& each : chain.subspan(1)) {
        facts.not_after = std::min(facts.not_after, to_time(X509_get0_notAfter(each.get())));
    }
    return facts;
}

std::expected<certificate_facts, std::string> read_certificate_file(const std::string& file) {
    const auto text = read_pem_file(file);
    if (!text) return std::unexpected{text.error()};
    const auto chain = parse_certificates(*text);
    if (!chain) return std::unexpected{file + ": " + chain.error()};
    return facts_of(*chain);
}

std::string complaint_about_certificates(const std::string& pem) {
    const auto parsed = parse_certificates(pem);
    return parsed ? std::string{} : parsed.error();
}

std::string pin_of_key(const X509& certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &der);
    if (size <= 0) return {};
    const ilp::digest hash = ilp::sha256({der, static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return ilp::to_hex(hash);
}

std::string to_date(std::chrono::sys_seconds time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    const auto two = [](auto number) { return (number < 10 ? "0" : "") + std::to_string(number); };
    return std::to_string(int{date.year()}) + '-' + two(unsigned{date.month()}) + '-' + two(unsigned{date.day()}) +
           ' ' + two(clock.hours().count()) + ':' + two(clock.minutes().count()) + " UTC";
}

std::chrono::sys_seconds expiry_of(const X509& certificate) {
    return to_time(X509_get0_notAfter(&certificate));
}

std::chrono::sys_seconds start_of(const X509& certificate) {
    return to_time(X509_get0_notBefore(&certificate));
}

}  // namespace connector

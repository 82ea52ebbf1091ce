#include "config/certificates.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <string>

namespace certificates_test {

using config::certificates_in;

namespace {

std::string certificate() {
    std::ifstream file{ILPD_SOURCE_DIR "/tests/unit/config/certificate.pem"};
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("Certificates are read from a text, and the comments around them are dropped") {
    const std::string one = certificate();
    REQUIRE_FALSE(one.empty());
    CHECK(certificates_in(one) == one);
    CHECK(certificates_in("subject=CN = test\n" + one + "\n# the second\n" + one + "end\n") == one + one);
    std::string with_carriage_returns;
    for (const char c : one) with_carriage_returns += c == '\n' ? std::string{"\r\n"} : std::string{c};
    CHECK(certificates_in(with_carriage_returns) == one);
}

TEST_CASE("A text without certificates, or with more than these, is refused") {
    const std::string one = certificate();
    const std::string none = "contains no certificate in PEM form (-----BEGIN CERTIFICATE-----)";
    const std::string damaged = "has a certificate that is damaged: copy it again";
    for (const std::string& text : {std::string{}, std::string{"x"}, std::string{"\0", 1}, one.substr(1)})
        CHECK(certificates_in(text).error() == none);
    CHECK(certificates_in(one.substr(0, one.size() - 5)).error() == damaged);
    CHECK(certificates_in(one + one.substr(0, 100)).error() == damaged);
    CHECK(certificates_in("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").error() == damaged);
    // It would ask for the password at the terminal.
    CHECK(certificates_in("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,"
                          "00000000000000000000000000000000\n\nAAAA\n-----END CERTIFICATE-----\n")
              .error() == damaged);
    CHECK(certificates_in(one + "-----BEGIN EC PRIVATE KEY-----\n").error() ==
          "contains a private key: only the certificates that are trusted belong here");
    CHECK(certificates_in(std::string(64 * 1024 + 1, ' ') + one).error() ==
          "is larger than 64 KiB: keep only the certificates that are needed");
}

TEST_CASE("A file with certificates is a regular file of limited size") {
    CHECK(config::certificates_in_file(ILPD_SOURCE_DIR "/tests/unit/config/certificate.pem") == certificate());
    CHECK(config::certificates_in_file("/nowhere").error() == "cannot be read: No such file or directory");
    CHECK(config::certificates_in_file("/").error() == "is not a regular file");
    CHECK(config::certificates_in_file("/dev/zero").error() == "is not a regular file");
    CHECK(config::certificates_in_file(ILPD_SOURCE_DIR "/docs/architecture.md").has_value() == false);
}

}  // namespace certificates_test

#include "connector/tls/tls_context.hpp"

#include "tests/unit/connector/tls/tls_pair.hpp"

#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

namespace tls_context_test {

using namespace connector;
using namespace connector::testing;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

/// The same key behind a passphrase.
std::string encrypted(const std::string& pem) {
    const owned_bio from{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    const owned_key key{PEM_read_bio_PrivateKey(from.get(), nullptr, nullptr, nullptr)};
    const owned_bio to{BIO_new(BIO_s_mem())};
    unsigned char phrase[] = "secret";
    REQUIRE(PEM_write_bio_PrivateKey(to.get(), key.get(), EVP_aes_128_cbc(), phrase, 6, nullptr, nullptr) == 1);
    char* text = nullptr;
    const long size = BIO_ctrl(to.get(), BIO_CTRL_INFO, 0, &text);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace

TEST_CASE("tls context: good files give a context without warnings, which knows when its certificate expires") {
    const support::certificate_folder folder;
    const auto made = tls_context::server({.files = write_files(folder, test_identity())});
    REQUIRE(made);
    CHECK((*made)->warnings().empty());
    REQUIRE((*made)->not_after());
    CHECK(*(*made)->not_after() > std::chrono::system_clock::now() + 20h);
    CHECK_FALSE(client_context()->not_after());
}

TEST_CASE("tls context: files that cannot be used give a sentence with the name of the file") {
    const support::certificate_folder folder;
    key_pair_files files = write_files(folder, test_identity());
    const auto complaint = [&] { return tls_context::server({.files = files}).error(); };
    SECTION("no certificate") {
        files.certificate += ".old";
        CHECK(complaint() == files.certificate + ": No such file or directory: check the path");
    }
    SECTION("no key") {
        files.key += ".old";
        CHECK(complaint() == files.key + ": No such file or directory: check the path");
    }
    SECTION("swapped") {
        std::swap(files.key, files.certificate);
        CHECK_THAT(complaint(), Contains(files.certificate + ": no certificate in PEM"));
    }
    SECTION("the certificate twice") {
        files.key = files.certificate;
        CHECK_THAT(complaint(), Contains(files.key + ": no private key in PEM"));
    }
    SECTION("a damaged key") {
        std::string damaged = test_identity().key;
        damaged.replace(40, 8, "AAAAAAAA");
        folder.write_file("node.key", damaged);
        CHECK_THAT(complaint(), Contains(files.key + ": the key is damaged"));
    }
    SECTION("another key") {
        folder.write_file("node.key", test_authority().issue({}).key);
        CHECK_THAT(complaint(),
                   Contains(files.key + ": this is not the key of the first certificate in " + files.certificate));
    }
    SECTION("a chain that begins with the authority") {
        folder.write_file("node.crt", test_authority().certificate() + test_identity().certificate);
        CHECK_THAT(complaint(), Contains("the holder's own certificate must be the first one"));
    }
    SECTION("a passphrase") {
        folder.write_file("node.key", encrypted(test_identity().key));
        CHECK_THAT(complaint(), Contains(files.key + ": the key has a passphrase"));
    }
}

TEST_CASE("tls context: an expired certificate, or a key that others can read, is a warning") {
    const support::certificate_folder folder;
    const auto old = test_authority().issue({.valid_from = -50h, .valid_until = -1h});
    const key_pair_files files = write_files(folder, old);
    REQUIRE(::chmod(files.key.c_str(), 0644) == 0);
    const auto made = must(tls_context::server({.files = files}));
    REQUIRE(made->warnings().size() == 2);
    CHECK_THAT(made->warnings()[0], Contains(files.certificate + ": expired on 20"));
    CHECK_THAT(made->warnings()[1], Contains(files.key + ": every user of this machine can access the key"));
}

TEST_CASE("tls context: a client needs trusted certificates that can be read") {
    CHECK(tls_context::client({}));  // those of the system
    CHECK_THAT(tls_context::client({.roots = "no"}).error(),
               Contains("the trusted certificates: no certificate in PEM"));
    const support::certificate_folder folder;
    key_pair_files files = write_files(folder, test_identity());
    CHECK(tls_context::client({.files = files}));
    files.key += ".old";
    CHECK_THAT(tls_context::client({.files = files}).error(), Contains(files.key));
}

}  // namespace tls_context_test

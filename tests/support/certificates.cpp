#include "tests/support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace support {
struct release {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
};
using owned_x509 = std::unique_ptr<X509, release>;
using owned_pkey = std::unique_ptr<EVP_PKEY, release>;
using owned_memory = std::unique_ptr<BIO, release>;

namespace {

void must(bool done, const char* what) {
    if (!done) throw std::runtime_error{what};
}

owned_pkey make_key() {
    owned_pkey key{EVP_EC_gen("P-256")};
    must(key != nullptr, "no key was made");
    return key;
}

template <typename Write>
std::string to_pem(const Write& write) {
    const owned_memory memory{BIO_new(BIO_s_mem())};
    must(write(memory.get()) == 1, "no PEM was written");
    char* data = nullptr;
    const long size = BIO_ctrl(memory.get(), BIO_CTRL_INFO, 0, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    return to_pem([&](BIO* to) { return PEM_write_bio_X509(to, certificate); });
}

std::string pem_of(EVP_PKEY* key) {
    return to_pem([&](BIO* to) { return PEM_write_bio_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

owned_pkey key_from(const std::string& pem) {
    const owned_memory memory{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    owned_pkey key{PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr)};
    must(key != nullptr, "this is no key");
    return key;
}

void add_extension(X509* certificate, int kind, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, release> extension{
        X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str())};
    must(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "an extension was refused");
}

void set_name(X509_NAME* name, const std::string& text) {
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.c_str()), -1,
                                    -1, 0) == 1,
         "a name was refused");
}

owned_x509 make_certificate(EVP_PKEY* key, const std::string& name, std::chrono::hours from, std::chrono::hours until) {
    owned_x509 made{X509_new()};
    std::uint32_t serial = 0;
    must(made != nullptr && RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1,
         "no certificate");
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), std::chrono::seconds{from}.count());
    X509_gmtime_adj(X509_getm_notAfter(made.get()), std::chrono::seconds{until}.count());
    X509_set_pubkey(made.get(), key);
    set_name(X509_get_subject_name(made.get()), name);
    return made;
}

std::string pin_of(X509* certificate) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    unsigned char* der = nullptr;
    const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    must(length > 0 && EVP_Digest(der, static_cast<std::size_t>(length), hash, &size, EVP_sha256(), nullptr) == 1,
         "no digest");
    OPENSSL_free(der);
    std::string digits;
    for (unsigned i = 0; i < size; ++i) {
        digits += "0123456789abcdef"[hash[i] >> 4U];
        digits += "0123456789abcdef"[hash[i] & 15U];
    }
    return digits;
}

}  // namespace

struct authority::parts {
    owned_pkey key;
    owned_x509 certificate;
};

authority::authority(const std::string& name) : parts_{std::make_unique<parts>()} {
    parts_->key = make_key();
    parts_->certificate = make_certificate(parts_->key.get(), name, std::chrono::hours{-24}, std::chrono::hours{240});
    X509* const own = parts_->certificate.get();
    X509_set_issuer_name(own, X509_get_subject_name(own));
    add_extension(own, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(own, NID_key_usage, "critical,keyCertSign,cRLSign");
    must(X509_sign(own, parts_->key.get(), EVP_sha256()) > 0, "not signed");
    certificate_ = pem_of(own);
}

authority::~authority() = default;

identity authority::issue(const certificate_wishes& wishes) const {
    const owned_pkey key = wishes.key.empty() ? make_key() : key_from(wishes.key);
    const std::string name = wishes.names.empty() ? "nameless" : wishes.names.front();
    const owned_x509 made = make_certificate(key.get(), name, wishes.valid_from, wishes.valid_until);
    add_extension(made.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(made.get(), NID_ext_key_usage, "serverAuth,clientAuth");
    std::string list;
    for (const std::string& each : wishes.names) {
        const bool is_address = each.find_first_not_of("0123456789.") == std::string::npos || each.contains(':');
        list += (list.empty() ? "" : ",") + std::string{is_address ? "IP:" : "DNS:"} + each;
    }
    if (!list.empty()) add_extension(made.get(), NID_subject_alt_name, list);
    X509* const issuer = wishes.is_self_signed ? made.get() : parts_->certificate.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
    must(X509_sign(made.get(), wishes.is_self_signed ? key.get() : parts_->key.get(), EVP_sha256()) > 0, "not signed");
    return {.certificate = pem_of(made.get()), .key = pem_of(key.get()), .key_pin = pin_of(made.get())};
}

identity_files certificate_folder::write(const std::string& name, const identity& identity) const {
    return {.certificate = write_file(name + ".crt", identity.certificate),
            .key = write_file(name + ".key", identity.key)};
}

std::string certificate_folder::write_file(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = directory_.path() / name;
    {
        std::ofstream out{file, std::ios::trunc};
        out << text;
        must(out.good(), "a file was not written");
    }
    must(::chmod(file.c_str(), name.ends_with(".key") ? 0600 : 0644) == 0, "the rights of a file were not set");
    return file.string();
}

}  // namespace support

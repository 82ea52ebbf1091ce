#include "connector/tls/pem_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

namespace connector {
namespace {

constexpr std::size_t file_size_max = 1024 * 1024;
constexpr std::size_t chain_length_max = 1000;  // the roots of a system are some 150

std::string about(const std::string& file, int error) {
    std::string text = file + ": " + std::generic_category().message(error);
    if (error == EACCES) text += ": give the daemon's user or group the right to read it";
    if (error == ENOENT) text += ": check the path";
    return text;
}

owned_bio view_of(const std::string& text) {
    return owned_bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// The daemon has nobody to ask for a passphrase.
int refuse_passphrase(char*, int, int, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return -1;
}

bool is_end_of_pem() {
    return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

}  // namespace

std::string take_openssl_error() {
    const unsigned long error = ERR_get_error();
    ERR_clear_error();
    const char* const reason = ERR_reason_error_string(error);
    return reason != nullptr ? reason : "unknown error";
}

std::expected<std::string, std::string> read_pem_file(const std::string& file) {
    const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0) return std::unexpected{about(file, errno)};
    struct stat status{};
    std::string text;
    std::string problem;
    if (::fstat(opened, &status) != 0) {
        problem = about(file, errno);
    } else if (!S_ISREG(status.st_mode)) {
        problem = file + ": this is not a file";
    } else if (static_cast<std::size_t>(status.st_size) > file_size_max) {
        problem = file + ": longer than 1 MiB: give the certificates or the key alone";
    } else {
        text.resize(static_cast<std::size_t>(status.st_size));
        const ssize_t count = ::read(opened, text.data(), text.size());
        if (count < 0) problem = about(file, errno);
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    }
    ::close(opened);
    if (!problem.empty()) return std::unexpected{problem};
    return text;
}

std::expected<std::vector<owned_certificate>, std::string> parse_certificates(const std::string& pem) {
    ERR_clear_error();
    const owned_bio bio = view_of(pem);
    std::vector<owned_certificate> chain;
    bool was_asked = false;
    while (chain.size() < chain_length_max) {
        owned_certificate next{PEM_read_bio_X509(bio.get(), nullptr, &refuse_passphrase, &was_asked)};
        if (!next) break;
        chain.push_back(std::move(next));
    }
    if (!is_end_of_pem()) {
        if (chain.size() == chain_length_max) return std::unexpected{"more than 1000 certificates"};
        return std::unexpected{"certificate " + std::to_string(chain.size() + 1) +
                               " is damaged: " + take_openssl_error()};
    }
    ERR_clear_error();
    if (chain.empty()) {
        return std::unexpected{"no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"};
    }
    return chain;
}

std::expected<owned_key, std::string> parse_key(const std::string& pem) {
    ERR_clear_error();
    const owned_bio bio = view_of(pem);
    bool was_asked = false;
    owned_key key{PEM_read_bio_PrivateKey(bio.get(), nullptr, &refuse_passphrase, &was_asked)};
    if (key) return key;
    if (was_asked) {
        ERR_clear_error();
        return std::unexpected{
            "the key has a passphrase, which the daemon cannot ask for: remove it with `openssl pkey -in OLD -out "
            "NEW`"};
    }
    if (!pem.contains("PRIVATE KEY-----")) {
        ERR_clear_error();
        return std::unexpected{
            "no private key in PEM, which begins with -----BEGIN PRIVATE KEY----- or a similar line"};
    }
    return std::unexpected{"the key is damaged: " + take_openssl_error()};
}

}  // namespace connector

#include "config/certificates.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>

namespace config {
namespace {

struct release_bio {
    void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
};
struct release_certificate {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using owned_bio = std::unique_ptr<BIO, release_bio>;
using owned_certificate = std::unique_ptr<X509, release_certificate>;

const std::string is_too_large = "is larger than " + std::to_string(certificates_size_max / 1024) +
                                 " KiB: keep only the certificates that are needed";

class file_descriptor {
public:
    explicit file_descriptor(const std::string& path)
        : number_{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)} {}
    ~file_descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    file_descriptor(const file_descriptor&) = delete;
    file_descriptor& operator=(const file_descriptor&) = delete;
    int number() const noexcept { return number_; }

private:
    int number_;
};

std::unexpected<std::string> cannot_be_read() {
    return std::unexpected{"cannot be read: " + std::generic_category().message(errno)};
}

/// A file of the largest size or more may come back cut off; whoever uses it refuses it for its size.
std::expected<std::string, std::string> read_regular_file(const std::string& path) {
    const file_descriptor file{path};
    if (file.number() < 0) return cannot_be_read();
    struct stat status{};
    if (::fstat(file.number(), &status) != 0) return cannot_be_read();
    if (!S_ISREG(status.st_mode)) return std::unexpected{"is not a regular file"};
    std::string text(certificates_size_max + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const auto got = ::read(file.number(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannot_be_read();
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    text.resize(size);
    return text;
}

/// Null at the end of the text. The error means that there is a block that is not a valid certificate.
std::expected<owned_certificate, std::string> next_certificate(BIO* in) {
    ERR_clear_error();
    const auto no_password = [](char*, int, int, void*) { return -1; };  // otherwise it would ask at the terminal
    owned_certificate next{PEM_read_bio_X509(in, nullptr, no_password, nullptr)};
    const auto error = ERR_peek_last_error();
    ERR_clear_error();
    if (next || (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE)) return next;
    return std::unexpected{"has a certificate that is damaged: copy it again"};
}

}  // namespace

std::expected<std::string, std::string> certificates_in(std::string_view text) {
    if (text.size() > certificates_size_max) return std::unexpected{is_too_large};
    if (text.contains("PRIVATE KEY-----"))
        return std::unexpected{"contains a private key: only the certificates that are trusted belong here"};
    const owned_bio in{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
    const owned_bio out{BIO_new(BIO_s_mem())};
    while (true) {
        const auto next = next_certificate(in.get());
        if (!next) return std::unexpected{next.error()};
        if (*next == nullptr) break;
        PEM_write_bio_X509(out.get(), next->get());
    }
    char* written = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &written);
    if (size <= 0) return std::unexpected{"contains no certificate in PEM form (-----BEGIN CERTIFICATE-----)"};
    return std::string{written, static_cast<std::size_t>(size)};
}

std::expected<std::string, std::string> certificates_in_file(const std::string& path) {
    const auto text = read_regular_file(path);
    if (!text) return std::unexpected{text.error()};
    return certificates_in(*text);
}

}  // namespace config

#include "connector/tls/tls_filter.hpp"

#include "connector/tls/certificate.hpp"
#include "connector/tls/tls_verification.hpp"
#include "ilp/invariant.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace connector {
namespace {

constexpr std::size_t record_size_max = 16 * 1024;  // of the content (RFC 8446 section 5.1)
constexpr std::size_t record_overhead_max = 5 + 256;
/// What one write encrypts and sends at most. More would only wait in memory if the other side does not read.
constexpr std::size_t batch_size_max = 2 * record_size_max;
/// What one recv() takes at most: a record, or as much as the caller has space for.
constexpr std::size_t received_size_min = record_size_max + record_overhead_max;
constexpr std::size_t received_size_max = 4 * record_size_max;
/// The other side can cause output that is not content, such as the answers to key updates, and not read it.
constexpr std::size_t unsent_answers_max = 16 * 1024;
/// A read that has received so often and got no content is being kept busy.
constexpr int receives_max = 32;
/// So many connections of a thread keep OpenSSL's buffers, which are 33 KiB, from one record to the next. To allocate
/// them for each record would cost a tenth of the throughput, and to let every idle connection have them would triple
/// its memory. A busy connection is one that is used again before the others have been used so often together.
constexpr std::size_t connections_with_buffers_max = 512;
constexpr std::uint64_t uses_by_others_max = 2048;

/// What OpenSSL needs at most for a client's handshake that is not finished: its buffers for records (33 KiB), a
/// ClientHello of which the first bytes announce the largest size there may be (129 KiB), and its state.
constexpr std::size_t handshake_memory_max = 192 * 1024;
/// The same where we are the client: no ClientHello comes, and what the server sends is bounded.
constexpr std::size_t own_handshake_memory_max = 128 * 1024;
/// Certificates that a usual chain has. Their memory is part of what a connection takes anyway.
constexpr std::size_t usual_certificates = 4;
/// What OpenSSL needs for a certificate of the other side, which it keeps as long as the connection.
constexpr std::size_t certificate_memory = 4 * 1024;

/// The answer to a client that speaks HTTP without TLS.
constexpr std::string_view answer_without_tls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 52\r\n\r\n"
    "This port speaks TLS only: use https:// to reach it.";

}  // namespace

struct tls_filter::of_thread {
    std::array<char, received_size_max> received;
    std::vector<char> output;  ///< of the call in progress
    /// Those with OpenSSL's buffers; the one that was used last is the first.
    boost::intrusive::list<tls_filter, boost::intrusive::base_hook<recent_tls_hook>,
                           boost::intrusive::constant_time_size<false>>
        recent;
    std::size_t recent_count = 0;
    std::uint64_t uses = 0;  ///< how often a connection has become the first
};

tls_filter::of_thread& tls_filter::buffers() {
    thread_local const auto all = std::make_unique<of_thread>();
    return *all;
}

struct tls_filter::bio {
    static BIO_METHOD* method() {
        static BIO_METHOD* const made = [] {
            BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ilpd buffers");
            ilp::require(method != nullptr, "OpenSSL makes a kind of BIO");
            BIO_meth_set_read(method, &read);
            BIO_meth_set_write(method, &write);
            BIO_meth_set_ctrl(method, &control);
            return method;
        }();
        return made;
    }

    static int read(BIO* bio, char* into, int size) {
        BIO_clear_retry_flags(bio);
        const int count = filter_of(bio).take_received(into, size);
        if (count < 0) BIO_set_retry_read(bio);
        return count;
    }

    static int write(BIO* bio, const char* octets, int size) {
        BIO_clear_retry_flags(bio);
        const int count = filter_of(bio).add_output(octets, size);
        if (count < 0) BIO_set_retry_write(bio);
        return count;
    }

    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

    static tls_filter& filter_of(BIO* bio) { return *static_cast<tls_filter*>(BIO_get_data(bio)); }
};

/// Between its constructor and its destructor OpenSSL may use the socket. Without a receive size, it may not read.
class tls_filter::call {
public:
    call(tls_filter& filter, int socket, std::size_t receive_size) : filter_{filter} {
        // SSL_get_error() looks at the thread's queue, which others use as well. To empty it takes longer than to look.
        if (ERR_peek_error() != 0) ERR_clear_error();
        filter.socket_ = socket;
        filter.receive_size_ = receive_size;
        filter.receives_ = 0;
        filter.is_socket_empty_ = filter.was_receive_short_ = filter.has_content_ = false;
        buffers().output.clear();
    }

    /// Moves what is left in the thread's buffer to the connection.
    ~call() {
        std::vector<char>& kept = filter_.kept_;
        const std::string_view rest = filter_.received_;
        if (rest.empty()) {
            if (kept.capacity() != 0) kept = std::vector<char>{};  // `= {}` would keep the memory
        } else if (filter_.receives_ != 0) {
            kept.assign(rest.begin(), rest.end());
            filter_.received_ = {kept.data(), kept.size()};
        }
    }
    call(const call&) = delete;
    call& operator=(const call&) = delete;

private:
    tls_filter& filter_;
};

tls_filter::tls_filter(std::shared_ptr<const tls_context> context)
    : context_{std::move(context)}, ssl_{SSL_new(context_->native())} {
    BIO* const flat = BIO_new(bio::method());
    ilp::require(ssl_ != nullptr && flat != nullptr, "OpenSSL has memory for a connection");
    BIO_set_data(flat, this);
    BIO_set_init(flat, 1);
    SSL_set_bio(ssl_.get(), flat, flat);
}

tls_filter::~tls_filter() {
    if (is_linked()) --buffers().recent_count;
}

std::unique_ptr<tls_filter> tls_filter::for_server(std::shared_ptr<const tls_context> context) {
    std::unique_ptr<tls_filter> made{new tls_filter{std::move(context)}};
    SSL_set_accept_state(made->ssl_.get());
    return made;
}

std::unique_ptr<tls_filter> tls_filter::for_client(std::shared_ptr<const tls_context> context, const std::string& host,
                                                   std::shared_ptr<tls_session> session, std::string_view protocols) {
    std::unique_ptr<tls_filter> made{new tls_filter{std::move(context)}};
    SSL* const ssl = made->ssl_.get();
    verify_host(*ssl, host);
    if (!protocols.empty()) {
        ilp::require(SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                                         static_cast<unsigned>(protocols.size())) == 0,
                     "the names of protocols stand behind their lengths");
    }
    if (session) {
        session->use_for(*ssl);
        made->session_ = std::move(session);
    }
    SSL_set_connect_state(ssl);
    return made;
}

/// OpenSSL reads. Returns -1 if there is nothing for now, and 0 if nothing will follow.
int tls_filter::take_received(char* into, int size) {
    if (received_.empty()) {
        // One recv() is enough once there is something to report. Until then the socket must be read until it is empty:
        // no event would announce what it holds already, such as its end.
        const bool is_enough = receives_ != 0 && (has_content_ || is_socket_empty_ || receives_ == receives_max);
        if (is_enough || receive_size_ == 0) return -1;
        ++receives_;
        auto& buffer = buffers().received;
        const ssize_t count = ::recv(socket_, buffer.data(), receive_size_, MSG_DONTWAIT);
        if (count <= 0) {
            is_socket_empty_ = count < 0 && errno == EAGAIN;
            return is_socket_empty_ ? -1 : 0;
        }
        received_ = {buffer.data(), static_cast<std::size_t>(count)};
        was_receive_short_ = received_.size() < receive_size_;
    }
    const std::size_t taken = std::min(received_.size(), static_cast<std::size_t>(size));
    std::memcpy(into, received_.data(), taken);
    received_.remove_prefix(taken);
    return static_cast<int>(taken);
}

/// OpenSSL writes. Returns -1 if it has to wait: a read may cause answers without bound. A write may not, and its
/// output is bounded by its own size.
int tls_filter::add_output(const char* octets, int size) {
    std::vector<char>& output = buffers().output;
    const bool is_answer = is_handshake_done_ && receive_size_ != 0;
    if (is_answer && unsent_.size() + output.size() > unsent_answers_max) return -1;
    output.insert(output.end(), octets, octets + size);
    return size;
}

/// Sends what is left of earlier calls and the output of this one, with one system call.
tls_filter::flush_result tls_filter::flush() {
    std::vector<char>& output = buffers().output;
    if (!unsent_.empty()) {
        unsent_.insert(unsent_.end(), output.begin(), output.end());
        output.clear();
    }
    std::vector<char>& from = unsent_.empty() ? output : unsent_;
    const std::size_t wanted = from.size() - (unsent_.empty() ? 0 : sent_);
    if (wanted == 0) return flush_result::done;
    const char* const octets = from.data() + (from.size() - wanted);
    const ssize_t count = ::send(socket_, octets, wanted, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN) {
        if (failure_.empty()) failure_ = std::generic_category().message(errno);
        return flush_result::broken;
    }
    const std::size_t accepted = count < 0 ? 0 : static_cast<std::size_t>(count);
    if (unsent_.empty()) {
        unsent_.assign(octets + accepted, octets + wanted);
        sent_ = 0;
        output.clear();
    } else {
        sent_ += accepted;
        if (sent_ == unsent_.size()) {
            unsent_ = std::vector<char>{};  // `= {}` would keep the memory
            sent_ = 0;
        }
    }
    return unsent_.empty() ? flush_result::done : flush_result::blocked;
}

/// Sends what a read has caused. If the socket is full, it follows with the next call, whichever that is; nobody waits
/// for it. While a write is unfinished, that goes on when the socket is writable.
void tls_filter::flush_answers() {
    std::vector<char>& output = buffers().output;
    if (encrypted_ == 0) {
        static_cast<void>(flush());  // if the connection is broken, the next read finds that
    } else {
        unsent_.insert(unsent_.end(), output.begin(), output.end());
        output.clear();
    }
}

/// The other side has sent one message of TLS after the other, and no content.
bool tls_filter::is_kept_busy() const noexcept {
    return receives_ == receives_max && !is_socket_empty_;
}

/// Takes the error of the last call of OpenSSL as the reason why the connection is of no use any more.
void tls_filter::fail() {
    has_failed_ = true;
    const unsigned long error = ERR_get_error();
    ERR_clear_error();
    // OpenSSL's numbers of alerts (RFC 8446 section 6) that have come from the other side begin there.
    constexpr int alerts = 256;
    const int reason = ERR_GET_REASON(error);
    was_refused_ =
        ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + alerts;
    const bool is_plain_http = ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST;
    if (is_plain_http && SSL_is_server(ssl_.get()) == 1) {
        buffers().output.assign(answer_without_tls.begin(), answer_without_tls.end());
    }
    if (error == 0 && is_handshake_done_) {
        failure_ = "the connection ended without the closing message of TLS";
    } else {
        failure_ = why_handshake_failed(*ssl_, error);
    }
}

stream_result tls_filter::broken(bool part_may_have_left) {
    has_failed_ = true;
    return {.state = stream_state::broken, .drained = true, .part_may_have_left = part_may_have_left};
}

void tls_filter::established() {
    is_handshake_done_ = true;
    const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr) return;
    peer_key_ = pin_of_key(*certificate);
    const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl_.get());
    const std::size_t in_chain = chain == nullptr ? 0 : static_cast<std::size_t>(sk_X509_num(chain));
    const std::size_t shown = in_chain + (SSL_is_server(ssl_.get()) == 1 ? 1 : 0);  // a server's chain has its own
    certificates_ = shown > usual_certificates ? shown : 0;
}

/// Lets this connection keep OpenSSL's buffers, instead of those that have not used them for long.
void tls_filter::has_used_buffers() {
    of_thread& all = buffers();
    if (!all.recent.empty() && &all.recent.front() == this) return;
    if (is_linked()) {
        recent_tls_hook::unlink();
    } else {
        ++all.recent_count;
    }
    all.recent.push_front(*this);
    used_at_ = ++all.uses;
    while (all.recent_count > connections_with_buffers_max ||
           all.uses - all.recent.back().used_at_ > uses_by_others_max) {
        SSL_free_buffers(all.recent.back().ssl_.get());  // unless they hold something
        all.recent.pop_back();
        --all.recent_count;
    }
}

/// A client that has said nothing, and is still there.
bool tls_filter::is_silent(int socket) const noexcept {
    char first = 0;
    return SSL_is_server(ssl_.get()) == 1 && ::recv(socket, &first, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

std::size_t tls_filter::memory() const noexcept {
    const std::size_t for_certificates = certificates_ * certificate_memory;
    const std::size_t kept = kept_.capacity() + unsent_.capacity() + for_certificates;
    if (!has_begun_ || is_handshake_done_) return kept;
    return kept + (SSL_is_server(ssl_.get()) == 1 ? handshake_memory_max : own_handshake_memory_max);
}

stream_result tls_filter::handshake(int socket) {
    // Clients that are silent are many at times, and OpenSSL would take its memory now.
    if (!has_begun_ && is_silent(socket)) return {.state = stream_state::wants_reading};
    has_begun_ = true;
    const call running{*this, socket, received_size_min};
    if (has_failed_) return broken();
    if (!is_handshake_done_) {
        const int result = SSL_do_handshake(ssl_.get());
        const int error = SSL_get_error(ssl_.get(), result);
        if (result == 1) {
            established();
        } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            fail();
        } else if (is_kept_busy()) {
            failure_ = "the other side sends messages of TLS without end";
            has_failed_ = true;
        }
    }
    const flush_result sent = flush();  // after a failure, this is the alert that says so
    if (has_failed_ || sent == flush_result::broken) return broken();
    if (sent == flush_result::blocked) return {.state = stream_state::wants_writing};
    if (!is_handshake_done_) return {.state = stream_state::wants_reading};
    has_used_buffers();
    return {};
}

/// Fills `into` from `total` on, as far as there is something. Returns why it has stopped, which is SSL_ERROR_NONE if
/// `into` is full.
int tls_filter::decrypt(std::span<char> into, std::size_t& total) {
    while (total != into.size()) {
        std::size_t count = 0;
        const int result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &count);
        if (result != 1) {
            const int error = SSL_get_error(ssl_.get(), result);
            const bool may_go_on = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
            if (!may_go_on && error != SSL_ERROR_ZERO_RETURN) fail();
            return error;
        }
        has_content_ = true;
        total += count;
        if (received_.empty() && was_receive_short_ && SSL_has_pending(ssl_.get()) == 0) return SSL_ERROR_WANT_READ;
    }
    return SSL_ERROR_NONE;
}

stream_result tls_filter::read(int socket, std::span<char> into) {
    const call running{*this, socket,
                       std::clamp(into.size() + record_overhead_max, received_size_min, received_size_max)};
    if (has_failed_) return broken();
    if (!unsent_.empty()) flush_answers();
    std::size_t total = 0;
    int error = decrypt(into, total);
    flush_answers();
    // It has stopped because of its answers. If they are sent now, no event would have it go on.
    while (error == SSL_ERROR_WANT_WRITE && unsent_.empty() && total == 0) {
        error = decrypt(into, total);
        flush_answers();
    }
    has_used_buffers();
    // An error that comes behind content is reported by the next call.
    if (total != 0) {
        return {.drained = error == SSL_ERROR_WANT_READ && (was_receive_short_ || is_socket_empty_), .count = total};
    }
    switch (error) {
        case SSL_ERROR_WANT_READ:
            if (!is_kept_busy()) return {.state = stream_state::wants_reading, .drained = true};
            failure_ = "the other side sends messages of TLS without end";
            return broken();
        case SSL_ERROR_WANT_WRITE:
            return {.state = stream_state::wants_writing};
        case SSL_ERROR_ZERO_RETURN:
            return {.state = stream_state::ended, .drained = true};
        default:
            return broken();
    }
}

stream_result tls_filter::write(int socket, ilp::bytes_view octets) {
    const call running{*this, socket, 0};
    if (has_failed_ || has_shut_down_) return broken();
    if (unsent_.empty()) return encrypt(octets.first(std::min(octets.size(), batch_size_max)));
    switch (flush()) {
        case flush_result::blocked:
            return {.state = stream_state::wants_writing};
        case flush_result::broken:
            return broken(encrypted_ != 0 && sent_ >= end_of_first_record_);
        case flush_result::done:
            break;
    }
    if (encrypted_ == 0) return encrypt(octets.first(std::min(octets.size(), batch_size_max)));
    ilp::require(encrypted_ <= octets.size(), "a write that had to wait is repeated with the same bytes");
    return {.count = std::exchange(encrypted_, 0)};
}

/// Encrypts all of `octets`, and sends it with one system call. Precondition: nothing is unsent.
stream_result tls_filter::encrypt(ilp::bytes_view octets) {
    std::vector<char>& output = buffers().output;
    std::size_t taken = 0;
    std::size_t end_of_first = 0;
    while (taken != octets.size()) {
        const std::size_t size = std::min(octets.size() - taken, record_size_max);
        std::size_t count = 0;
        const int result = SSL_write_ex(ssl_.get(), octets.data() + taken, size, &count);
        if (result != 1) {
            const int error = SSL_get_error(ssl_.get(), result);
            if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) break;
            fail();
            output.clear();
            return broken();
        }
        taken += count;
        if (end_of_first == 0) end_of_first = output.size();
    }
    has_used_buffers();
    const std::size_t size = output.size();
    switch (flush()) {
        case flush_result::done:
            if (taken == 0) return {.state = stream_state::wants_reading};
            return {.count = taken};
        case flush_result::blocked: {
            const std::size_t accepted = size - unsent_.size();
            encrypted_ = taken;
            end_of_first_record_ = end_of_first - std::min(end_of_first, accepted);
            return {.state = stream_state::wants_writing};
        }
        case flush_result::broken:
            break;
    }
    return broken();  // the socket has taken nothing of it
}

stream_result tls_filter::end_sending(int socket) {
    const call running{*this, socket, 0};
    if (is_handshake_done_ && !has_failed_) {
        if (flush() == flush_result::blocked) return {.state = stream_state::wants_writing};
        if (!has_shut_down_) {
            has_shut_down_ = true;
            SSL_shutdown(ssl_.get());
            ERR_clear_error();
            if (flush() == flush_result::blocked) return {.state = stream_state::wants_writing};
        }
    }
    ::shutdown(socket, SHUT_WR);
    return {};
}

std::string_view tls_filter::protocol() const noexcept {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

}  // namespace connector

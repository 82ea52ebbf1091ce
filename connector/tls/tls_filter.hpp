#pragma once

#include "connector/loop/byte_stream.hpp"
#include "connector/tls/openssl_handles.hpp"
#include "connector/tls/tls_context.hpp"
#include "connector/tls/tls_session.hpp"

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace connector {

/// Keeps the connections of a thread that have used OpenSSL's buffers lately in a list.
using recent_tls_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct recent_tls_tag>,
                                                         boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// TLS between a connection and its socket. One object serves one connection, on one thread.
///
/// OpenSSL reads from and writes to flat buffers of the thread, which hold what one system call has received or will
/// send. So a call needs one recv() or one send(), however many records there are. The buffers are empty between two
/// calls: what is left in them is then moved to a buffer of the connection.
///
/// A connection that ends without the closing message of TLS (close_notify) is `broken`: anybody on the way can end a
/// TCP connection, and must not be able to make it look as if the other side had done so. Some servers end idle
/// connections in this way. Nothing is lost unless a request is on its way to them at that moment.
class tls_filter final : public stream_filter, public recent_tls_hook {
public:
    static std::unique_ptr<tls_filter> for_server(std::shared_ptr<const tls_context> context);

    /// `host` is a name or an IP address without brackets; the server's certificate must be for it. `session` is
    /// offered to the server, and replaced by the one that the server gives. `protocols` are offered (ALPN) instead of
    /// those of the context; each name stands behind its length (RFC 7301 section 3.1).
    static std::unique_ptr<tls_filter> for_client(std::shared_ptr<const tls_context> context, const std::string& host,
                                                  std::shared_ptr<tls_session> session = {},
                                                  std::string_view protocols = {});

    ~tls_filter() override;
    tls_filter(const tls_filter&) = delete;
    tls_filter& operator=(const tls_filter&) = delete;

    stream_result handshake(int socket) override;
    stream_result read(int socket, std::span<char> into) override;
    stream_result write(int socket, ilp::bytes_view octets) override;
    stream_result end_sending(int socket) override;

    std::string_view protocol() const noexcept override;
    std::string_view peer_key() const noexcept override { return peer_key_; }
    std::string_view failure() const noexcept override { return failure_; }
    bool was_refused() const noexcept override { return was_refused_; }

    std::size_t memory() const noexcept override;

    /// The connection continues a session of an earlier one.
    bool is_resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }

private:
    enum class flush_result : std::uint8_t { done, blocked, broken };
    struct of_thread;  ///< the buffers
    struct bio;        ///< passes the calls of OpenSSL on
    class call;        ///< one of the public functions is running

    explicit tls_filter(std::shared_ptr<const tls_context> context);

    static of_thread& buffers();
    int take_received(char* into, int size);
    int add_output(const char* octets, int size);
    flush_result flush();
    void flush_answers();
    int decrypt(std::span<char> into, std::size_t& total);
    stream_result encrypt(ilp::bytes_view octets);
    bool is_kept_busy() const noexcept;
    void fail();
    stream_result broken(bool part_may_have_left = false);
    void established();
    void has_used_buffers();
    bool is_silent(int socket) const noexcept;

    const std::shared_ptr<const tls_context> context_;
    std::shared_ptr<tls_session> session_;
    std::unique_ptr<SSL, release_openssl> ssl_;

    // Of the call in progress:
    int socket_ = -1;
    std::size_t receive_size_ = 0;  ///< the most that one recv() takes; 0 in a call that does not read
    int receives_ = 0;
    bool is_socket_empty_ = false;    ///< recv() has found nothing
    bool was_receive_short_ = false;  ///< the last recv() has taken all there was
    bool has_content_ = false;        ///< something was decrypted

    std::string_view received_;  ///< what is not decrypted yet: in the thread's buffer, or in kept_
    std::vector<char> kept_;     ///< what was left in the thread's buffer

    std::vector<char> unsent_;  ///< what the socket did not accept at once
    std::size_t sent_ = 0;      ///< its first bytes, which the socket has accepted since
    /// So many bytes of those passed to write() are encrypted and partly in `unsent_`. They are reported as taken when
    /// all of it has been sent: until then the caller must wait, and so it repeats the call.
    std::size_t encrypted_ = 0;
    /// When so many bytes of `unsent_` have been sent, the other side can decrypt some of those.
    std::size_t end_of_first_record_ = 0;

    std::uint64_t used_at_ = 0;  ///< place of its last use of OpenSSL's buffers among all uses of the thread

    bool has_begun_ = false;  ///< OpenSSL has memory for the handshake
    bool is_handshake_done_ = false;
    bool has_failed_ = false;
    bool was_refused_ = false;
    bool has_shut_down_ = false;
    std::string peer_key_;
    std::size_t certificates_ = 0;  ///< how many the other side has shown, and OpenSSL keeps
    std::string failure_;
};

}  // namespace connector

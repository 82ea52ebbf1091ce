#pragma once

#include "connector/transport/http/message.hpp"
#include "connector/transport/http2/head_block.hpp"
#include "connector/transport/trace_id.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace connector::http2 {

inline constexpr std::size_t unknown_length = std::numeric_limits<std::size_t>::max();

/// What the session itself needs to know about a head.
struct head_facts {
    std::size_t content_length = unknown_length;
    unsigned status = 0;             ///< of a response
    bool has_trace = false;          ///< of a response: it has an `ILP-Trace-Id`
    peering::split_terms accepts{};  ///< of a response: its `ILP-Split-Accept`; `max_parts` is 0 if there is none
};

/// Collects the fields of one head and checks the rules of RFC 9113 section 8 that both kinds of message have: the
/// pseudo-header fields come first, each known and once, names are in lower case, values have no control characters,
/// and no field belongs to the connection.
class head_fields : public field_sink {
public:
    /// The message breaks a rule of HTTP/2: its stream is reset.
    bool is_malformed() const noexcept { return malformed_; }

    void field(std::string_view name, std::string_view value) final;

protected:
    ~head_fields() = default;

    void clear() noexcept;

    /// Returns false if there is no such pseudo-header field, or it is not valid.
    virtual bool pseudo_field(std::string_view name, std::string_view value) = 0;
    /// Returns false if the field makes the message malformed. It may be a repeated one.
    virtual bool regular_field(std::string_view name, std::string_view value) = 0;

    bool is_too_large() const noexcept { return size_ > field_list_size_max; }
    void set_malformed() noexcept { malformed_ = true; }

    std::size_t content_length_ = unknown_length;

private:
    std::size_t size_ = 0;
    bool malformed_ = false;
    bool has_regular_ = false;
};

/// The head of a request, with the facts that a request of HTTP/1.1 has. Its `size` is 0, `keep_alive` is true, and
/// `body` is `until_close` if it has no content length.
class request_fields final : public head_fields {
public:
    void begin();

    /// Frees the memory to which the views of head() refer.
    void release() noexcept {
        if (text_.capacity() < field_list_size_max) return;
        std::string{}.swap(text_);  // an assignment would keep the memory
        head_ = {};
    }

    /// Call it after the last field. Afterwards is_malformed() is final, too.
    void end();

    const http::request_head& head() const noexcept { return head_; }
    /// The status to refuse it with, although it is a message: too many fields, a repeated one, or an expectation that
    /// is not known.
    std::optional<http::status> fault() const noexcept { return fault_; }
    head_facts facts() const noexcept { return {.content_length = content_length_}; }

private:
    bool pseudo_field(std::string_view name, std::string_view value) override;
    bool regular_field(std::string_view name, std::string_view value) override;
    void take_once(std::string_view& member, bool& seen, std::string_view value);
    std::string_view stored(std::string_view value);

    std::string text_;  ///< the values; never longer than what was reserved, so that views into it stay valid
    http::request_head head_;
    std::optional<http::status> fault_;
    std::string_view scheme_;
    bool has_authority_ = false;
    bool has_host_ = false;
    bool has_authorization_ = false;
    bool has_content_type_ = false;
    bool has_request_id_ = false;
    bool has_callback_url_ = false;
};

class response_fields final : public head_fields {
public:
    void begin();
    void end();

    bool is_interim() const noexcept { return status_ < 200; }
    head_facts facts() const noexcept {
        return {.content_length = content_length_, .status = status_, .has_trace = bool{trace_}, .accepts = accepts_};
    }
    /// `ILP-Trace-Id`.
    const trace_id& trace() const noexcept { return trace_; }
    /// The same field, whatever its value is.
    bool has_trace_field() const noexcept { return has_trace_field_; }

private:
    bool pseudo_field(std::string_view name, std::string_view value) override;
    bool regular_field(std::string_view name, std::string_view value) override;

    unsigned status_ = 0;
    peering::split_terms accepts_;
    trace_id trace_;
    bool has_trace_field_ = false;
};

/// The fields behind a body. They are checked and dropped.
class trailer_fields final : public head_fields {
public:
    void begin() { clear(); }

private:
    bool pseudo_field(std::string_view, std::string_view) override { return false; }
    bool regular_field(std::string_view, std::string_view) override { return true; }
};

/// Whatever it is, it only keeps the table in step.
class dropped_fields final : public field_sink {
public:
    void field(std::string_view, std::string_view) override {}
};

}  // namespace connector::http2

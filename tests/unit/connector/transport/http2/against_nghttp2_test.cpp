#include "tests/unit/connector/transport/http2/conversation.hpp"

#include <catch2/catch.hpp>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

/// The sessions beside those of nghttp2: they exchange messages with them, and understand the same frames in the same
/// way.
namespace against_nghttp2_test {

using namespace http2_conversation;

struct message {
    std::string status_or_path;
    std::string body;
    bool operator==(const message&) const = default;
};

/// A session of nghttp2, and what it has received.
class oracle {
public:
    explicit oracle(bool is_server) {
        nghttp2_session_callbacks* callbacks = nullptr;
        nghttp2_session_callbacks_new(&callbacks);
        nghttp2_session_callbacks_set_on_header_callback(
            callbacks, [](nghttp2_session*, const nghttp2_frame* of, const std::uint8_t* name, std::size_t name_size,
                          const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
                const std::string_view text{reinterpret_cast<const char*>(name), name_size};
                if (text == ":path" || text == ":status") {
                    static_cast<oracle*>(self)->open_[of->hd.stream_id].status_or_path.assign(
                        reinterpret_cast<const char*>(value), value_size);
                }
                return 0;
            });
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
            callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* octets, std::size_t size,
                          void* self) {
                static_cast<oracle*>(self)->open_[id].body.append(reinterpret_cast<const char*>(octets), size);
                return 0;
            });
        nghttp2_session_callbacks_set_on_frame_recv_callback(
            callbacks, [](nghttp2_session*, const nghttp2_frame* got, void* self) {
                if (got->hd.type == NGHTTP2_DATA || got->hd.type == NGHTTP2_HEADERS) {
                    if ((got->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
                        static_cast<oracle*>(self)->complete(got->hd.stream_id);
                    }
                }
                return 0;
            });
        nghttp2_session_callbacks_set_on_stream_close_callback(
            callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* self) {
                static_cast<oracle*>(self)->closed[id] = code;
                return 0;
            });
        nghttp2_option* options = nullptr;
        nghttp2_option_new(&options);
        nghttp2_option_set_peer_max_concurrent_streams(options, 100);
        if (is_server) {
            nghttp2_session_server_new2(&session_, callbacks, this, options);
        } else {
            nghttp2_session_client_new2(&session_, callbacks, this, options);
        }
        nghttp2_option_del(options);
        nghttp2_session_callbacks_del(callbacks);
    }
    ~oracle() { nghttp2_session_del(session_); }
    oracle(const oracle&) = delete;
    oracle& operator=(const oracle&) = delete;

    nghttp2_session* session() { return session_; }

    void announce(const std::vector<nghttp2_settings_entry>& entries) {
        nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
    }

    /// Returns false if the bytes ended the connection.
    bool receive(ilp::bytes_view octets) {
        return nghttp2_session_mem_recv(session_, octets.data(), octets.size()) >= 0;
    }

    void send(ilp::bytes& out) {
        for (;;) {
            const std::uint8_t* octets = nullptr;
            const auto size = nghttp2_session_mem_send(session_, &octets);
            if (size <= 0) return;
            ilp::append(out, ilp::bytes_view{octets, static_cast<std::size_t>(size)});
        }
    }

    std::int32_t request(const std::string& path, std::string body) {
        const auto source = keep(std::move(body));
        const std::string method = "POST";
        std::vector<nghttp2_nv> list;
        for (const auto& [name, value] : std::vector<std::pair<std::string_view, std::string_view>>{
                 {":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "a"}, {"x-same", "value"}}) {
            list.push_back(field(name, value));
        }
        return nghttp2_submit_request(session_, nullptr, list.data(), list.size(), &source, nullptr);
    }

    void respond(std::int32_t id, const std::string& status, std::string body) {
        const auto source = keep(std::move(body));
        const std::vector<nghttp2_nv> list{field(":status", status), field("x-same", "value")};
        nghttp2_submit_response(session_, id, list.data(), list.size(), &source);
    }

    std::map<std::int32_t, message> received;
    std::vector<std::int32_t> fresh;  ///< ids in `received` that are new
    std::map<std::int32_t, std::uint32_t> closed;

private:
    static nghttp2_nv field(std::string_view name, std::string_view value) {
        const auto octets = [](std::string_view text) {
            return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
        };
        return {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
    }

    struct source {
        std::string body;
        std::size_t at = 0;
    };

    nghttp2_data_provider keep(std::string body) {
        sources_.push_back(std::make_unique<source>(source{std::move(body), 0}));
        nghttp2_data_provider provider{};
        provider.source.ptr = sources_.back().get();
        provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                                    std::uint32_t* flags, nghttp2_data_source* of, void*) -> ssize_t {
            auto& from = *static_cast<source*>(of->ptr);
            const std::size_t count = std::min(size, from.body.size() - from.at);
            std::memcpy(into, from.body.data() + from.at, count);
            from.at += count;
            if (from.at == from.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
            return static_cast<ssize_t>(count);
        };
        return provider;
    }

    void complete(std::int32_t id) {
        received[id] = std::move(open_[id]);
        open_.erase(id);
        fresh.push_back(id);
    }

    nghttp2_session* session_ = nullptr;
    std::map<std::int32_t, message> open_;
    std::vector<std::unique_ptr<source>> sources_;
};

std::string random_body(std::mt19937& random) {
    const std::size_t bounds[]{1, 100, 2000, 40'000, 65'536};
    const std::size_t size = random() % (1 + bounds[random() % 5]);
    std::string body(size, '\0');
    for (char& c : body) c = static_cast<char>(random());
    return body;
}

/// Moves up to all of `from`, in pieces of random size, to `deliver`, which gets one at a time.
template <typename Deliver>
void deliver_in_pieces(ilp::bytes& from, std::mt19937& random, Deliver deliver) {
    const ilp::bytes all = std::exchange(from, {});
    for (std::size_t done = 0; done != all.size();) {
        const std::size_t bounds[]{1, 10, 1000, 100'000};
        const std::size_t size = std::min(all.size() - done, 1 + random() % bounds[random() % 4]);
        deliver(ilp::bytes{all.begin() + static_cast<std::ptrdiff_t>(done),
                           all.begin() + static_cast<std::ptrdiff_t>(done + size)});
        done += size;
    }
}

TEST_CASE("our client and a server of nghttp2 understand each other") {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random{seed};
        oracle server{true};
        server.announce({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 50},
                         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(random() % 100'000)},
                         {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, static_cast<std::uint32_t>(random() % 5000)}});
        client_side client;
        std::map<std::uint32_t, std::string> asked;
        std::map<std::uint32_t, message> answered;
        std::map<std::uint32_t, message> expected;
        ilp::bytes from_server;
        constexpr std::size_t requests = 400;
        for (int idle = 0; answered.size() < requests && idle < 1000; ++idle) {
            while (asked.size() < requests && client.session.may_open() && random() % 8 != 0) {
                const auto body = random_body(random);
                const auto id = static_cast<std::uint32_t>(
                    client.session.request(block_of(post_fields()), ilp::as_bytes(body), client.out));
                asked[id] = body;
            }
            deliver_in_pieces(client.out, random, [&](const ilp::bytes& piece) { REQUIRE(server.receive(piece)); });
            for (const auto id : std::exchange(server.fresh, {})) {
                REQUIRE(server.received[id].body == asked[static_cast<std::uint32_t>(id)]);
                const auto body = random_body(random);
                const std::string status = random() % 4 == 0 ? "502" : "200";
                expected[static_cast<std::uint32_t>(id)] = {status, body};
                server.respond(id, status, body);
            }
            server.send(from_server);
            deliver_in_pieces(from_server, random, [&](const ilp::bytes& piece) {
                ilp::append(client.input, piece);
                for (;;) {
                    const event e = client.session.next(client.input, client.out, client.now);
                    REQUIRE(e.kind != event_kind::failed);
                    REQUIRE(e.kind != event_kind::reset);
                    if (e.kind == event_kind::message) {
                        answered[static_cast<std::uint32_t>(e.number)] = {std::to_string(e.status),
                                                                          std::string{ilp::as_text(e.body)}};
                    }
                    client.input.erase(client.input.begin(),
                                       client.input.begin() + static_cast<std::ptrdiff_t>(e.consumed));
                    if (e.kind == event_kind::needs_more) break;
                }
            });
        }
        CHECK(answered.size() == requests);
        CHECK(answered == expected);
    }
}

TEST_CASE("a client of nghttp2 and our server understand each other") {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random{seed};
        oracle client{false};
        client.announce({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(random() % 100'000)},
                         {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, static_cast<std::uint32_t>(random() % 5000)}});
        server_side server;
        std::map<std::int32_t, std::string> asked;
        std::map<std::int32_t, message> expected;
        std::size_t known = 0;
        ilp::bytes from_client;
        constexpr std::size_t requests = 400;
        std::vector<std::uint64_t> waiting;
        for (int idle = 0; client.received.size() < requests && idle < 1000; ++idle) {
            while (asked.size() < requests && asked.size() - client.received.size() < 60 && random() % 8 != 0) {
                const auto body = random_body(random);
                asked[client.request(random() % 3 == 0 ? "/ilp" : "/", body)] = body;
            }
            client.send(from_client);
            deliver_in_pieces(from_client, random, [&](const ilp::bytes& piece) {
                ilp::append(server.input, piece);
                for (;;) {
                    const event e = server.session.next(server.input, server.out, server.now);
                    REQUIRE(e.kind != event_kind::failed);
                    REQUIRE(e.kind != event_kind::reset);
                    if (e.kind == event_kind::head && e.head == nullptr) ++known;
                    if (e.kind == event_kind::message) {
                        REQUIRE_FALSE(e.is_too_large);
                        REQUIRE(ilp::as_text(e.body) == asked[static_cast<std::int32_t>(e.number)]);
                        waiting.push_back(e.number);
                    }
                    server.input.erase(server.input.begin(),
                                       server.input.begin() + static_cast<std::ptrdiff_t>(e.consumed));
                    if (e.kind == event_kind::needs_more) break;
                }
            });
            std::shuffle(waiting.begin(), waiting.end(), random);
            while (!waiting.empty() && random() % 16 != 0) {
                const auto body = random_body(random);
                expected[static_cast<std::int32_t>(waiting.back())] = {"200", body};
                server.session.answer(waiting.back(), ok_block(), ilp::as_bytes(body), server.out);
                waiting.pop_back();
            }
            deliver_in_pieces(server.out, random, [&](const ilp::bytes& piece) { REQUIRE(client.receive(piece)); });
        }
        CHECK(client.received.size() == requests);
        CHECK(client.received == expected);
        CHECK(known > requests / 2);
    }
}

/// Makes frames that are mostly right, with a table of HPACK that changes.
class frame_maker {
public:
    frame_maker(unsigned seed, bool makes_requests) : random_{seed}, makes_requests_{makes_requests} {
        nghttp2_hd_deflate_new(&deflater_, 4096);
    }
    ~frame_maker() { nghttp2_hd_deflate_del(deflater_); }
    frame_maker(const frame_maker&) = delete;
    frame_maker& operator=(const frame_maker&) = delete;

    /// One frame, or several if a header block is divided.
    ilp::bytes next() {
        const auto choice = random_() % 100;
        if (choice < 35) return make_head(choose_new());
        if (choice < 75) return make_data(choose());
        if (choice < 80) return with_32(frame_type::rst_stream, choose(), random_() % 14);
        if (choice < 85) {
            const std::uint32_t stream = random_() % 2 == 0 ? 0 : choose();
            const std::uint32_t increment = random_() % 200 == 0 ? 0x7fff'ffff : 1 + random_() % 1000;
            return with_32(frame_type::window_update, stream, increment);
        }
        if (choice < 88) return frame(frame_type::ping, 0, rarely() ? 3 : 0, "12345678");
        if (choice < 90) {
            return settings({{setting{static_cast<std::uint16_t>(1 + random_() % 7)}, rarely() ? 0xffff'ffff : 1}});
        }
        if (choice < 92) return make_head(choose());  // trailers, or on a stream that is closed
        if (choice < 94) return frame(static_cast<frame_type>(20 + random_() % 200), any_flags(), random_() % 9, "xyz");
        if (choice < 96) return frame(frame_type::priority, 0, 1 + 2 * (random_() % 100), std::string(5, '\0'));
        if (choice < 97 && rarely()) return frame(frame_type::push_promise, flag::end_headers, 1, number(2));
        if (choice < 98 && rarely()) return frame(frame_type::continuation, flag::end_headers, 1, "");
        if (choice < 99 && rarely()) return frame(frame_type::rst_stream, 0, 1, "12");
        return make_data(choose());
    }

private:
    bool rarely() { return random_() % 40 == 0; }
    std::uint8_t any_flags() { return static_cast<std::uint8_t>(random_()); }

    ilp::bytes with_32(frame_type type, std::uint32_t stream, std::uint32_t value) {
        return frame(type, 0, stream, number(value));
    }

    std::uint32_t choose() {
        if (random_() % 300 == 0) return last_ + 2 + 2 * (random_() % 3);  // not open
        if (random_() % 600 == 0) return 2;
        const std::uint32_t back = 2 * (random_() % 12);
        return last_ > back ? last_ - back : 1;
    }

    /// For a server's side, the streams are there; each gets one head, and seldom a further one.
    std::uint32_t choose_new() {
        if (random_() % 300 == 0) return choose();
        if (makes_requests_) return last_ = last_ == 0 ? 1 : last_ + 2 * (random_() % 10 == 0 ? 2 : 1);
        return last_ = last_ == 0 ? 1 : last_ + 2;
    }

    /// A stream that has begun and not ended; 0 if there is none.
    std::uint32_t next_open() const {
        const auto found = std::ranges::find_if(has_head_, [&](auto id) { return !has_ended_.contains(id); });
        return found == has_head_.end() ? 0 : *found;
    }

    ilp::bytes make_data(std::uint32_t stream) {
        // A client of nghttp2 ends the connection where we end the stream: DATA without a head.
        if (!makes_requests_ && !has_head_.contains(stream)) return frame(frame_type::ping, 0, 0, "12345678");
        if (has_ended_.contains(stream) && random_() % 100 != 0) stream = next_open();
        if (stream == 0) return frame(frame_type::ping, 0, 0, "12345678");
        std::string body(random_() % 300, 'b');
        std::uint8_t flags = random_() % 2 == 0 ? flag::end_stream : std::uint8_t{0};
        if (body.empty()) flags |= flag::end_stream;
        if ((flags & flag::end_stream) != 0) has_ended_.insert(stream);
        if (random_() % 8 == 0) {
            const auto padding = random_() % 20;
            body = static_cast<char>(rarely() ? 255 : padding) + body + std::string(padding, '\0');
            flags |= flag::padded;
        }
        return frame(frame_type::data, flags, stream, body);
    }

    fields choose_fields() {
        fields list = makes_requests_ ? post_fields() : fields{{":status", random_() % 9 == 0 ? "404" : "200"}};
        if (random_() % 12 == 0 && !makes_requests_) list[0].second = "103";
        list.emplace_back("x-often", std::to_string(random_() % 3));
        switch (random_() % 60) {
            case 0:
                list.emplace_back("connection", "close");
                break;
            case 1:
                list.emplace_back("Upper", "x");
                break;
            case 2:
                list.emplace_back(":path", "/again");
                break;
            case 3:
                list.erase(list.begin() + static_cast<std::ptrdiff_t>(random_() % list.size()));
                break;
            case 4:
                list.emplace_back("te", "gzip");
                break;
            case 5:
                list.emplace_back("te", "trailers");
                break;
            case 6:
                list.emplace_back("content-length", std::to_string(random_() % 300));
                break;
            case 7:
                list.emplace_back("content-length", "x");
                break;
            case 8:
                list.emplace_back("transfer-encoding", "chunked");
                break;
            case 9:
                list[0].second = makes_requests_ ? "GET" : "101";
                break;
            case 10:
                list.emplace_back(":unknown", "x");
                break;
            default:
                break;
        }
        return list;
    }

    ilp::bytes make_head(std::uint32_t stream) {
        if (has_ended_.contains(stream) && random_() % 100 != 0) return frame(frame_type::ping, 0, 0, "12345678");
        const bool is_trailer = has_head_.contains(stream) && random_() % 3 != 0;
        const fields list = is_trailer ? fields{{"x-sum", "1"}} : choose_fields();
        has_head_.insert(stream);
        std::vector<nghttp2_nv> entries;
        for (const auto& [name, value] : list) {
            const auto octets = [](const std::string& text) {
                return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
            };
            entries.push_back(
                {octets(name), octets(value), name.size(), value.size(),
                 static_cast<std::uint8_t>(random_() % 4 == 0 ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE)});
        }
        ilp::bytes block(1000);
        const auto size = nghttp2_hd_deflate_hd(deflater_, block.data(), block.size(), entries.data(), entries.size());
        block.resize(static_cast<std::size_t>(size));
        std::string text{ilp::as_text(block)};

        std::uint8_t flags = is_trailer || random_() % 4 == 0 ? flag::end_stream : std::uint8_t{0};
        if (flags != 0) has_ended_.insert(stream);
        std::string rest;
        const bool is_divided = random_() % 5 == 0 && text.size() > 2;
        if (is_divided) {
            const std::size_t first = random_() % text.size();
            rest = text.substr(first);
            text.resize(first);
        } else {
            flags |= flag::end_headers;
        }
        if (random_() % 8 == 0) {
            text = std::string(4, '\0') + "\x10" + text;
            flags |= flag::priority;
        }
        if (random_() % 8 == 0) {
            const auto padding = random_() % 20;
            text = static_cast<char>(padding) + text + std::string(padding, '\0');
            flags |= flag::padded;
        }
        ilp::bytes frames = frame(frame_type::headers, flags, stream, text);
        if (is_divided) ilp::append(frames, frame(frame_type::continuation, flag::end_headers, stream, rest));
        return frames;
    }

    /// Numbers of 32 bits, so that they need no conversion.
    struct generator {
        std::mt19937 engine;
        explicit generator(unsigned seed) : engine{seed} {}
        std::uint32_t operator()() { return static_cast<std::uint32_t>(engine()); }
    };

    generator random_;
    bool makes_requests_;
    nghttp2_hd_deflater* deflater_ = nullptr;
    std::uint32_t last_ = 0;
    std::set<std::uint32_t> has_head_;
    std::set<std::uint32_t> has_ended_;
};

/// The code of a GOAWAY among these frames, unless it is NO_ERROR, and what it says; empties them.
std::optional<std::pair<std::string, std::string>> failure_in(ilp::bytes& out) {
    const std::string text{ilp::as_text(out)};
    for (const auto& line : frames_in(out)) {
        if (!line.starts_with("GOAWAY") || line.ends_with(" NO_ERROR")) continue;
        return std::pair{line.substr(line.rfind(' ') + 1),
                         text.substr(text.size() - std::min<std::size_t>(text.size(), 60))};
    }
    return {};
}

struct outcome {
    std::size_t failures = 0;
    std::size_t messages = 0;
    std::vector<std::string> differences;

    /// Compares the failures after some frames. Returns false if there is one, or they differ.
    template <typename Failure>
    bool compare(const Failure& ours, const Failure& theirs, bool same_messages, const std::string& where,
                 const ilp::bytes& frames) {
        // We forget a stream once it has ended on both sides, and then ignore what comes on it; nghttp2 remembers some.
        if (!ours && theirs && theirs->first == "STREAM_CLOSED") return false;
        const bool is_same =
            same_messages && ours.has_value() == theirs.has_value() && (!ours || ours->first == theirs->first);
        if (!is_same) {
            std::string line = where + " ours " + (ours ? ours->first + ": " + ours->second : "none") + " theirs " +
                               (theirs ? theirs->first + ": " + theirs->second : "none") +
                               (same_messages ? "" : " other messages") + " frames";
            for (const auto octet : frames) line += ' ' + std::to_string(octet);
            differences.push_back(line.substr(0, 400));
        }
        if (ours) ++failures;
        return is_same && !ours;
    }
};

TEST_CASE("random frames mean the same to our server and to that of nghttp2") {
    outcome seen;
    for (unsigned seed = 1; seed <= 400; ++seed) {
        frame_maker maker{seed, true};
        std::mt19937 random{seed};
        oracle theirs{true};
        theirs.announce({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, server_session::streams_max},
                         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, session::stream_window}});
        server_side ours;
        ilp::bytes their_output;
        theirs.send(their_output);
        std::map<std::int32_t, std::string> messages;
        std::map<std::int32_t, std::string> their_messages;
        ilp::bytes frames = bytes_of(preface) + settings() + frame(frame_type::settings, flag::ack, 0);
        for (int step = 0; step < 120; ++step) {
            ilp::bytes left = frames;
            deliver_in_pieces(left, random, [&](const ilp::bytes& piece) {
                theirs.receive(piece);
                ilp::append(ours.input, piece);
                for (;;) {
                    const event e = ours.session.next(ours.input, ours.out, ours.now);
                    if (e.kind == event_kind::message) {
                        messages[static_cast<std::int32_t>(e.number)] = std::string{ilp::as_text(e.body)};
                        ours.session.answer(e.number, ok_block(), bytes_of("y"), ours.out);
                    }
                    ours.input.erase(ours.input.begin(), ours.input.begin() + static_cast<std::ptrdiff_t>(e.consumed));
                    if (e.kind == event_kind::needs_more || e.kind == event_kind::failed) break;
                }
            });
            for (const auto id : std::exchange(theirs.fresh, {})) {
                their_messages[id] = theirs.received[id].body;
                theirs.respond(id, "200", "y");
            }
            theirs.send(their_output);
            const auto our_failure = failure_in(ours.out);
            const auto their_failure = failure_in(their_output);
            const auto where = "seed " + std::to_string(seed) + " step " + std::to_string(step);
            if (!seen.compare(our_failure, their_failure, messages == their_messages, where, frames)) break;
            frames = maker.next();
        }
        seen.messages += messages.size();
    }
    // The frames are neither all right nor all wrong.
    CHECK(seen.differences == std::vector<std::string>{});
    CHECK(seen.failures > 20);
    CHECK(seen.failures < 390);
    CHECK(seen.messages > 500);
}

TEST_CASE("random frames mean the same to our client and to that of nghttp2") {
    outcome seen;
    for (unsigned seed = 1; seed <= 400; ++seed) {
        frame_maker maker{seed, false};
        std::mt19937 random{seed};
        oracle theirs{false};
        theirs.announce(
            {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, session::stream_window}});
        client_side ours;
        ilp::bytes their_output;
        theirs.send(their_output);
        std::map<std::int32_t, message> messages;
        ilp::bytes frames = settings() + frame(frame_type::settings, flag::ack, 0);
        for (int step = 0; step < 120; ++step) {
            ilp::bytes left = frames;
            deliver_in_pieces(left, random, [&](const ilp::bytes& piece) {
                theirs.receive(piece);
                ilp::append(ours.input, piece);
                for (;;) {
                    const event e = ours.session.next(ours.input, ours.out, ours.now);
                    if (e.kind == event_kind::message) {
                        messages[static_cast<std::int32_t>(e.number)] = {std::to_string(e.status),
                                                                         std::string{ilp::as_text(e.body)}};
                    }
                    ours.input.erase(ours.input.begin(), ours.input.begin() + static_cast<std::ptrdiff_t>(e.consumed));
                    if (e.kind == event_kind::needs_more || e.kind == event_kind::failed) break;
                }
            });
            theirs.send(their_output);
            const auto our_failure = failure_in(ours.out);
            const auto their_failure = failure_in(their_output);
            const auto where = "seed " + std::to_string(seed) + " step " + std::to_string(step);
            if (!seen.compare(our_failure, their_failure, messages == theirs.received, where, frames)) break;
            if (step == 0) {
                for (int i = 0; i < 60; ++i) {
                    theirs.request("/", "x");
                    ours.session.request(block_of(post_fields()), bytes_of("x"), ours.out);
                }
                theirs.send(their_output);
                their_output.clear();
                ours.out.clear();
            }
            frames = maker.next();
        }
        seen.messages += messages.size();
    }
    CHECK(seen.differences == std::vector<std::string>{});
    CHECK(seen.failures > 20);
    CHECK(seen.failures < 390);
    CHECK(seen.messages > 500);
}

}  // namespace against_nghttp2_test

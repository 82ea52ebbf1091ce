#include "tests/integration/part_middle.hpp"

#include "connector/transport/http2/frame.hpp"
#include "tests/support/http.hpp"

#include <poll.h>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <system_error>

namespace support {

namespace {

// How soon the thread notices a stop request, which no socket reports.
constexpr int middle_poll_time_ms = 20;

namespace http2 = connector::http2;
using http2::frame_head_size;

constexpr char table_size_zero = 0x20;  // a size update of HPACK, at the start of a block
enum frame_type : std::uint8_t {
    data_frame = 0,
    headers_frame = 1,
    reset_frame = 3,
    settings_frame = 4,
    ping_frame = 6
};
constexpr std::uint8_t is_last = 0x1;  // END_STREAM; of SETTINGS and PING, ACK

std::string frame_octets(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
    const std::size_t size = payload.size();
    std::string octets;
    for (const int shift : {16, 8, 0}) octets += static_cast<char>(size >> shift & 0xff);
    octets += static_cast<char>(type);
    octets += static_cast<char>(flags);
    for (const int shift : {24, 16, 8, 0}) octets += static_cast<char>(stream >> shift & 0xff);
    return octets.append(payload);
}

std::uint32_t number_at(std::string_view octets, std::size_t at, std::size_t size) {
    std::uint32_t number = 0;
    for (const char c : octets.substr(at, size)) number = number << 8 | static_cast<std::uint8_t>(c);
    return number;
}

/// The value of `ilp-split` in a block of header fields, which ilpd writes as a plain literal.
std::string_view label_in(std::string_view block) {
    constexpr std::string_view name = "ilp-split";
    const std::size_t at = block.find(name);
    if (at == std::string_view::npos) return {};
    const std::string_view value = block.substr(at + name.size());
    return value.substr(1, static_cast<std::uint8_t>(value.front()));
}

/// The same block for a connection on which other blocks have gone, or none. Both ends of ilpd's connections have a
/// dynamic table of no size, of which the first block has to speak.
std::string block_for(std::string_view block, bool& has_sent_head) {
    if (!block.empty() && block.front() == table_size_zero) block.remove_prefix(1);
    std::string made = has_sent_head ? std::string{} : std::string{table_size_zero};
    has_sent_head = true;
    return made.append(block);
}

}  // namespace

part_middle::part_middle(std::uint16_t server_port, bool is_http2)
    : server_port_{server_port},
      is_http2_{is_http2},
      listener_{listen_on(0)},
      plan_{[](const peering::part_label& label) {
          middle_plan plan;
          for (std::uint32_t part = 0; part < label.parts; ++part) plan.at_once.push_back({part});
          return plan;
      }},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

part_middle::~part_middle() = default;

void part_middle::set_plan(planner plan) {
    const std::lock_guard lock{mutex_};
    plan_ = std::move(plan);
}

void part_middle::interleave(bool pairs) {
    const std::lock_guard lock{mutex_};
    pairs_ = pairs;
}

void part_middle::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        std::vector<pollfd> sockets{{listener_.get(), POLLIN, 0}};
        for (const client_side& client : clients_) {
            sockets.push_back({client.socket.get(), POLLIN, 0});
            sockets.push_back({client.home->socket.get(), POLLIN, 0});
            sockets.push_back({client.elsewhere ? client.elsewhere->socket.get() : -1, POLLIN, 0});
        }
        if (::poll(sockets.data(), sockets.size(), middle_poll_time_ms) <= 0) continue;
        std::size_t at = 1;
        for (client_side& client : clients_) {
            const std::array<bool, 3> readable{sockets[at].revents != 0, sockets[at + 1].revents != 0,
                                               sockets[at + 2].revents != 0};
            at += readable.size();
            // What the server has said is passed on before the end of a client is noticed.
            if (readable[1] && !client.is_closed) read_server(client, *client.home);
            if (readable[2] && !client.is_closed) read_server(client, *client.elsewhere);
            if (readable[0] && !client.is_closed) read_client(client);
        }
        flush();
        clients_.remove_if([](const client_side& client) { return client.is_closed; });
        if (sockets[0].revents != 0) accept_client();
    }
}

void part_middle::accept_client() {
    try {
        descriptor accepted{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (!accepted.is_open()) return;
        auto home = std::make_unique<server_side>();
        home->socket = connect_to(server_port_);
        client_side& client = clients_.emplace_back();
        client.id = ++last_client_;
        client.socket = std::move(accepted);
        client.home = std::move(home);
    } catch (const std::system_error&) {
        // The server is down, so the client's connection is closed.
    }
}

part_middle::client_side* part_middle::find(std::uint64_t client) {
    const auto found = std::ranges::find(clients_, client, &client_side::id);
    return found == clients_.end() || found->is_closed ? nullptr : &*found;
}

/// A connection to the server that the client knows nothing of.
part_middle::server_side& part_middle::elsewhere_of(client_side& of) {
    if (!of.elsewhere) {
        of.elsewhere = std::make_unique<server_side>();
        of.elsewhere->socket = connect_to(server_port_);
        if (is_http2_) of.elsewhere->out = std::string{http2::preface} + frame_octets(settings_frame, 0, 0, {});
    }
    return *of.elsewhere;
}

void part_middle::read_client(client_side& from) {
    if (read_some(from.socket, from.in, milliseconds{0}) == read_result::end) {
        from.is_closed = true;
        return;
    }
    if (is_http2_) return take_frames(from);
    while (!from.is_closed) {
        const std::string before = from.in;
        const auto message = take_message(from.in);
        if (!message) return;
        const std::uint64_t slot = from.next_slot++;
        from.slots[slot];
        take(from, {from.id, slot, before.substr(0, before.size() - from.in.size()), {}},
             message->header("ILP-Split").value_or(""));
    }
}

void part_middle::take_frames(client_side& from) {
    if (!from.has_greeted) {
        if (from.in.size() < http2::preface.size()) return;
        from.home->out.append(from.in, 0, http2::preface.size());
        from.in.erase(0, http2::preface.size());
        from.has_greeted = true;
    }
    while (!from.is_closed && from.in.size() >= frame_head_size) {
        const std::size_t size = frame_head_size + number_at(from.in, 0, 3);
        if (from.in.size() < size) return;
        frame got{static_cast<std::uint8_t>(from.in[3]), static_cast<std::uint8_t>(from.in[4]),
                  number_at(from.in, 5, 4), from.in.substr(frame_head_size, size - frame_head_size)};
        if (got.stream == 0) from.home->out.append(from.in, 0, size);
        from.in.erase(0, size);
        if (got.stream == 0) continue;
        if (got.type == reset_frame) {
            for (const auto& [stream, answer] : from.home->streams) {
                if (answer.client != from.id || answer.slot != got.stream) continue;
                from.home->out += frame_octets(got.type, got.flags, stream, got.payload);
            }
        }
        if (got.type != headers_frame && got.type != data_frame) continue;
        const bool is_complete = (got.flags & is_last) != 0;
        const std::uint32_t stream = got.stream;
        from.bodies[stream].push_back(std::move(got));
        if (!is_complete) continue;
        request complete{from.id, stream, {}, std::move(from.bodies[stream])};
        from.bodies.erase(stream);
        const std::string label{label_in(complete.frames.front().payload)};
        take(from, std::move(complete), label);
    }
}

void part_middle::take(client_side& from, request got, std::string_view label) {
    const auto part = peering::parse_part_label(label);
    if (!part) return deliver(*from.home, got, {from.id, got.slot, true, {}});
    auto& parts = from.collecting[part->id];
    parts.insert_or_assign(part->part, std::move(got));
    if (parts.size() < part->parts) return;
    auto set = std::make_shared<part_set>();
    set->client = from.id;
    set->parts = std::move(parts);
    from.collecting.erase(part->id);
    {
        const std::lock_guard lock{mutex_};
        set->plan = plan_(*part);
    }
    collected(std::move(set));
}

/// All parts of a packet are here.
void part_middle::collected(std::shared_ptr<part_set> set) {
    bool pairs = false;
    {
        const std::lock_guard lock{mutex_};
        pairs = pairs_;
    }
    if (pairs && waiting_ == nullptr) {
        waiting_ = std::move(set);
        return;
    }
    const auto first = std::exchange(waiting_, nullptr);
    client_side* const over = first == nullptr ? nullptr : find(first->client);
    if (over == nullptr) {
        carry_out(set, *find(set->client));
        return;
    }
    for (std::size_t i = 0; i < std::max(first->plan.at_once.size(), set->plan.at_once.size()); ++i) {
        for (const auto& each : {first, set}) {
            if (i < each->plan.at_once.size()) deliver(each, each->plan.at_once[i], *over);
        }
    }
    finish(first);
    finish(set);
}

void part_middle::carry_out(const std::shared_ptr<part_set>& set, client_side& over) {
    for (const auto& each : set->plan.at_once) deliver(set, each, over);
    finish(set);
}

void part_middle::deliver(const std::shared_ptr<part_set>& set, const middle_plan::delivery& which, client_side& over) {
    const request& what = set->parts.at(which.part);
    server_side& to = which.is_elsewhere ? elsewhere_of(over) : *over.home;
    const bool is_first = set->delivered.insert(which.part).second;
    deliver(to, what, {what.client, what.slot, is_first, set});
}

void part_middle::deliver(server_side& to, const request& what, route answer) {
    if (!is_http2_) {
        to.out += what.octets;
        to.routes.push_back(std::move(answer));
        return;
    }
    const std::uint32_t stream = to.next_stream;
    to.next_stream += 2;
    for (const frame& each : what.frames) {
        to.out += each.type == headers_frame
                      ? frame_octets(each.type, each.flags, stream, block_for(each.payload, to.has_sent_head))
                      : frame_octets(each.type, each.flags, stream, each.payload);
    }
    to.streams.emplace(stream, std::move(answer));
}

/// What follows the parts that go at once.
void part_middle::finish(const std::shared_ptr<part_set>& set) {
    const middle_plan& plan = set->plan;
    if (plan.refuses_rest) {
        for (const auto& [part, what] : set->parts) {
            const auto is_it = [number = part](const middle_plan::delivery& each) { return each.part == number; };
            if (std::ranges::none_of(plan.at_once, is_it) && std::ranges::none_of(plan.late, is_it)) refuse(what);
        }
    }
    if (!plan.is_cut) return;
    flush();
    if (client_side* const client = find(set->client)) client->is_closed = true;
}

void part_middle::read_server(client_side& of, server_side& from) {
    if (read_some(from.socket, from.in, milliseconds{0}) == read_result::end) {
        if (&from == of.home.get()) {
            of.is_closed = true;
        } else {
            of.elsewhere.reset();
        }
        return;
    }
    if (is_http2_) return take_frames(of, from);
    while (!of.is_closed) {
        const std::string before = from.in;
        if (!take_message(from.in)) return;
        if (from.routes.empty()) {
            of.is_closed = true;  // an answer that nobody has asked for
            return;
        }
        const route to = std::move(from.routes.front());
        from.routes.pop_front();
        if (passes(of, to)) answer(to, before.substr(0, before.size() - from.in.size()));
    }
}

void part_middle::take_frames(client_side& of, server_side& from) {
    while (!of.is_closed && from.in.size() >= frame_head_size) {
        const std::size_t size = frame_head_size + number_at(from.in, 0, 3);
        if (from.in.size() < size) return;
        const std::string whole = from.in.substr(0, size);
        from.in.erase(0, size);
        const auto type = static_cast<std::uint8_t>(whole[3]);
        const auto flags = static_cast<std::uint8_t>(whole[4]);
        const std::uint32_t stream = number_at(whole, 5, 4);
        const std::string_view payload = std::string_view{whole}.substr(frame_head_size);
        if (stream == 0) {
            const bool wants_confirmation = (type == settings_frame || type == ping_frame) && (flags & is_last) == 0;
            if (&from == of.home.get()) {
                send_all(of.socket, whole);
            } else if (wants_confirmation) {
                from.out += frame_octets(type, is_last, 0, type == ping_frame ? payload : std::string_view{});
            }
            continue;
        }
        const auto found = from.streams.find(stream);
        if (found == from.streams.end()) continue;
        if (type != headers_frame && type != data_frame && type != reset_frame) continue;
        const route to = found->second;
        if (type == reset_frame || (flags & is_last) != 0) from.streams.erase(found);
        if (!passes(of, to)) continue;
        client_side* const client = find(to.client);
        if (client == nullptr) continue;
        const auto slot = static_cast<std::uint32_t>(to.slot);
        answer(to, type == headers_frame ? frame_octets(type, flags, slot, block_for(payload, client->has_got_head))
                                         : frame_octets(type, flags, slot, payload));
    }
}

/// An answer of the server has come. Returns false if it is not passed on.
bool part_middle::passes(client_side& of, const route& answer) {
    if (!answer.set) return true;
    part_set& set = *answer.set;
    if (!std::exchange(set.is_answered, true)) {
        for (const auto& each : set.plan.late) deliver(answer.set, each, of);
        if (set.plan.answers_are == middle_plan::answers::cut) {
            if (client_side* const client = find(set.client)) client->is_closed = true;
        }
    }
    return answer.is_passed && set.plan.answers_are == middle_plan::answers::pass;
}

void part_middle::answer(const route& to, std::string octets) {
    client_side* const client = find(to.client);
    if (client == nullptr) return;
    if (is_http2_) {
        if (!send_all(client->socket, octets)) client->is_closed = true;
        return;
    }
    client->slots[to.slot] = std::move(octets);
    while (!client->slots.empty() && !client->slots.begin()->second.empty()) {
        if (!send_all(client->socket, client->slots.begin()->second)) client->is_closed = true;
        client->slots.erase(client->slots.begin());
    }
}

/// Tells the client that the server has not got a part.
void part_middle::refuse(const request& what) {
    constexpr std::string_view refused_stream{"\0\0\0\7", 4};
    answer({what.client, what.slot, true, {}},
           is_http2_ ? frame_octets(reset_frame, 0, static_cast<std::uint32_t>(what.slot), refused_stream)
                     : "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
}

/// Sends what has been written for the server, in one piece for each connection.
void part_middle::flush() {
    for (client_side& client : clients_) {
        for (auto* const side : {client.home.get(), client.elsewhere.get()}) {
            if (side == nullptr || side->out.empty()) continue;
            send_all(side->socket, std::exchange(side->out, {}));
        }
    }
}

}  // namespace support

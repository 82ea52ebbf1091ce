#include "connector/transport/http2/alpn_link.hpp"

#include "config/value.hpp"
#include "connector/tls/tls_filter.hpp"
#include "tests/support/socket.hpp"
#include "tests/unit/connector/base/captured_log.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"
#include "tests/unit/connector/tls/tls_pair.hpp"
#include "tests/unit/connector/transport/http2/conversation.hpp"
#include "tests/unit/connector/transport/http2/link_rig.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace alpn_link_test {

using namespace connector;
using namespace http2_conversation;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> both_versions{"h2", "http/1.1"};

/// A peer's server behind TLS. It echoes each packet, in the version that it has chosen. It runs on the test's thread,
/// between two steps of the loop.
struct tls_server {
    /// What it does with requests over HTTP/2, and with connections that offer it.
    enum class conduct { echoes, takes, refuses, wants_http1, says_goaway, ends_at_once, resets_hello, resets_all };

    struct connection {
        support::descriptor socket;
        std::unique_ptr<tls_filter> filter;
        conduct does = conduct::echoes;
        bool is_established = false;
        bool is_http2 = false;
        bool has_only_http2 = false;  ///< a client that does not offer it gets it all the same
        std::string input{};
        ilp::bytes output{};
        server_side side{};

        bool is_open() const { return socket.is_open(); }
        void end() {
            filter->end_sending(socket.get());
            socket.close();
        }
    };

    void step() {
        for (;;) {
            const int accepted = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (accepted < 0) break;
            connection& made = connections.emplace_back();
            made.socket = support::descriptor{accepted};
            made.filter = tls_filter::for_server(context());
            made.does = does;
            made.has_only_http2 = protocols == std::vector<std::string>{"h2"};
        }
        for (connection& each : connections) {
            if (each.is_open()) serve(each);
        }
    }

    std::shared_ptr<const tls_context> context() {
        auto& made = contexts[protocols];
        if (!made) made = connector::testing::server_context(connector::testing::test_identity(), false, protocols);
        return made;
    }

    void serve(connection& on) {
        if (!on.is_established) {
            if (on.does == conduct::resets_hello && offers_http2(on)) return support::reset(on.socket);
            if (on.does == conduct::resets_all && !first_bytes(on).empty()) return support::reset(on.socket);
            const auto state = on.filter->handshake(on.socket.get()).state;
            if (state == stream_state::broken) return on.socket.close();
            if (state != stream_state::done) return;
            on.is_established = true;
            on.is_http2 = on.has_only_http2 || on.filter->protocol() == "h2";
            if (on.is_http2 && on.does == conduct::ends_at_once) return on.end();
        }
        std::string buffer(65'536, '\0');
        const auto got = on.filter->read(on.socket.get(), buffer);
        if (got.state == stream_state::ended || got.state == stream_state::broken) return on.socket.close();
        buffer.resize(got.count);
        if (on.is_http2) {
            take_streams(on, bytes_of(buffer));
            ilp::append(on.output, std::exchange(on.side.out, {}));
        } else {
            on.input += buffer;
            take_requests(on);
        }
        if (on.output.empty()) return;
        const auto sent = on.filter->write(on.socket.get(), on.output);
        on.output.erase(on.output.begin(), on.output.begin() + static_cast<std::ptrdiff_t>(sent.count));
    }

    /// What has come and is not read yet.
    static std::string first_bytes(const connection& on) {
        std::string octets(4096, '\0');
        const auto count = ::recv(on.socket.get(), octets.data(), octets.size(), MSG_PEEK);
        octets.resize(static_cast<std::size_t>(std::max<::ssize_t>(count, 0)));
        return octets;
    }
    static bool offers_http2(const connection& on) { return first_bytes(on).contains("\x02h2\x08http/1.1"); }

    void take_streams(connection& on, const ilp::bytes& octets) {
        ilp::append(on.side.input, octets);
        for (;;) {
            const event e = on.side.session.next(on.side.input, on.side.out, on.side.now);
            if (e.kind == event_kind::message) take_stream(on, e);
            on.side.input.erase(on.side.input.begin(), on.side.input.begin() + static_cast<std::ptrdiff_t>(e.consumed));
            if (e.kind == event_kind::needs_more || e.kind == event_kind::failed) return;
        }
    }

    void take_stream(connection& on, const event& e) {
        switch (on.does) {
            case conduct::refuses:
                return on.side.session.reset(e.number, error_code::refused_stream, on.side.out);
            case conduct::wants_http1:
                return on.side.session.reset(e.number, error_code::http_1_1_required, on.side.out);
            case conduct::says_goaway: {
                // It names no stream: none was processed.
                const auto none = frame(frame_type::goaway, 0, 0, number(0) + number(0));
                return ilp::append(on.side.out, none);
            }
            default:
                break;
        }
        ++taken[std::string{ilp::as_text(e.body)}];
        ++over_http2;
        if (on.does != conduct::takes) on.side.session.answer(e.number, ok_block(), e.body, on.side.out);
    }

    void take_requests(connection& on) {
        for (;;) {
            const auto end = on.input.find("\r\n\r\n");
            if (end == std::string::npos) return;
            const std::string name = "Content-Length: ";
            const std::size_t size = std::stoul(on.input.substr(on.input.find(name) + name.size()));
            if (on.input.size() < end + 4 + size) return;
            const std::string body = on.input.substr(end + 4, size);
            on.input.erase(0, end + 4 + size);
            ++taken[body];
            ++over_http1;
            if (on.does == conduct::takes) continue;
            ilp::append(on.output, fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", size, body));
        }
    }

    void end_all() {
        for (connection& each : connections) {
            if (each.is_open()) each.end();
        }
    }
    std::size_t open() const {
        return static_cast<std::size_t>(std::ranges::count_if(connections, &connection::is_open));
    }

    support::descriptor listener = [] {
        auto made = support::listen_on(0);
        ::fcntl(made.get(), F_SETFL, O_NONBLOCK);
        return made;
    }();
    std::deque<connection> connections;
    std::map<std::vector<std::string>, std::shared_ptr<const tls_context>> contexts;
    std::vector<std::string> protocols = both_versions;  ///< that it speaks, on connections that are made from now on
    conduct does = conduct::echoes;
    std::map<std::string, int> taken;  ///< packets that it has processed, by their bytes
    int over_http1 = 0;
    int over_http2 = 0;
};

using conduct = tls_server::conduct;

struct world final : connector::testing::link_rig<alpn_link, tls_server> {
    explicit world(std::vector<std::string> protocols = both_versions, conduct does = conduct::echoes) {
        peer.protocols = std::move(protocols);
        peer.does = does;
        settings.endpoint = config::packet_url()
                                .parse(fmt::format("https://127.0.0.1:{}/ilp", support::local_port(peer.listener)))
                                .value();
        settings.auth_token = config::secret{"the-token"};
        settings.max_connections = 10;
        settings.max_waiting = 1000;
        settings.ca_file =
            config::trusted_certificates{.file = {}, .pem = connector::testing::test_authority().certificate()};
    }

    ~world() { made.reset(); }

    std::unique_ptr<alpn_link> make_link() override {
        auto tls = link_tls::make(common, settings);
        REQUIRE(tls);
        return std::make_unique<alpn_link>(
            loop, std::make_shared<next_hop>(loop, settings, name, std::chrono::hours{1}, *std::move(tls)), floods,
            ask_again_after);
    }

    std::string name = "bob";
    std::chrono::milliseconds ask_again_after = std::chrono::hours{1};
    links_tls common{connector::testing::client_context()};
};

}  // namespace

TEST_CASE("alpn link: a peer that speaks HTTP/2 gets all packets over it, on one connection") {
    world w;
    for (const std::string prepare : {"one", "two", "three"}) CHECK(w.outcome_of(prepare) == prepare);
    CHECK(w.peer.over_http2 == 3);
    CHECK(w.peer.connections.size() == 1);
    CHECK(w.link().connection_count() == 1);
}

TEST_CASE("alpn link: a peer that speaks HTTP/1.1 gets the first packet on the first connection") {
    const auto protocols = GENERATE(true, false) ? std::vector<std::string>{"http/1.1"} : std::vector<std::string>{};
    world w{protocols};
    for (const std::string prepare : {"one", "two", "three"}) CHECK(w.outcome_of(prepare) == prepare);
    CHECK(w.peer.over_http1 == 3);
    CHECK(w.peer.connections.size() == 1);
    CHECK(w.link().connection_count() == 1);
    CHECK(w.link().trouble().empty());
}

TEST_CASE("alpn link: many packets that wait for the choice are all sent in the version that was chosen") {
    const bool is_http2 = GENERATE(true, false);
    world w{is_http2 ? both_versions : std::vector<std::string>{"http/1.1"}};
    std::vector<carried_packet*> packets;
    for (int i = 0; i < 300; ++i) packets.push_back(&w.send("packet " + std::to_string(i)));
    CHECK(w.link().waiting_count() == 300);
    w.run_until([&] { return w.outcomes.outcomes.size() == 300; });
    for (int i = 0; i < 300; ++i)
        CHECK(w.outcome(*packets[static_cast<std::size_t>(i)]) == "packet " + std::to_string(i));
    CHECK((is_http2 ? w.peer.over_http2 : w.peer.over_http1) == 300);
    CHECK(w.link().connection_count() <= 10);
    CHECK(w.link().waiting_count() == 0);
}

TEST_CASE("alpn link: a peer may choose anew on each connection") {
    world w;
    CHECK(w.outcome_of("one") == "one");
    for (const bool is_http2 : {false, true, false, false, true}) {
        w.peer.protocols = is_http2 ? both_versions : std::vector<std::string>{"http/1.1"};
        w.peer.end_all();
        w.run_until([&] { return w.link().connection_count() == 0; });
        const int before = is_http2 ? w.peer.over_http2 : w.peer.over_http1;
        CHECK(w.outcome_of("next") == "next");
        CHECK((is_http2 ? w.peer.over_http2 : w.peer.over_http1) == before + 1);
    }
    CHECK(w.link().trouble().empty());
}

TEST_CASE("alpn link: a peer that has connections over HTTP/1.1 is asked again at times") {
    world w{{"http/1.1"}};
    w.ask_again_after = 1ms;
    CHECK(w.outcome_of("one") == "one");
    SECTION("and begins to speak HTTP/2: the packets on the old connections get their answers") {
        w.peer.connections[0].does = conduct::takes;
        const auto& slow = w.send("slow");
        w.run_until([&] { return w.peer.taken["slow"] == 1; });
        w.peer.protocols = both_versions;
        for (int i = 0; w.peer.over_http2 == 0; ++i) {
            REQUIRE(i < 10'000);
            CHECK(w.outcome_of("again") == "again");
        }
        CHECK(w.outcome(slow).empty());
        ilp::append(w.peer.connections[0].output, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow");
        w.run_until([&] { return !w.outcome(slow).empty(); });
        CHECK(w.outcome(slow) == "slow");
        w.run_until([&] { return w.peer.open() == 1; });  // the connections over HTTP/1.1 are closed
    }
    SECTION("and still wants HTTP/1.1: the connection of the question is used") {
        for (int i = 0; w.peer.connections.size() < 3; ++i) {
            REQUIRE(i < 10'000);
            CHECK(w.outcome_of("again") == "again");
        }
        CHECK(w.peer.over_http2 == 0);
    }
    SECTION("and cannot be reached: nobody notices") {
        w.peer.listener.close();
        for (int i = 0; i < 20; ++i) CHECK(w.outcome_of(std::to_string(i)) == std::to_string(i));
        CHECK(w.link().trouble().empty());
    }
}

TEST_CASE("alpn link: a peer that speaks HTTP/2 and takes no packet over it gets them over HTTP/1.1") {
    const auto does = GENERATE(conduct::refuses, conduct::wants_http1, conduct::says_goaway);
    world w{both_versions, does};
    int answered = 0;
    for (int i = 0; answered < 10; ++i) {
        REQUIRE(i < 100);
        const std::string text = std::to_string(i);
        const std::string outcome = w.outcome_of(text);
        if (outcome == text) ++answered;
        CHECK(w.peer.taken[text] == (outcome == text ? 1 : 0));
    }
    CHECK(w.peer.over_http1 == 10);
    CHECK(w.peer.over_http2 == 0);
}

TEST_CASE("alpn link: packets that wait while HTTP/2 turns out to be useless are not lost") {
    const auto does = GENERATE(conduct::ends_at_once, conduct::resets_hello);
    world w{both_versions, does};
    std::vector<carried_packet*> packets;
    for (int i = 0; i < 20; ++i) packets.push_back(&w.send("packet " + std::to_string(i)));
    w.run_until([&] { return w.outcomes.outcomes.size() == 20; });
    for (int i = 0; i < 20; ++i)
        CHECK(w.outcome(*packets[static_cast<std::size_t>(i)]) == "packet " + std::to_string(i));
    CHECK(w.link().trouble().empty());
    const auto connections = w.peer.connections.size();
    CHECK(w.outcome_of("next") == "next");
    CHECK(w.peer.connections.size() == connections);
}

TEST_CASE("alpn link: HTTP/2 is not avoided while HTTP/1.1 fails as well") {
    world w{both_versions, conduct::resets_all};
    SECTION("because the peer has ended every connection for a while") {
        CHECK(w.outcome_of("one") == "next_hop_unreachable");
        CHECK(w.link().trouble().contains("the connection ended during the TLS handshake"));
        w.peer.does = conduct::echoes;
        w.run_until([&] {  // it is connected to again after a pause
            if (w.link().connection_count() == 0) w.send("again");
            return w.peer.over_http2 != 0;
        });
        CHECK(w.link().trouble().empty());
    }
    SECTION("because the peer speaks HTTP/2 only, and one handshake broke") {
        w.peer.protocols = {"h2"};
        w.peer.does = conduct::resets_hello;
        CHECK(w.outcome_of("one") == "next_hop_answered_nonsense");
        w.peer.does = conduct::echoes;
    }
    for (const std::string prepare : {"two", "three"}) CHECK(w.outcome_of(prepare) == prepare);
    CHECK(w.peer.over_http1 == 0);
}

TEST_CASE("alpn link: nobody listens") {
    world w;
    w.peer.listener.close();
    CHECK(w.outcome_of("one") == "next_hop_unreachable");
    CHECK(w.link().trouble().contains("unreachable"));
    CHECK(w.outcome_of("two") == "next_hop_unreachable");
}

TEST_CASE("alpn link: a server that is not the peer's gets no packet, in neither version") {
    world w;
    const support::authority another;
    w.settings.ca_file = config::trusted_certificates{.file = {}, .pem = another.certificate()};
    CHECK(w.outcome_of("one") == "next_hop_unreachable");
    CHECK(w.link().trouble().contains("certificate"));
    CHECK(w.peer.taken.empty());
}

TEST_CASE("alpn link: the log says why HTTP/2 is avoided") {
    world w;
    w.name = "a peer with another certificate";
    const support::authority another;
    w.settings.ca_file = config::trusted_certificates{.file = {}, .pem = another.certificate()};
    const std::string log = connector::testing::captured([&] { CHECK(w.outcome_of("one") == "next_hop_unreachable"); });
    INFO(log);
    const std::size_t line = log.find("packets to the peer use HTTP/1.1 for now");
    REQUIRE(line != std::string::npos);
    CHECK(log.substr(line, log.find('\n', line) - line).contains("not trusted here"));
}

TEST_CASE("alpn link: a retired link finishes its packets") {
    const auto protocols = GENERATE(true, false) ? both_versions : std::vector<std::string>{"http/1.1"};
    world early{protocols};  // retired before the choice
    const auto& waits = early.send("one");
    early.link().retire();
    CHECK_FALSE(early.link().is_done());
    early.run_until([&] { return early.link().is_done(); });
    CHECK(early.outcome(waits) == "one");

    world idle{protocols};
    CHECK(idle.outcome_of("one") == "one");
    idle.loop.enter();
    idle.link().retire();
    idle.run_until([&] { return idle.link().is_done(); });
    CHECK(idle.link().connection_count() == 0);
}

TEST_CASE("alpn link: a packet is withdrawn or forgotten in whichever version it is") {
    const auto protocols = GENERATE(true, false) ? both_versions : std::vector<std::string>{"http/1.1"};
    world w{protocols, conduct::takes};
    auto& waits = w.send("waits");
    CHECK(w.link().withdraw(waits) == reject_reason::next_hop_unreachable);
    auto& sent = w.send("sent");
    w.run_until([&] { return w.peer.taken["sent"] == 1; });
    CHECK_FALSE(w.link().withdraw(sent));
    w.loop.enter();
    w.link().forget(sent);
    w.peer.does = conduct::echoes;
    for (auto& each : w.peer.connections) each.does = conduct::echoes;
    CHECK(w.outcome_of("next") == "next");
    CHECK(w.outcome(sent).empty());
}

TEST_CASE("alpn link: whatever a peer does, each packet has one outcome and is processed at most once") {
    std::size_t answered = 0;
    std::size_t sent = 0;
    for (unsigned seed = 1; seed <= 12; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random{seed};
        world w;
        w.ask_again_after = std::chrono::milliseconds{random() % 20};
        std::vector<std::pair<std::string, carried_packet*>> packets;
        for (int round = 0; round < 60; ++round) {
            switch (random() % 5) {
                case 0:
                    w.peer.protocols = random() % 2 == 0 ? both_versions : std::vector<std::string>{"http/1.1"};
                    break;
                case 1:
                    w.peer.does = static_cast<conduct>(random() % 8);
                    if (w.peer.does == conduct::takes) w.peer.does = conduct::echoes;
                    break;
                case 2:
                    if (random() % 3 == 0) w.peer.end_all();
                    break;
                case 3:
                    for (auto& each : w.peer.connections) {
                        if (each.is_open() && random() % 4 == 0) support::reset(each.socket);
                    }
                    break;
                default:
                    break;
            }
            for (auto left = random() % 20; left != 0; --left) {
                const std::string text = std::to_string(packets.size());
                packets.emplace_back(text, &w.send(text));
            }
            const auto enough = random() % (packets.size() + 1);
            for (int steps = 0; steps < 50 && w.outcomes.outcomes.size() < enough; ++steps) {
                w.peer.step();
                w.loop.context().run_one_for(1ms);
                // Otherwise they would wait for ever.
                CHECK((w.link().waiting_count() == 0 || w.link().connection_count() != 0));
            }
        }
        w.peer.does = conduct::echoes;
        for (auto& each : w.peer.connections) each.does = conduct::echoes;
        w.run_until([&] { return w.outcomes.outcomes.size() == packets.size(); });
        sent += packets.size();
        for (const auto& [text, packet] : packets) {
            const std::string outcome = w.outcome(*packet);
            if (outcome == text) ++answered;
            INFO(text << " " << outcome);
            CHECK((outcome == text || outcome.starts_with("next_hop_")));
            CHECK(outcome.find("next_hop_", 1) == std::string::npos);
            CHECK(w.peer.taken[text] <= 1);
            if (outcome == text) CHECK(w.peer.taken[text] == 1);
        }
    }
    CHECK(answered > sent / 4);
}

}  // namespace alpn_link_test

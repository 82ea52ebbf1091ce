#include "ilp/address.hpp"
#include "tests/integration/administered.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

namespace admin_load_test {

// Operators change peers as fast as possible while packets flow.
namespace {

using namespace support;
using namespace std::chrono_literals;
namespace json = boost::json;

constexpr std::uint64_t deposit = 1'000'000'000;
constexpr std::uint64_t amount_max = 1000;
constexpr int operators = 3;
constexpr int connections_each = 2;
constexpr std::chrono::seconds churning_time{4};

/// Failures reported by any thread. Catch2 may only be used by the test's own.
class faults {
public:
    void add(const std::string& what) {
        const std::lock_guard lock{mutex_};
        if (++count_ <= 10) text_ += what + "\n";
    }
    void expect(bool holds, const std::string& what) {
        if (!holds) add(what);
    }
    void expect(const std::string& found, const std::string& wanted, const std::string& what) {
        if (found != wanted) add(what + ": " + found + " instead of " + wanted);
    }
    std::string text() const {
        const std::lock_guard lock{mutex_};
        return count_ == 0 ? "" : std::to_string(count_) + " faults:\n" + text_;
    }

private:
    mutable std::mutex mutex_;
    std::string text_;
    std::size_t count_ = 0;
};

/// A next hop with two endpoints. It fulfills packets addressed to it and reports everything else as a fault.
class recipient {
public:
    recipient(std::string name, faults& seen) : name_{std::move(name)}, faults_{seen} {
        for (fake_peer& place : places_) {
            place.set_script([this](const http_message& request) {
                const std::string destination = decode_prepare(request.body).destination;
                const std::string bearer = request.header("authorization").value_or("none");
                faults_.expect(ilp::covers("test." + name_, destination), name_ + " got a packet for " + destination);
                faults_.expect(bearer == "Bearer " + token_for(name_) || bearer == "Bearer " + second_token(),
                               name_ + " was shown " + bearer);
                ++received_;
                return answer_fulfill(request);
            });
        }
    }

    const std::string& name() const noexcept { return name_; }
    std::string second_token() const { return "second-token-for-" + name_; }
    std::uint16_t port(std::size_t place = 0) const { return places_[place % 2].port(); }
    std::uint64_t received() const { return received_; }

private:
    const std::string name_;
    faults& faults_;
    std::atomic<std::uint64_t> received_{0};
    std::array<fake_peer, 2> places_;
};

/// Sends to the others and expects every packet to be fulfilled.
void send_steadily(const std::string& self, const std::deque<recipient>& others, std::uint16_t port, faults& seen,
                   std::atomic<std::uint64_t>& fulfilled, const std::atomic<bool>& enough) {
    std::mt19937 random{std::random_device{}()};
    http_connection connection{port};
    while (!enough) {
        const std::string& other = others[random() % others.size()].name();
        if (other == self) continue;
        const prepare sent{.amount = 1 + random() % amount_max,
                           .destination = "test." + other + ".x",
                           .data = random_bytes(8),
                           .expires_in = 25s};
        const std::string result = outcome(connection.exchange(ilp_request(encode(sent), self)));
        if (result != "fulfill") return seen.add("a packet of " + self + " to " + other + ": " + result);
        ++fulfilled;
    }
}

/// A peer that is created, changed and deleted again and again, while another thread tries its tokens.
class churned_peer {
public:
    churned_peer(const administered& a, const std::string& name, faults& seen)
        : a_{a}, name_{name}, faults_{seen}, place_{name, seen}, own_{a.r.d, 2} {}

    /// Sends with a token that is no longer valid, and with one that is just being created, used, disabled or replaced.
    void probe(const std::atomic<bool>& enough) {
        std::optional<http_connection> connection;
        const auto post = [&](std::uint64_t number) {
            const prepare nothing{.amount = 0, .data = random_bytes(8)};
            if (!connection) connection.emplace(a_.r.d.port());
            const auto response = connection->exchange(many_connections::request(nothing, token(number)));
            if (!response || response->header("connection") == "close") connection.reset();
            return outcome(response);
        };
        while (!enough) {
            const std::uint64_t dead = dead_;
            if (dead != 0) faults_.expect(post(dead), "HTTP 401", name_ + ": a dead token");
            const std::string result = post(dead + 1);
            faults_.expect(result == "fulfill" || result == "HTTP 401" || result == "T00",
                           name_ + ": a packet meanwhile: " + result);
            ++probes_;
            std::this_thread::sleep_for(500us);  // leaves time for the other threads
        }
    }

    void churn(const std::atomic<bool>& enough) {
        try {
            for (int round = 0; !enough; ++round) live_once(round);
        } catch (const std::exception& error) {
            faults_.add(name_ + ": " + error.what());
        }
    }

    std::uint64_t mutations() const { return mutations_; }
    std::uint64_t probes() const { return probes_; }

private:
    std::string token(std::uint64_t number) const { return name_ + "-token-" + std::to_string(number); }

    void change(const char* mutation, json::object input) {
        static_cast<void>(a_.admin.mutate(mutation, std::move(input)).field());
        ++mutations_;
    }

    void live_once(int round) {
        const std::string elsewhere = "test." + name_ + "-elsewhere";
        json::object wanted = peer_input(name_, a_.usd, place_.port());
        wanted["http"] = http_input(place_.port(), token_for(name_), token(++newest_));
        const std::string id = text_at(a_.admin.mutate("createPeer", wanted).field().at("peer"), "id");
        ++mutations_;
        expect_from("fulfill", newest_, "a new peer's packet");
        expect_to("fulfill", "test." + name_ + ".x");
        expect_to("F02", elsewhere);

        change("updatePeer", {{"id", id},
                              {"http", http_input(place_.port(1), place_.second_token(), token(++newest_))},
                              {"routes", json::array{"test." + name_ + "." + std::to_string(round)}}});
        dead_ = newest_ - 1;
        expect_from("HTTP 401", newest_ - 1, "a replaced token");
        expect_from("fulfill", newest_, "a new token");
        expect_to("fulfill", "test." + name_ + "." + std::to_string(round));

        change("updatePeer", {{"id", id}, {"staticIlpAddress", elsewhere}, {"routes", json::array{}}});
        expect_to("F02", "test." + name_ + ".x");
        change("updatePeer", {{"id", id}, {"staticIlpAddress", "test." + name_}, {"name", nullptr}});
        expect_to("fulfill", "test." + name_ + ".y");

        change("setPeerEnabled", {{"id", id}, {"enabled", false}});
        expect_from("T00", newest_, "a disabled peer's packet");
        expect_to("T01", "test." + name_ + ".x");
        change("setPeerEnabled", {{"id", id}, {"enabled", true}});
        expect_from("fulfill", newest_, "an enabled peer's packet");

        a_.admin.deposit(id, 5);
        change("createPeerLiquidityWithdrawal", {{"peerId", id},
                                                 {"amount", 5},
                                                 {"id", random_uuid()},
                                                 {"timeoutSeconds", 0},
                                                 {"idempotencyKey", random_uuid()}});
        ++mutations_;
        change("deletePeer", {{"id", id}});
        dead_ = newest_;
        expect_from("HTTP 401", newest_, "a deleted peer's packet");
        expect_to("F02", "test." + name_ + ".x");
    }

    void expect_from(const std::string& wanted, std::uint64_t number, const std::string& what) {
        const prepare nothing{.amount = 0, .data = random_bytes(8)};
        faults_.expect(own_.post(nothing, token(number)), wanted, name_ + ": " + what);
    }
    void expect_to(const std::string& wanted, const std::string& destination) {
        const prepare nothing{.amount = 0, .destination = destination, .data = random_bytes(8)};
        faults_.expect(own_.post(nothing, token_of("p1")), wanted, "a packet to " + destination);
    }

    const administered& a_;
    const std::string name_;
    faults& faults_;
    recipient place_;
    many_connections own_;
    std::uint64_t newest_ = 0;            // tokens are numbered, and each is used only once
    std::atomic<std::uint64_t> dead_{0};  // the newest token that is no longer valid
    std::atomic<std::uint64_t> mutations_{0};
    std::atomic<std::uint64_t> probes_{0};
};

}  // namespace

TEMPLATE_TEST_CASE("admin: under load every change applies from its answer on, and affects no other packet", "",
                   on_sqlite, on_postgresql) {
    faults seen;
    std::deque<recipient> steady;
    for (const char* name : {"s0", "s1", "s2", "s3"}) steady.emplace_back(name, seen);
    administered a{
        TestType::kind, [&](daemon_terms& terms) {
            terms.log_level = "info";
            for (std::size_t i = 0; i < 2; ++i) {
                terms.peers.push_back({.name = steady[i].name(), .port = steady[i].port(), .liquidity = deposit});
            }
        }};
    std::vector<std::string> ids;
    for (std::size_t i = 2; i < 4; ++i) ids.push_back(a.create_peer(steady[i].name(), steady[i].port(), deposit));

    std::deque<churned_peer> churned;
    for (int i = 0; i < operators; ++i) churned.emplace_back(a, "c" + std::to_string(i), seen);
    std::atomic<bool> enough{false};
    std::atomic<std::uint64_t> fulfilled{0};
    std::atomic<std::uint64_t> updates{0};
    {
        std::vector<std::jthread> threads;
        for (const recipient& self : steady) {
            for (int i = 0; i < connections_each; ++i) {
                threads.emplace_back(
                    [&] { send_steadily(self.name(), steady, a.r.d.port(), seen, fulfilled, enough); });
            }
        }
        for (churned_peer& peer : churned) {
            threads.emplace_back([&] { peer.churn(enough); });
            threads.emplace_back([&] { peer.probe(enough); });
        }
        // The steady peers of the Admin API also change their endpoints back and forth, without losing packets.
        threads.emplace_back([&] {
            try {
                for (std::size_t i = 0; !enough; ++i) {
                    const recipient& moved = steady[2 + i % 2];
                    const std::size_t place = i / 2;
                    json::object input{{"http", http_input(moved.port(place), place % 4 < 2 ? moved.second_token()
                                                                                            : token_for(moved.name()))},
                                       {"maxPacketAmount", amount_max + i},
                                       {"routes", json::array{"test." + moved.name() + "." + std::to_string(i)}}};
                    a.admin.update_peer(ids[i % 2], std::move(input));
                    ++updates;
                }
            } catch (const std::exception& error) {
                seen.add(error.what());
            }
        });
        const auto end = std::chrono::steady_clock::now() + churning_time;
        while (std::chrono::steady_clock::now() < end && seen.text().empty()) std::this_thread::sleep_for(10ms);
        enough = true;
    }
    CHECK(seen.text() == "");
    std::uint64_t mutations = updates;
    std::uint64_t probes = 0;
    for (const churned_peer& peer : churned) {
        mutations += peer.mutations();
        probes += peer.probes();
        CHECK(peer.mutations() > 0);
        CHECK(peer.probes() > 0);
    }
    std::uint64_t received = 0;
    for (const recipient& peer : steady) received += peer.received();
    CHECK(fulfilled == received);
    CHECK(a.r.d.running());

    a.r.d.wait_until_idle();
    const auto sum_of = [&] {
        std::uint64_t sum = 0;
        for (const recipient& peer : steady) sum += a.r.d.liquidity(peer.name());
        return sum;
    };
    CHECK(sum_of() == 4 * deposit);
    CHECK(a.r.d.liquidity("p1") == default_liquidity);
    CHECK(a.r.d.audit().status == 0);
    a.kill9_and_start();
    CHECK(sum_of() == 4 * deposit);
    CHECK(a.r.d.audit().status == 0);
    WARN(mutations << " mutations beside " << fulfilled << " steady packets and " << probes << " probes");
}

}  // namespace admin_load_test

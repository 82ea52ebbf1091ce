#include "tests/integration/neighbourhood.hpp"

#include "tests/support/expectations.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <system_error>

namespace support {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t large_scale = 9;
constexpr std::uint8_t small_scale = 6;

std::uint64_t converted(std::uint64_t amount, std::uint8_t from, std::uint8_t to) {
    if (from == to) return amount;
    return from > to ? amount / 1000 : amount * 1000;
}

}  // namespace

neighbourhood::neighbourhood(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        neighbour& added = neighbours_.emplace_back("n" + std::to_string(i), i + 1 < size ? large_scale : small_scale);
        added.server.set_script([&added](const http_message& request) {
            const received_prepare prepare = decode_prepare(request.body);
            if (prepare.amount % 4 == 3) return answer_reject("F99");
            added.promised += prepare.amount;
            return answer_fulfill(request);
        });
    }
}

daemon_terms neighbourhood::terms(std::string store) const {
    daemon_terms terms;
    terms.log_level = "info";
    terms.connector = {"workers: 2"};
    terms.store = std::move(store);
    terms.assets = {{"USD", large_scale, deposit}, {"USD", small_scale, deposit}};
    for (const neighbour& n : neighbours_) {
        terms.peers.push_back({.name = n.name, .port = n.server.port(), .scale = n.scale, .liquidity = deposit});
    }
    return terms;
}

neighbourhood::load::load(neighbourhood& peers, const ilpd_daemon& d, int connections_each) {
    for (neighbour& self : peers.neighbours_) {
        for (int i = 0; i < connections_each; ++i) {
            threads_.emplace_back(
                [&peers, &self, port = d.port()](const std::stop_token& stop) { peers.send(self, port, stop); });
        }
    }
}

void neighbourhood::send(neighbour& self, std::uint16_t port, const std::stop_token& stop) {
    std::mt19937 random{std::random_device{}()};
    while (!stop.stop_requested()) {
        try {
            http_connection connection{port};
            for (bool answered = true; answered && !stop.stop_requested();) {
                neighbour& other = neighbours_[random() % neighbours_.size()];
                if (&other == &self) continue;
                const std::uint64_t amount = random() % (self.scale == small_scale ? amount_max / 1000 : amount_max);
                const prepare sent{.amount = amount,
                                   .destination = "test." + other.name + ".x",
                                   .data = random_bytes(8),
                                   .expires_in = 25s};
                const auto response = connection.exchange(ilp_request(encode(sent), self.name));
                answered = response && response->header("Connection") != "close";
                count(self, other, amount, outcome(response));
            }
        } catch (const std::system_error&) {
            ++refused_;
            std::this_thread::sleep_for(1ms);  // not listening yet, or no longer
        }
    }
}

void neighbourhood::count(neighbour& from, neighbour& to, std::uint64_t amount, const std::string& outcome) {
    const std::uint64_t arriving = converted(amount, from.scale, to.scale);
    if (outcome == "fulfill") {
        from.paid += amount;
        to.received += arriving;
    } else if (outcome == "no answer") {
        from.paid_in_doubt += amount;
        to.received_in_doubt += arriving;
    }
    const std::lock_guard lock{mutex_};
    ++answers_[outcome];
}

std::uint64_t neighbourhood::answers(const std::string& outcome) const {
    const std::lock_guard lock{mutex_};
    const auto found = answers_.find(outcome);
    return found == answers_.end() ? 0 : found->second;
}

std::string neighbourhood::report() const {
    std::uint64_t in_doubt = 0;
    std::uint64_t untold = 0;
    for (const neighbour& n : neighbours_) {
        in_doubt += n.received_in_doubt;
        untold += n.promised - n.received;
    }
    return std::to_string(answers("fulfill")) + " packets fulfilled, " + std::to_string(unanswered()) +
           " without an answer (amounts of " + std::to_string(in_doubt) + "); of these the next hops had fulfilled " +
           std::to_string(untold);
}

void neighbourhood::expect_booked(const ilpd_daemon& d, const store_place& place) const {
    d.wait_until_idle();
    const auto book = place.peers();
    const metrics shown = d.scrape();
    const auto liquidity = [&shown](std::string_view series, const metrics::labels& labels) {
        return static_cast<std::uint64_t>(shown.sum(series, labels));
    };
    std::uint64_t large = liquidity("ilp_asset_liquidity", {{"asset", "USD/9"}});
    for (const neighbour& n : neighbours_) {
        INFO(n.name << ": paid " << n.paid << " and perhaps " << n.paid_in_doubt << ", received " << n.received
                    << " and perhaps " << n.received_in_doubt << ", fulfilled " << n.promised);
        REQUIRE(book.contains(n.name));
        const auto debits = static_cast<std::uint64_t>(book.at(n.name).debits);
        const auto credits = static_cast<std::uint64_t>(book.at(n.name).credits);
        CHECK(debits >= n.paid);
        CHECK(debits <= n.paid + n.paid_in_doubt);
        CHECK(credits >= deposit + n.received);
        CHECK(credits <= deposit + n.promised);
        CHECK(n.promised <= n.received + n.received_in_doubt);
        CHECK(debits <= credits);
        const std::uint64_t balance = liquidity("ilp_peer_liquidity", {{"peer", n.name}});
        CHECK(balance == credits - debits);
        if (n.scale == large_scale) {
            large += balance;
        } else {
            CHECK(balance + liquidity("ilp_asset_liquidity", {{"asset", "USD/6"}}) == 2 * deposit);
        }
    }
    CHECK(large == deposit * neighbours_.size());  // the accounts of the larger scale: all peers but one, and the asset
    const finished_daemon audit = d.audit();
    INFO(audit.standard_error);
    CHECK(audit.status == 0);
}

}  // namespace support

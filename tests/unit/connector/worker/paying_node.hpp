#pragma once

#include "connector/routing/payment_addresses.hpp"
#include "connector/worker/worker.hpp"
#include "peering/book/payments.hpp"
#include "peering/store/store_memory.hpp"
#include "tests/conversation/world.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace connector::testing {

inline config::account_settings paying_account(const std::string& name, const std::string& code) {
    config::account_settings made;
    made.name = name;
    made.asset = {code, 9};
    return made;
}

/// A worker with the book of a daemon, whose store is in memory and whose accounts alice, bob and erin (EUR) pay each
/// other. Account alice has a million. The committer and the worker run after start().
struct paying_node {
    paying_node() {
        auto settings = conversation::usual_settings();
        settings.accounts = {paying_account("alice", "USD"), paying_account("bob", "USD"),
                             paying_account("erin", "EUR")};
        known = support::known_peers::build_or_throw(settings, keeper);
        auto rates = std::make_shared<rate_table>();
        rates->set("USD", "EUR", {.rate = ilp::parse_rate("0.5").value(), .spread = 0});
        peering::packet_transfer deposit;
        deposit.add(*find("alice").asset->settlement, *find("alice").liquidity, {1'000'000});
        REQUIRE(peering::ledger::hold(deposit.legs()));
        peering::posting_batch batch;
        batch.add(deposit.legs());
        ledger.apply(batch.postings());
        made.emplace(settings.connector, *known->directory, std::move(rates), committer, board, packet_tls{},
                     std::make_shared<expected_replies>(), secrets);
    }
    ~paying_node() {
        made->stop();
        committer.stop(std::chrono::seconds{0});
    }
    paying_node(const paying_node&) = delete;
    paying_node& operator=(const paying_node&) = delete;

    void start() {
        committer.start();
        made->start();
    }

    const peering::receiving_account& find(std::string_view name) const {
        return *known->directory->find_receiving_account_by_name(name);
    }
    std::uint64_t balance(std::string_view name) const { return find(name).liquidity->available.load(); }

    payment_run::receiver receiver(std::string_view name) {
        const auto [destination, secret] = addresses.make(find(name).id, ilp::wall_clock());
        return {destination, {secret.begin(), secret.end()}};
    }

    peering::memory_store store;
    peering::ledger ledger;
    peering::thresholds thresholds;
    peering::bookkeeper keeper{ledger, store, thresholds};
    peering::payments payments;
    std::shared_ptr<const support::known_peers> known;
    peering::committer committer{keeper};
    reachability_board board;
    std::shared_ptr<const ilp::stream::receiver_secrets> secrets = make_receiver_secrets({});
    payment_addresses addresses{ilp::address::parse("test.d").value(), secrets, std::chrono::hours{1}};
    std::optional<worker> made;
};

}  // namespace connector::testing

#include "connector/worker/make_link.hpp"

#include "config/value.hpp"
#include "tests/unit/connector/peers.hpp"
#include "tests/unit/connector/transport/recorded_outcomes.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace make_link_test {

using namespace connector;

namespace {

peering::peer peer_at(const testing::book& book, const std::string& url) {
    peering::peer peer = book.peer("bob");
    peer.outgoing.endpoint = config::packet_url().parse(url).value();
    return peer;
}

config::settings with_bob() {
    config::settings settings;
    settings.ilp_address = ilp::address::parse("test.us").value();
    settings.assets = {testing::asset_settings("USD", 9, 0)};
    settings.peers = {testing::peer_settings("bob", "USD", 9, 0)};
    return settings;
}

}  // namespace

TEST_CASE("a link whose own authorities cannot be read refuses every packet, and makes no connection") {
    const testing::book book{with_bob()};
    auto peer = peer_at(book, "https://127.0.0.1/");
    peer.outgoing.ca_file = config::trusted_certificates{.file = {}, .pem = "damaged in the store"};
    event_loop loop;
    testing::recorded_outcomes outcomes;
    loop.enter();
    const links_tls tls{tls_context::client({}).value()};
    http2::flood_counts floods;
    awaited_replies replies{loop, std::make_shared<expected_replies>()};
    const std::optional<config::http_endpoint> no_url;
    const auto link = make_link(loop, peer, std::chrono::seconds{60}, tls, floods, {no_url, replies});
    for (int i = 0; i < 3; ++i) {
        const auto refusal = link->send(outcomes.make(), ilp::as_bytes("prepare"));
        CHECK(refusal == reject_reason::next_hop_unreachable);
    }
    CHECK(link->connection_count() == 0);
    CHECK(link->waiting_count() == 0);
    CHECK_THAT(std::string{link->trouble()}, Catch::Contains("no certificate in PEM"));
    CHECK_FALSE(link->is_done());
    link->retire();
    CHECK(link->is_done());
    CHECK(outcomes.outcomes.empty());
}

TEST_CASE("a peer that moves from https to http gets another link") {
    const testing::book book{with_bob()};
    CHECK_FALSE(is_same_link(peer_at(book, "https://h/"), peer_at(book, "http://h/")));
    CHECK(is_same_link(peer_at(book, "https://h/"), peer_at(book, "https://h/")));
}

}  // namespace make_link_test

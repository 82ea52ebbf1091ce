#include "connector/routing/forwarding_table.hpp"

#include "tests/unit/connector/peers.hpp"

#include <catch2/catch.hpp>

namespace forwarding_table_test {

using namespace connector::testing;

TEST_CASE("A15-08 A15-17: a forwarding table routes every peer's own address and further prefixes to it") {
    config::settings settings;
    settings.assets = {asset_settings("USD", 9, 0)};
    settings.peers = {peer_settings("p1", "USD", 9, 0), peer_settings("p2", "USD", 9, 0)};
    settings.peers[1].routes = {"", "private.p2", "test.p1.under"};
    const book book{settings};
    const connector::forwarding_table table{ilp::address::parse("test.d").value(), book.known->directory->peers()};

    CHECK(table.own_address().text() == "test.d");
    CHECK(table.routes().size() == 5);
    CHECK(table.routes().find("test.p1.x", 1, nullptr) == &book.peer("p1"));
    CHECK(table.routes().find("test.p1.under.x", 1, nullptr) == &book.peer("p2"));
    CHECK(table.routes().find("test.p2", 1, nullptr) == &book.peer("p2"));
    CHECK(table.routes().find("private.p2.x", 1, nullptr) == &book.peer("p2"));
    CHECK(table.routes().find("test.elsewhere", 0, nullptr) == &book.peer("p2"));
    CHECK(table.routes().find("test.elsewhere", 1, nullptr) == nullptr);
}

TEST_CASE("a forwarding table finds the sender by its token, unless the path names another peer") {
    config::settings settings;
    settings.assets = {asset_settings("USD", 9, 0)};
    settings.peers = {peer_settings("p1", "USD", 9, 0), peer_settings("p2", "USD", 9, 0)};
    const book book{settings};
    connector::forwarding_table table{ilp::address::parse("test.d").value(), book.known->directory->peers()};
    const auto* const p1 = &book.peer("p1");
    const auto sender = [&](std::string_view token, std::string_view account) {
        const auto found = table.find_sender(token, account, {});
        CHECK(found.until == ilp::steady_time::max());
        return found.peer;
    };
    CHECK(sender("token-of-p1", "") == p1);
    CHECK(sender("token-of-p1", "p1") == p1);
    CHECK(sender("token-of-p1", "p2") == nullptr);
    CHECK(sender("token-of-p1", "nobody-has-this-name") == p1);
    CHECK(sender("token-of-nobody", "") == nullptr);
    CHECK(sender("token-of-nobody", "p1") == nullptr);
    CHECK(sender("", "") == nullptr);
    CHECK(sender("", "p1") == nullptr);
}

}  // namespace forwarding_table_test

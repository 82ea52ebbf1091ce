#include "connector/routing/forwarding_table.hpp"

#include "tests/unit/connector/peers.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <vector>

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
        const auto found = table.find_sender(token, account, nullptr, {});
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

TEST_CASE("a forwarding table asks for a client key where the peer's terms do, beside the token or alone") {
    const ilp::digest key = ilp::sha256(ilp::as_bytes("key"));
    const ilp::digest second_key = ilp::sha256(ilp::as_bytes("second key"));
    const ilp::digest other_key = ilp::sha256(ilp::as_bytes("key of somebody else"));
    config::settings settings;
    settings.assets = {asset_settings("USD", 9, 0)};
    settings.peers = {peer_settings("p1", "USD", 9, 0), peer_settings("p2", "USD", 9, 0),
                      peer_settings("p3", "USD", 9, 0)};
    settings.peers[0].http.incoming.client_keys = {key, second_key};
    settings.peers[1].http.incoming.client_keys = {key};
    settings.peers[1].http.incoming.auth_tokens.clear();
    const book book{settings};
    connector::forwarding_table table{ilp::address::parse("test.d").value(), book.known->directory->peers()};
    const auto sender = [&](std::string_view token, std::string_view account, const ilp::digest* shown = nullptr) {
        return table.find_sender(token, account, shown, {}).peer;
    };
    const auto* const p1 = &book.peer("p1");
    const auto* const p2 = &book.peer("p2");
    const auto* const p3 = &book.peer("p3");

    CHECK(sender("token-of-p1", "", &key) == p1);
    CHECK(sender("token-of-p1", "", &second_key) == p1);
    CHECK(sender("token-of-p1", "", &other_key) == nullptr);
    CHECK(sender("token-of-p1", "") == nullptr);

    CHECK(sender("", "", &key) == p2);
    CHECK(sender("", "p2", &key) == p2);
    CHECK(sender("", "p1", &key) == nullptr);
    CHECK(sender("any token", "", &key) == p2);
    CHECK(sender("token-of-p2", "") == nullptr);
    CHECK(sender("", "", &other_key) == nullptr);
    CHECK(sender("", "", &second_key) == nullptr);  // p1 has a token, so its key alone does not do

    CHECK(sender("token-of-p3", "", &key) == p3);  // no key is asked for, and any may be shown
    CHECK(sender("token-of-p3", "") == p3);

    // The hash of a key is public, and must not do as a token.
    CHECK(sender(ilp::as_text(key), "") == nullptr);

    const auto& directory = *book.known->directory;
    table.apply(std::vector<peering::peer_update>{{directory.find_peer_by_name("p2"), nullptr}});
    CHECK(sender("", "", &key) == nullptr);
}

TEST_CASE("a forwarding table knows the receiving accounts by their ids, and follows changes") {
    config::settings settings;
    settings.assets = {asset_settings("USD", 9, 0)};
    for (const char* const name : {"alice", "carol"}) {
        config::account_settings& account = settings.accounts.emplace_back();
        account.name = name;
        account.asset = {"USD", 9};
    }
    const book book{settings};
    const auto& directory = *book.known->directory;
    const auto alice = directory.find_receiving_account_by_name("alice");
    const auto carol = directory.find_receiving_account_by_name("carol");
    connector::forwarding_table table{ilp::address::parse("test.d").value(), {}, directory.receiving_accounts()};
    CHECK(table.find_receiving_account(alice->id) == alice.get());
    CHECK(table.find_receiving_account(carol->id) == carol.get());
    CHECK(table.find_receiving_account(0) == nullptr);
    CHECK(table.find_receiving_account(carol->id + 1) == nullptr);

    auto disabled = std::make_shared<peering::receiving_account>(*alice);
    disabled->enabled = false;
    auto added = std::make_shared<peering::receiving_account>(*carol);
    added->id = carol->id + 5;
    table.apply(std::vector<peering::receiving_account_update>{{alice, disabled}, {carol, nullptr}, {nullptr, added}});
    CHECK(table.find_receiving_account(alice->id) == disabled.get());
    CHECK(table.find_receiving_account(carol->id) == nullptr);
    CHECK(table.find_receiving_account(added->id) == added.get());
}

}  // namespace forwarding_table_test

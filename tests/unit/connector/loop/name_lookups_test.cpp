#include "connector/loop/name_lookups.hpp"

#include "tests/support/fake_peer.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace name_lookups_test {

using namespace connector;
using boost::asio::ip::tcp;

namespace {

/// A resolver that finds 127.0.0.1 for each name. It holds back those that begin with "slow" until the gate is open.
/// The threads of look-ups may outlive the test, so they own what they use.
struct resolver {
    std::shared_ptr<support::gate> gate = std::make_shared<support::gate>();
    std::shared_ptr<std::atomic<int>> calls = std::make_shared<std::atomic<int>>(0);

    std::function<found_addresses(const std::string&)> look_up() const {
        return [held = gate, count = calls](const std::string& host) -> found_addresses {
            ++*count;
            if (host.starts_with("slow")) held->wait(support::patience);
            return {{}, {tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}}};
        };
    }
};

}  // namespace

TEST_CASE("name look-ups: a name whose servers are silent does not delay others") {
    const resolver r;
    boost::asio::io_context context{1};
    name_lookups lookups{context, r.look_up()};
    std::string order;
    lookups.start("slow", [&](const auto&) { order += "slow "; });
    lookups.start("quick", [&](const found_addresses& found) {
        CHECK(found.addresses.size() == 1);
        order += "quick ";
        r.gate->open();
    });
    CHECK(order.empty());
    context.run();  // ends because the loop has no more work than the look-ups
    CHECK(order == "quick slow ");
}

TEST_CASE("name look-ups: who asks for a name that is being looked up gets the same result") {
    const resolver r;
    boost::asio::io_context context{1};
    name_lookups lookups{context, r.look_up()};
    int answers = 0;
    for (int i = 0; i < 5; ++i) lookups.start("slow", [&](const auto&) { ++answers; });
    r.gate->open();
    context.run();
    CHECK(answers == 5);
    CHECK(*r.calls == 1);
    context.restart();
    lookups.start("slow", [&](const auto&) { ++answers; });
    context.run();
    CHECK(answers == 6);
    CHECK(*r.calls == 2);  // a result is not kept
}

TEST_CASE("name look-ups: their number is bounded, and the others follow") {
    const resolver r;
    boost::asio::io_context context{1};
    name_lookups lookups{context, r.look_up()};
    std::size_t answers = 0;
    const std::size_t asked = name_lookups::threads_max + 5;
    for (std::size_t i = 0; i < asked; ++i) {
        lookups.start("slow" + std::to_string(i), [&](const auto&) { ++answers; });
    }
    while (*r.calls < static_cast<int>(name_lookups::threads_max)) context.poll();
    CHECK(answers == 0);
    r.gate->open();
    context.run();
    CHECK(answers == asked);
    CHECK(*r.calls == static_cast<int>(asked));
}

TEST_CASE("name look-ups: nobody waits for one at the end") {
    const resolver r;
    bool called = false;
    {
        boost::asio::io_context context{1};
        name_lookups lookups{context, r.look_up()};
        lookups.start("slow", [&](const auto&) { called = true; });
        while (*r.calls == 0) context.poll();
    }
    r.gate->open();
    CHECK_FALSE(called);
}

TEST_CASE("name look-ups: the system knows this host, and no name that cannot exist") {
    const auto found = look_up_name("localhost");
    CHECK_FALSE(found.error);
    REQUIRE_FALSE(found.addresses.empty());
    for (const auto& address : found.addresses) CHECK(address.address().is_loopback());
    CHECK(look_up_name("no-such-name.invalid").error);
}

}  // namespace name_lookups_test

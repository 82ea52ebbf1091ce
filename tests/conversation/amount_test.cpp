#include "tests/conversation/world.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <random>

namespace amount_test {

using namespace conversation;

namespace {

constexpr std::uint64_t amount_max = std::numeric_limits<std::uint64_t>::max();

/// Allows amounts up to the largest, between p1 and p2 in the finer scale and "cents": 10^7 units of the finer scale
/// are 1 of the other. The liquidity of the finer asset limits how much it can take and give.
config::settings rich_settings(std::uint64_t asset_liquidity = amount_max / 2) {
    config::settings settings = usual_settings();
    settings.assets = {asset("USD", 9, asset_liquidity), asset("USD", 2, 10'000'000'000'000)};
    settings.peers = {peer("p1", "USD", 9, amount_max), peer("p2", "USD", 9, 0),
                      peer("cents", "USD", 2, 10'000'000'000'000)};
    return settings;
}

std::string f08_data(const world& d, const decision& refused) {
    const auto reject = d.reject_of(refused);
    REQUIRE(reject.code == "F08");
    return vectors::to_hex(reject.data);
}

std::string hex(std::uint64_t received, std::uint64_t maximum) {
    return vectors::to_hex(ilp::serialize({{received}, {maximum}}));
}

}  // namespace

TEST_CASE(
    "A27-03 A27-04 A27-05 A27-06 A34-12: only amount and expiry differ between the packet in and the packet out") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    std::vector<std::size_t> sizes{0, 1, 127, 128, 255, 256, 65, 70, 71, 32'767};
    for (int i = 0; i < 200; ++i) sizes.push_back(random() % 32'768);
    world d{rich_settings()};
    for (const std::size_t size : sizes) {
        CAPTURE(size);
        prepare sent{.amount = 10'000'000 * (random() % 1000),
                     .destination = "test.cents." + std::string(random() % 900 + 1, 'x')};
        sent.data.resize(size);
        std::ranges::generate(sent.data, [&random] { return static_cast<ilp::octet>(random()); });
        std::ranges::generate(sent.condition, [&random] { return static_cast<ilp::octet>(random()); });
        const ilp::bytes in = d.encode(sent);
        const decision decided = d.send("p1", in);
        REQUIRE(decided.what == step::go_on);
        const ilp::bytes out{decided.forwarded().begin(), decided.forwarded().end()};

        // The outgoing packet equals the encoding of the sent one with the two fields changed.
        prepare expected = sent;
        expected.amount = sent.amount / 10'000'000;
        expected.expires_at = d.now.wall + sent.expires_in - 1s;
        CHECK(out == d.encode(expected));
        REQUIRE(out.size() == in.size());
        const std::size_t contents = in[1] < 0x80 ? 2U : 2U + (in[1] & 0x7fU);
        for (std::size_t i = 0; i < in.size(); ++i) {
            const bool may_differ = i >= contents && i < contents + 25;
            if (!may_differ && in[i] != out[i]) FAIL("octet " << i << " differs");
        }
        d.release(decided);
    }
}

TEST_CASE("A27-30: at the same scale every amount is forwarded unchanged") {
    world d{rich_settings()};
    for (const std::uint64_t amount :
         {std::uint64_t{0}, std::uint64_t{1}, (std::uint64_t{1} << 53) - 1, std::uint64_t{1} << 53,
          (std::uint64_t{1} << 53) + 1, (std::uint64_t{1} << 63) - 1, std::uint64_t{1} << 63, amount_max}) {
        CAPTURE(amount);
        const decision decided = d.send("p1", prepare{.amount = amount});
        REQUIRE(decided.what == step::go_on);
        CHECK(decided.context.prepare->amount().value == amount);
        d.release(decided);
    }
    CHECK(d.at_rest());
}

TEST_CASE("A27-31 A32-10: amount 0 is forwarded at any rate and changes no balance") {
    auto settings = usual_settings();
    settings.peers[0].liquidity = {0};
    settings.peers[3].liquidity = {0};
    world d{settings};
    for (const auto& [from, to] :
         {std::pair{"p1", "test.p2"}, std::pair{"p1", "test.cents"}, std::pair{"cents", "test.p1"}}) {
        const decision decided = d.send(from, prepare{.amount = 0, .destination = to});
        REQUIRE(decided.what == step::go_on);
        CHECK(decided.context.prepare->amount().is_zero());
        CHECK(decided.context.transfer.empty());
    }
    CHECK(d.at_rest());
}

TEST_CASE("A27-32 A27-69: an amount that converts to 0 is rejected with R01") {
    world d;
    for (const std::uint64_t amount : {1U, 9'999'999U}) {
        const decision refused = d.send("p1", prepare{.amount = amount, .destination = "test.cents"});
        CHECK(refused.refused_with(reject_reason::converts_to_zero));
        CHECK(d.code_of(refused) == "R01");
    }
}

TEST_CASE("A27-33: amounts are converted exactly, and rounded down") {
    const auto forwarded = [](world& d, std::string_view from, std::uint64_t amount, const char* to) {
        const decision decided = d.send(from, prepare{.amount = amount, .destination = to});
        REQUIRE(decided.what == step::go_on);
        d.release(decided);
        return decided.context.prepare->amount().value;
    };
    world down{rich_settings(0)};
    CHECK(forwarded(down, "p1", 10'000'000, "test.cents") == 1);
    CHECK(forwarded(down, "p1", 19'999'999, "test.cents") == 1);
    CHECK(forwarded(down, "p1", amount_max, "test.cents") == amount_max / 10'000'000);
    world up{rich_settings(amount_max)};
    CHECK(forwarded(up, "cents", 1, "test.p2") == 10'000'000);
    CHECK(forwarded(up, "cents", 1'844'674'407'370, "test.p2") == 18'446'744'073'700'000'000U);
}

TEST_CASE("A27-34 A27-58: an amount that does not fit is rejected with F08 and the largest amount that does") {
    world d{rich_settings(amount_max)};
    const std::uint64_t largest = amount_max / 10'000'000;
    const decision refused = d.send("cents", prepare{.amount = largest + 1, .destination = "test.p2"});
    CHECK(refused.refused_with(reject_reason::conversion_overflow));
    CHECK(f08_data(d, refused) == hex(largest + 1, largest));
    CHECK(d.send("cents", prepare{.amount = largest, .destination = "test.p2"}).what == step::go_on);
}

TEST_CASE("A27-34 A27-36: F08 for an amount that does not fit carries the next hop's maximum if it has one") {
    auto settings = rich_settings();
    settings.peers[1].max_packet_amount = ilp::amount{25'000'000};
    world d{settings};
    const decision refused = d.send("cents", prepare{.amount = amount_max, .destination = "test.p2"});
    CHECK(f08_data(d, refused) == hex(amount_max, 2));
}

TEST_CASE("A27-35: the maximum of the incoming peer is inclusive, and its F08 has 16 octets of data") {
    auto settings = usual_settings();
    settings.peers[0].max_packet_amount = ilp::amount{1000};
    world d{settings};
    CHECK(d.send("p1", prepare{.amount = 1000}).what == step::go_on);
    CHECK(f08_data(d, d.send("p1", prepare{.amount = 1001})) == hex(1001, 1000));
    CHECK(f08_data(d, d.send("p1", prepare{.amount = amount_max})) == hex(amount_max, 1000));
}

TEST_CASE("A27-36: F08 carries the next hop's maximum in incoming units, and that amount passes") {
    auto settings = rich_settings();
    settings.peers[1].max_packet_amount = ilp::amount{25'000'000};
    settings.peers[2].max_packet_amount = ilp::amount{1000};
    world d{settings};
    const auto maximum_for = [&d](std::string_view from, std::uint64_t amount, const char* to) {
        const decision refused = d.send(from, prepare{.amount = amount, .destination = to});
        CHECK(refused.refused_with(reject_reason::amount_above_outgoing_maximum));
        REQUIRE(refused.context.maximum_amount);
        const std::uint64_t maximum = refused.context.maximum_amount->value;
        CHECK(f08_data(d, refused) == hex(amount, maximum));
        CHECK(d.send(from, prepare{.amount = maximum, .destination = to}).what == step::go_on);
        CHECK(d.send(from, prepare{.amount = maximum + 1, .destination = to}).what == step::reject);
        return maximum;
    };
    CHECK(maximum_for("p1", 25'000'001, "test.p2") == 25'000'000);
    CHECK(maximum_for("p1", 10'010'000'000, "test.cents") == 10'009'999'999);
    CHECK(maximum_for("cents", 3, "test.p2") == 2);
}

}  // namespace amount_test

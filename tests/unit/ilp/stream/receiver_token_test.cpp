#include "ilp/stream/receiver_token.hpp"

#include "ilp/address.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <set>
#include <string>

namespace stream_receiver_token_test {

namespace stream = ilp::stream;
using namespace std::chrono_literals;

const ilp::digest old_secret = ilp::sha256(ilp::as_bytes("old"));
const ilp::digest new_secret = ilp::sha256(ilp::as_bytes("new"));
const stream::token_contents contents{.account = 0x01020304, .valid_until = ilp::timestamp{1'800'000'000'123ms}};

stream::receiver_secrets secrets(std::initializer_list<ilp::digest> of) {
    return stream::receiver_secrets{std::span<const ilp::digest>{of.begin(), of.size()}};
}

TEST_CASE("A29-29: a token says for which account it is and until when it is valid") {
    stream::envelope_cipher cipher;
    const auto receiver = secrets({new_secret});
    for (const std::uint32_t account : {0U, 1U, 0xffffffffU}) {
        for (const auto until : {ilp::timestamp{}, contents.valid_until, ilp::timestamp{(1LL << 48) * 1ms - 1ms}}) {
            const stream::token_contents in{account, until};
            const auto made = receiver.make_token(cipher, in);
            const auto opened = receiver.open(cipher, made.segment);
            REQUIRE(opened);
            CHECK(opened->contents == in);
            CHECK(opened->shared_secret == made.shared_secret);
        }
    }
}

TEST_CASE("a token is one segment of an address, and says nothing to others") {
    stream::envelope_cipher cipher;
    const auto made = secrets({new_secret}).make_token(cipher, contents);
    CHECK(made.segment.size() == stream::token_size);
    CHECK(stream::looks_like_token(made.segment));
    CHECK(made.segment.find('.') == std::string::npos);
    CHECK(ilp::is_address("test.ilpd." + made.segment));
    CHECK_FALSE(stream::looks_like_token("alice"));
    CHECK_FALSE(stream::looks_like_token(""));
}

TEST_CASE("A29-01: tokens, their ids and their shared secrets differ, also for the same account and time") {
    stream::envelope_cipher cipher;
    const auto receiver = secrets({new_secret});
    std::set<std::string> segments;
    std::set<ilp::digest> shared_secrets;
    std::set<decltype(stream::opened_token::id)> ids;
    constexpr std::size_t count = 1000;
    for (std::size_t i = 0; i < count; ++i) {
        const auto made = receiver.make_token(cipher, contents);
        segments.insert(made.segment);
        shared_secrets.insert(made.shared_secret);
        ids.insert(receiver.open(cipher, made.segment).value().id);
    }
    CHECK(ids.size() == count);
    CHECK(segments.size() == count);
    CHECK(shared_secrets.size() == count);
}

TEST_CASE("A29-04: a forged or changed token is not opened") {
    stream::envelope_cipher cipher;
    const auto receiver = secrets({new_secret, old_secret});
    const std::string genuine = receiver.make_token(cipher, contents).segment;
    CHECK(receiver.open(cipher, genuine));
    for (std::size_t i = 0; i < genuine.size(); ++i) {
        for (const char c : {'A', '-', '~', '.', '\0'}) {
            std::string changed = genuine;
            changed[i] = changed[i] == c ? 'B' : c;
            CHECK_FALSE(receiver.open(cipher, changed));
        }
    }
    CHECK_FALSE(receiver.open(cipher, genuine.substr(1)));
    CHECK_FALSE(receiver.open(cipher, genuine + "A"));
    CHECK_FALSE(receiver.open(cipher, ""));
    CHECK_FALSE(receiver.open(cipher, "~" + std::string(stream::token_size - 1, 'A')));
    const std::string of_another = secrets({old_secret}).make_token(cipher, contents).segment;
    CHECK_FALSE(secrets({new_secret}).open(cipher, of_another));
}

TEST_CASE(
    "A29-31: after a secret was replaced, the tokens of the former one are opened, and have their shared secret") {
    stream::envelope_cipher cipher;
    const auto before = secrets({old_secret}).make_token(cipher, contents);
    const auto rotated = secrets({new_secret, old_secret});
    const auto opened = rotated.open(cipher, before.segment);
    REQUIRE(opened);
    CHECK(opened->contents == contents);
    CHECK(opened->shared_secret == before.shared_secret);
    const auto after = rotated.make_token(cipher, contents);
    CHECK(secrets({new_secret}).open(cipher, after.segment));
    CHECK_FALSE(secrets({old_secret}).open(cipher, after.segment));
}

TEST_CASE("a time that a token cannot hold becomes the nearest that it can") {
    stream::envelope_cipher cipher;
    const auto receiver = secrets({new_secret});
    const auto kept = [&](ilp::timestamp until) {
        return receiver.open(cipher, receiver.make_token(cipher, {1, until}).segment)->contents.valid_until;
    };
    CHECK(kept(ilp::timestamp{-1ms}) == ilp::timestamp{});
    CHECK(kept(ilp::timestamp::max()) == ilp::timestamp{(1LL << 48) * 1ms - 1ms});
}

}  // namespace stream_receiver_token_test

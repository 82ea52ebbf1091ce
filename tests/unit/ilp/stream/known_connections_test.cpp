#include "ilp/stream/known_connections.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

namespace stream_known_connections_test {

namespace stream = ilp::stream;
using namespace std::chrono_literals;

const ilp::digest server_secret = ilp::sha256(ilp::as_bytes("server secret"));

struct node {
    std::shared_ptr<const stream::receiver_secrets> secrets =
        std::make_shared<const stream::receiver_secrets>(std::span{&server_secret, 1});
    stream::envelope_cipher cipher;
    stream::known_connections connections{secrets};

    /// True if the connection found is the one of this token, which is for this account.
    bool finds(const stream::receiver_token& token, std::uint32_t account) {
        const auto* const found = connections.find(cipher, token.segment);
        if (found == nullptr) return false;
        const auto keys = stream::derive_keys(token.shared_secret);
        return found->contents == contents(account) && found->keys.encryption == keys.encryption &&
               found->keys.fulfillment == keys.fulfillment && found->id == secrets->open(cipher, token.segment)->id;
    }
    stream::receiver_token make(std::uint32_t account) { return secrets->make_token(cipher, contents(account)); }
    static stream::token_contents contents(std::uint32_t account) { return {account, ilp::timestamp{1ms} + 1h}; }
};

TEST_CASE("A29-29: a connection is found by its token at first and again") {
    node node;
    const auto one = node.make(1);
    const auto other = node.make(2);
    for (int i = 0; i < 3; ++i) {
        CHECK(node.finds(one, 1));
        CHECK(node.finds(other, 2));
    }
}

TEST_CASE("A29-29: more connections than are remembered are all found, in any order") {
    node node;
    constexpr std::uint32_t count = 3 * stream::known_connections::places;
    std::vector<stream::receiver_token> tokens;
    for (std::uint32_t i = 0; i < count; ++i) tokens.push_back(node.make(i));
    std::size_t found = 0;
    for (std::uint32_t i = 0; i < count; ++i) found += node.finds(tokens[i], i) ? 1U : 0U;
    for (std::uint32_t i = count; i > 0; --i) found += node.finds(tokens[i - 1], i - 1) ? 1U : 0U;
    CHECK(found == std::size_t{2} * count);
}

TEST_CASE("A29-04: a forged token finds nothing, and takes no place from the genuine one") {
    node node;
    const auto genuine = node.make(1);
    REQUIRE(node.finds(genuine, 1));
    for (std::size_t i = 0; i < genuine.segment.size(); ++i) {
        std::string changed = genuine.segment;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CHECK(node.connections.find(node.cipher, changed) == nullptr);
        CHECK(node.finds(genuine, 1));
    }
    for (const std::string& text : {std::string{}, std::string(stream::token_size, '\0'), genuine.segment + "A",
                                    genuine.segment.substr(1), "~" + std::string(stream::token_size - 1, '~')}) {
        CHECK(node.connections.find(node.cipher, text) == nullptr);
    }
}

}  // namespace stream_known_connections_test

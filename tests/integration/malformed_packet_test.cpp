#include "tests/integration/vectors.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

namespace malformed_packet_test {

namespace {

using namespace support;

/// Bytes that cannot be decoded are answered with F01 if they begin like a Prepare, and with HTTP 400 otherwise.
void expect_refused(const std::optional<http_message>& response, const ilp::bytes& body) {
    if (!body.empty() && body[0] == 0x0c) {
        expect_reject(response, "F01");
    } else {
        expect_status(response, 400);
    }
}

/// A Prepare to test.p2 whose expiry consists of exactly these octets.
ilp::bytes with_expiry(std::string_view digits) {
    ilp::bytes packet = encode({});
    REQUIRE(packet[1] < 0x80);
    REQUIRE(digits.size() == ilp::timestamp_size);
    std::ranges::copy(ilp::as_bytes(digits), packet.begin() + 10);
    return packet;
}

/// The body of a vector that is too long to be written out and contains a recipe instead.
ilp::bytes build_recipe(const std::string& name) {
    prepare oversize;
    if (name == "data 32768 octets") oversize.data = ilp::bytes(32768, 0xaa);
    if (name == "data 65536 octets") oversize.data = ilp::bytes(65536, 0xaa);
    REQUIRE(!oversize.data.empty());
    return encode(oversize);
}

}  // namespace

TEST_CASE("A27-51 A27-02 A35-20: every malformed Prepare of the vectors is refused, on one connection") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {"example"}; }};
    http_connection connection{r.d.port()};
    const auto vectors = integration::load_vectors("generated/ilp_prepare_malformed.json");
    std::size_t forwarded = 0;
    for (const auto& entry : vectors.at("cases").as_array()) {
        const std::string name{entry.at("name").as_string()};
        const std::string verdict{entry.at("verdict").as_string()};
        INFO(name);
        const auto* hex = entry.as_object().if_contains("hex");
        const ilp::bytes body = hex != nullptr ? from_hex(std::string{hex->as_string()}) : build_recipe(name);
        if (body.size() > 65536) {
            expect_status(r.send(body), 413);
            continue;
        }
        const auto response = connection.exchange(ilp_request(body));
        if (verdict == "expired") {
            expect_reject(response, "R00");
        } else if (name == "outer trailing octets" || name == "inner trailing octets") {
            ++forwarded;
            CHECK(r.p2.request_count() == forwarded);
        } else {
            expect_refused(response, body);
        }
    }
    CHECK(forwarded == 2);
    CHECK(r.p2.request_count() == 2);
    const prepare next;
    expect_fulfill(connection.exchange(ilp_request(encode(next))), next);
}

TEST_CASE("A27-90: every truncation of a Prepare is refused, and the connection stays usable") {
    const rig r;
    const prepare sent{.data = random_bytes(200)};
    const ilp::bytes whole = encode(sent);
    http_connection connection{r.d.port()};
    for (std::size_t size = 0; size < whole.size(); ++size) {
        INFO("first " << size << " octets");
        const ilp::bytes body{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        expect_refused(connection.exchange(ilp_request(body)), body);
    }
    r.expect_untouched();
    expect_fulfill(connection.exchange(ilp_request(encode(sent))), sent);
}

TEST_CASE("A27-91 A27-92: wrong lengths are refused") {
    const rig r;
    const ilp::bytes whole = encode({});
    const auto with_length = [&](const ilp::bytes& determinant) {
        ilp::bytes body{0x0c};
        body.insert(body.end(), determinant.begin(), determinant.end());
        body.insert(body.end(), whole.begin() + 2, whole.end());
        return body;
    };
    for (const ilp::bytes& determinant :
         {ilp::bytes{0x80}, ilp::bytes{0x88, 0x80, 0, 0, 0, 0, 0, 0, 0}, ilp::bytes(9, 0xff),
          ilp::bytes{0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, ilp::bytes{0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0},
          ilp::bytes{0x81, whole[1]}, ilp::bytes{0}, ilp::bytes{0x7f}}) {
        INFO(to_hex(determinant));
        expect_reject(r.send(with_length(determinant)), "F01");
    }
    // The data's length exceeds the contents by one octet, which is present in the buffer.
    ilp::bytes inner = whole;
    REQUIRE(inner.back() == 0);
    inner.back() = 1;
    inner.push_back(0xaa);
    expect_reject(r.send(inner), "F01");
    r.expect_untouched();
}

TEST_CASE("A27-93: data of 32767 octets passes, of 32768 does not") {
    const rig r;
    const prepare largest{.data = random_bytes(32767)};
    expect_fulfill(r.send(largest), largest);
    expect_reject(r.send({.data = random_bytes(32768)}), "F01");
    CHECK(r.p2.request_count() == 1);
}

TEST_CASE("A27-94: a downstream message of 8192 octets is relayed or answered T00") {
    rig r;
    r.p2.set_script(
        [](const http_message&) { return answer_packet(encode_reject("F99", "test.p2", std::string(8192, 'm'))); });
    const auto reject = expect_any_reject(r.send(prepare{}));
    CHECK((reject.code == "F99" || reject.code == "T00"));
    r.p2.set_script([](const http_message& request) { return answer_fulfill(request); });
    CHECK(outcome(r.send(prepare{})) == "fulfill");
}

TEST_CASE("A27-95: invalid times are refused") {
    const rig r;
    http_connection connection{r.d.port()};
    const auto vectors = integration::load_vectors("generated/timestamps.json");
    for (const auto& entry : vectors.at("invalid").as_array()) {
        INFO(entry.at("why").as_string().c_str());
        const std::string digits{entry.at("ts").as_string()};
        expect_reject(connection.exchange(ilp_request(with_expiry(digits))), "F01");
    }
    r.expect_untouched();
}

TEST_CASE("A27-96: all valid times are read, past ones are expired, and far future ones are shortened") {
    const rig r;
    http_connection connection{r.d.port()};
    const auto vectors = integration::load_vectors("generated/timestamps.json");
    std::size_t forwarded = 0;
    for (const auto& entry : vectors.at("valid").as_array()) {
        const std::string digits{entry.at("ts").as_string()};
        INFO(digits);
        const auto response = connection.exchange(ilp_request(with_expiry(digits)));
        if (entry.at("unix_ms").to_number<std::int64_t>() > now().time_since_epoch().count()) {
            expect_fulfill(response, {});
            ++forwarded;
        } else {
            expect_reject(response, "R00");
        }
    }
    CHECK(forwarded >= 2);
    CHECK(r.p2.request_count() == forwarded);
}

TEST_CASE("A27-97: mutated packets never disturb the daemon") {
    const rig r;
    std::mt19937 random{20261122};
    http_connection connection{r.d.port()};
    const ilp::bytes whole = encode({.amount = 0, .data = random_bytes(40), .expires_in = std::chrono::seconds{60}});
    for (int round = 0; round < 2000; ++round) {
        ilp::bytes body = whole;
        for (int i = 0; i < 1 + round % 4; ++i) body[random() % body.size()] = static_cast<ilp::octet>(random());
        if (round % 5 == 0) body.resize(random() % body.size());
        const auto response = connection.exchange(ilp_request(body));
        INFO(to_hex(body));
        REQUIRE(response);
        REQUIRE(response->status() < 500);
    }
    const prepare next;
    expect_fulfill(connection.exchange(ilp_request(encode(next))), next);
}

TEST_CASE("A27-98 A35-21: bodies above the limit are refused while they arrive") {
    const rig r;
    const std::uint64_t before = r.d.process().resident_kilobytes();
    constexpr std::size_t chunk_size = 1 << 20;
    constexpr int chunks = 1024;
    http_connection connection{r.d.port()};
    auto request = ilp_request({});
    request.headers.emplace_back("Transfer-Encoding", "chunked");
    connection.send(serialize(request));
    const std::string chunk = "100000\r\n" + std::string(chunk_size, 'x') + "\r\n";
    int sent = 0;
    while (sent < chunks && connection.send(chunk)) {
        ++sent;
        if (const auto response = connection.receive(milliseconds{1})) {
            CHECK(response->status() == 413);
            break;
        }
    }
    CHECK(sent < chunks);
    CHECK(connection.wait_until_closed());
    if (memory_is_ours) CHECK(r.d.process().resident_kilobytes() < before + 64 * 1024);
    r.expect_untouched();
}

}  // namespace malformed_packet_test

#include "ilp/packet.hpp"

#include "ilp/address.hpp"
#include "ilp/oer.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <string>

namespace packet_test {

using ilp::bytes;
using ilp::bytes_view;
using ilp::decode_error;

namespace {

constexpr ilp::timestamp far_expiry =
    std::chrono::sys_days{std::chrono::year{2099} / 12 / 31} + std::chrono::hours{24} - std::chrono::milliseconds{1};

std::string repeated(std::string_view begin, std::size_t size) {
    std::string text{begin};
    text.resize(size, 'x');
    return text;
}

bytes prepare_packet(std::string_view destination, bytes_view data, ilp::timestamp expires_at = far_expiry) {
    bytes out;
    ilp::serialize_prepare(out, {{107}, expires_at, ilp::peer_protocol_condition, destination, data});
    return out;
}

bytes reject_packet(const ilp::reject_fields& fields) {
    bytes out;
    ilp::serialize_reject(out, fields);
    return out;
}

ilp::condition as_hash(bytes_view octets) {
    REQUIRE(octets.size() == ilp::hash_size);
    ilp::condition hash;
    std::ranges::copy(octets, hash.begin());
    return hash;
}

bytes encode_again(const ilp::prepare_view& prepare) {
    bytes out;
    ilp::serialize_prepare(out, {prepare.amount(), prepare.expires_at(), as_hash(prepare.condition()),
                                 prepare.destination(), prepare.data()});
    return out;
}

bytes encode_again(const ilp::fulfill_view& fulfill) {
    bytes out;
    ilp::serialize_fulfill(out, fulfill.fulfillment(), fulfill.data());
    return out;
}

bytes encode_again(const ilp::reject_view& reject) {
    return reject_packet({reject.code(), reject.triggered_by(), reject.message(), reject.data()});
}

/// Empty if the packet is valid.
template <class View>
std::optional<decode_error> error_in(bytes packet) {
    const auto view = View::parse(packet);
    return view ? std::nullopt : std::optional{view.error()};
}

std::string string_of(const boost::json::object& fields, const char* name) {
    if (const auto* value = fields.if_contains(name)) return std::string{vectors::text(*value)};
    if (const auto* recipe = fields.if_contains(std::string{name} + "_build")) {
        return vectors::build(vectors::text(*recipe));
    }
    const boost::json::value& repeat = fields.at(std::string{name} + "_repeat");
    return std::string(repeat.at("count").to_number<std::size_t>(),
                       static_cast<char>(vectors::from_hex(vectors::text(repeat.at("byte"))).at(0)));
}

void check_octets(const bytes& packet, const boost::json::object& vector) {
    CHECK(packet.size() == vector.at("len").to_number<std::size_t>());
    CHECK(vectors::to_hex(ilp::sha256(packet)) == vectors::text(vector.at("sha256")));
    if (const auto* hex = vector.if_contains("hex")) CHECK(vectors::to_hex(packet) == vectors::text(*hex));
}

template <class View>
void check_comes_back(const View& view, const bytes& packet) {
    CHECK(std::ranges::equal(view.bytes(), packet));
    CHECK(encode_again(view) == packet);
}

void check_prepare(const boost::json::object& vector) {
    const ilp::amount amount{std::stoull(string_of(vector, "amount"))};
    const std::string expires_at = string_of(vector, "expires_at");
    const auto instant = ilp::parse_timestamp(ilp::as_bytes(expires_at).first<ilp::timestamp_size>());
    REQUIRE(instant);
    const std::string destination = string_of(vector, "destination");
    const bytes data = vectors::data_of(vector);
    bytes packet;
    ilp::serialize_prepare(
        packet, {amount, *instant, as_hash(vectors::from_hex(string_of(vector, "condition"))), destination, data});
    check_octets(packet, vector);

    const auto view = ilp::prepare_view::parse(packet);
    REQUIRE(view);
    CHECK(view->amount() == amount);
    CHECK(view->expires_at() == *instant);
    CHECK(vectors::to_hex(view->condition()) == string_of(vector, "condition"));
    CHECK(view->destination() == destination);
    CHECK(std::ranges::equal(view->data(), data));
    check_comes_back(*view, packet);
}

void check_fulfill(const boost::json::object& vector) {
    const bytes data = vectors::data_of(vector);
    bytes packet;
    ilp::serialize_fulfill(packet, as_hash(vectors::from_hex(string_of(vector, "fulfillment"))), data);
    check_octets(packet, vector);

    const auto view = ilp::fulfill_view::parse(packet);
    REQUIRE(view);
    CHECK(vectors::to_hex(view->fulfillment()) == string_of(vector, "fulfillment"));
    CHECK(std::ranges::equal(view->data(), data));
    check_comes_back(*view, packet);
}

void check_reject(const boost::json::object& vector) {
    const std::string code = string_of(vector, "code");
    const std::string triggered_by = string_of(vector, "triggered_by");
    const std::string message = string_of(vector, "message");
    const bytes data = vectors::data_of(vector);
    bytes packet = reject_packet({code, triggered_by, message, data});
    check_octets(packet, vector);

    const auto view = ilp::reject_view::parse(packet);
    REQUIRE(view);
    CHECK(view->code() == code);
    CHECK(view->triggered_by() == triggered_by);
    CHECK(view->message() == message);
    CHECK(std::ranges::equal(view->data(), data));
    check_comes_back(*view, packet);
}

/// Three packets of some length, one of each type.
struct samples {
    bytes prepare = prepare_packet("test.alice.wallet", bytes(300, 0xaa));
    bytes fulfill = [] {
        bytes out;
        ilp::serialize_fulfill(out, ilp::peer_protocol_fulfillment, bytes(300, 0x55));
        return out;
    }();
    bytes reject = reject_packet({"T00", "test.connector", repeated("", 200), bytes(300, 0x01)});
};

}  // namespace

TEST_CASE("A27-01 A27-30 A27-93 A34-12: packets of the vectors are encoded and decoded, field by field") {
    const auto vectors = vectors::load("generated/ilp_packets_valid.json");
    for (const auto& each : vectors.as_array()) {
        const auto& vector = each.as_object();
        INFO(string_of(vector, "name"));
        switch (static_cast<ilp::packet_type>(vector.at("type").to_number<int>())) {
            case ilp::packet_type::prepare:
                check_prepare(vector);
                break;
            case ilp::packet_type::fulfill:
                check_fulfill(vector);
                break;
            case ilp::packet_type::reject:
                check_reject(vector);
                break;
        }
    }
}

TEST_CASE("A27-01: the examples of another implementation") {
    const auto load = [](const char* name) {
        return vectors::load(std::string{"upstream/interledgerjs-ilp-packet/ilp_"} + name + "_example01.json");
    };
    const auto same = [](bytes_view octets, const boost::json::value& base64) {
        return std::ranges::equal(octets, vectors::from_base64(vectors::text(base64)));
    };
    SECTION("Prepare") {
        const auto vector = load("prepare");
        const auto& json = vector.at("json");
        bytes packet = vectors::from_hex(vectors::text(vector.at("binary")));
        const auto view = ilp::prepare_view::parse(packet);
        REQUIRE(view);
        CHECK(ilp::to_string(view->amount()) == vectors::text(json.at("amount")));
        CHECK(view->expires_at() == std::chrono::sys_days{std::chrono::year{2017} / 12 / 23} + std::chrono::hours{1} +
                                        std::chrono::minutes{21} + std::chrono::milliseconds{40'549});
        CHECK(vectors::text(json.at("expiresAt")) == "2017-12-23T01:21:40.549Z");
        CHECK(same(view->condition(), json.at("executionCondition")));
        CHECK(view->destination() == vectors::text(json.at("destination")));
        CHECK(same(view->data(), json.at("data")));
        check_comes_back(*view, packet);
    }
    SECTION("Fulfill") {
        const auto vector = load("fulfill");
        bytes packet = vectors::from_hex(vectors::text(vector.at("binary")));
        const auto view = ilp::fulfill_view::parse(packet);
        REQUIRE(view);
        CHECK(same(view->fulfillment(), vector.at("json").at("fulfillment")));
        CHECK(same(view->data(), vector.at("json").at("data")));
        check_comes_back(*view, packet);
    }
    SECTION("Reject") {
        const auto vector = load("reject");
        const auto& json = vector.at("json");
        bytes packet = vectors::from_hex(vectors::text(vector.at("binary")));
        const auto view = ilp::reject_view::parse(packet);
        REQUIRE(view);
        CHECK(view->code() == vectors::text(json.at("code")));
        CHECK(view->triggered_by() == vectors::text(json.at("triggeredBy")));
        CHECK(view->message() == vectors::text(json.at("message")));
        CHECK(same(view->data(), json.at("data")));
        check_comes_back(*view, packet);
    }
}

TEST_CASE("A27-02 A27-20 A27-21 A27-90 A27-91 A27-92 A27-93 A27-95 A27-96: the malformed Prepares of the vectors") {
    // RFC 30 lets the receiver decide. We accept octets after the packet and after its last field.
    const std::set<std::string_view> taken{"outer trailing octets", "inner trailing octets"};
    const auto vectors = vectors::load("generated/ilp_prepare_malformed.json");
    for (const auto& vector : vectors.at("cases").as_array()) {
        const std::string_view name = vectors::text(vector.at("name"));
        INFO(name);
        const auto* hex = vector.as_object().if_contains("hex");
        if (!hex) continue;
        const bool good = vectors::text(vector.at("verdict")) == "expired" || taken.contains(name);
        CHECK(!error_in<ilp::prepare_view>(vectors::from_hex(vectors::text(*hex))) == good);
    }
    for (const std::size_t size : {32768U, 65536U}) {
        const bytes packet = prepare_packet("example.alice", bytes(size, 0xaa));
        const auto vector = std::ranges::find_if(vectors.at("cases").as_array(), [&](const auto& each) {
            return vectors::text(each.at("name")) == "data " + std::to_string(size) + " octets";
        });
        check_octets(packet, vector->as_object());
        CHECK(error_in<ilp::prepare_view>(packet) == decode_error::field_too_long);
    }
}

TEST_CASE("A27-21 A27-22: the first octet decides which packet it is") {
    const samples good;
    for (int type = 0; type < 256; ++type) {
        CAPTURE(type);
        const auto with_type = [&](bytes packet) {
            packet[0] = static_cast<ilp::octet>(type);
            return packet;
        };
        CHECK((error_in<ilp::prepare_view>(with_type(good.prepare)) == decode_error::wrong_type) == (type != 12));
        CHECK((error_in<ilp::fulfill_view>(with_type(good.fulfill)) == decode_error::wrong_type) == (type != 13));
        CHECK((error_in<ilp::reject_view>(with_type(good.reject)) == decode_error::wrong_type) == (type != 14));
    }
    CHECK(error_in<ilp::prepare_view>({}) == decode_error::truncated);
    CHECK(error_in<ilp::fulfill_view>({}) == decode_error::truncated);
    CHECK(error_in<ilp::reject_view>({}) == decode_error::truncated);
}

TEMPLATE_TEST_CASE("A27-90: every truncation of a packet is refused", "", ilp::prepare_view, ilp::fulfill_view,
                   ilp::reject_view) {
    const samples good;
    const bytes whole = std::is_same_v<TestType, ilp::prepare_view>   ? good.prepare
                        : std::is_same_v<TestType, ilp::fulfill_view> ? good.fulfill
                                                                      : good.reject;
    REQUIRE_FALSE(error_in<TestType>(whole));
    REQUIRE(whole[1] == 0x82);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        // Copied into a vector of its own, so that a sanitizer detects every read past its end.
        CHECK(error_in<TestType>(bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))) ==
              decode_error::truncated);
    }
    // The same with an envelope whose length is that of the truncated contents.
    const std::size_t header_size = 4;
    for (std::size_t size = 0; size + header_size < whole.size(); ++size) {
        CAPTURE(size);
        bytes packet{whole[0]};
        ilp::oer::append_variable(packet, bytes_view{whole}.subspan(header_size, size));
        CHECK(error_in<TestType>(packet) == decode_error::truncated);
    }
}

TEST_CASE("A27-91: a length inside the packet is bounded by the envelope, not by the buffer") {
    bytes packet = prepare_packet("example.alice", ilp::as_bytes("abcd"));
    const std::size_t data_length_at = packet.size() - 5;
    REQUIRE(packet[data_length_at] == 4);
    packet[data_length_at] = 5;
    packet.insert(packet.end(), {'z', 'z', 'z', 'z'});
    CHECK(error_in<ilp::prepare_view>(packet) == decode_error::truncated);
}

TEST_CASE("A27-02 A27-92: each length determinant of a packet: 0x80, long forms, 2^63, 2^64-1, nine octets") {
    struct fault {
        const char* length;
        decode_error error;
    };
    const fault faults[] = {
        {"80", decode_error::not_canonical},
        {"8100", decode_error::not_canonical},
        {"817f", decode_error::not_canonical},
        {"820080", decode_error::not_canonical},
        {"8801", decode_error::truncated},
        {"887fffffffffffffff", decode_error::truncated},
        {"888000000000000000", decode_error::truncated},
        {"88ffffffffffffffff", decode_error::truncated},
        {"89010000000000000000", decode_error::not_canonical},
        {"ff", decode_error::not_canonical},
    };
    const std::string fixed_part = vectors::to_hex(bytes_view{prepare_packet("g.a", {})}.subspan(2, 57));
    const std::string hash = vectors::to_hex(ilp::peer_protocol_fulfillment);
    const auto packet = [](ilp::octet type, const std::string& contents) {
        bytes octets{type};
        ilp::oer::append_variable(octets, vectors::from_hex(contents));
        return octets;
    };
    for (const auto& [length, error] : faults) {
        const std::string bad = length;
        INFO(bad);
        CHECK(error_in<ilp::prepare_view>(vectors::from_hex("0c" + bad)) == error);
        CHECK(error_in<ilp::prepare_view>(packet(12, fixed_part + bad)) == error);
        CHECK(error_in<ilp::prepare_view>(packet(12, fixed_part + "03672e61" + bad)) == error);
        CHECK(error_in<ilp::fulfill_view>(vectors::from_hex("0d" + bad)) == error);
        CHECK(error_in<ilp::fulfill_view>(packet(13, hash + bad)) == error);
        CHECK(error_in<ilp::reject_view>(vectors::from_hex("0e" + bad)) == error);
        CHECK(error_in<ilp::reject_view>(packet(14, "463030" + bad)) == error);
        CHECK(error_in<ilp::reject_view>(packet(14, "46303000" + bad)) == error);
        CHECK(error_in<ilp::reject_view>(packet(14, "4630300000" + bad)) == error);
    }
}

TEST_CASE("A15-05 A27-93 A27-94: fields at their bounds are accepted, one octet more is not") {
    const auto longest_address = repeated("g.", ilp::address_size_max);
    const auto too_long_address = repeated("g.", ilp::address_size_max + 1);
    const bytes most_data(ilp::data_size_max, 1);
    const bytes too_much_data(ilp::data_size_max + 1, 1);
    const auto longest_message = repeated("", ilp::message_size_max);
    const auto too_long_message = repeated("", ilp::message_size_max + 1);
    const auto fulfill = [](bytes_view data) {
        bytes out;
        ilp::serialize_fulfill(out, ilp::peer_protocol_fulfillment, data);
        return out;
    };

    CHECK(prepare_packet(longest_address, most_data).size() == ilp::prepare_size_max);
    CHECK_FALSE(error_in<ilp::prepare_view>(prepare_packet(longest_address, most_data)));
    CHECK(error_in<ilp::prepare_view>(prepare_packet(too_long_address, {})) == decode_error::field_too_long);
    CHECK(error_in<ilp::prepare_view>(prepare_packet("g.a", too_much_data)) == decode_error::field_too_long);

    CHECK(fulfill(most_data).size() == ilp::fulfill_size_max);
    CHECK_FALSE(error_in<ilp::fulfill_view>(fulfill(most_data)));
    CHECK(error_in<ilp::fulfill_view>(fulfill(too_much_data)) == decode_error::field_too_long);

    const bytes largest = reject_packet({"F99", longest_address, longest_message, most_data});
    CHECK(largest.size() == ilp::reject_size_max);
    CHECK_FALSE(error_in<ilp::reject_view>(largest));
    for (const ilp::reject_fields& fields :
         {ilp::reject_fields{"F99", too_long_address, "", {}}, ilp::reject_fields{"F99", "", too_long_message, {}},
          ilp::reject_fields{"F99", "", "", too_much_data}}) {
        CHECK(error_in<ilp::reject_view>(reject_packet(fields)) == decode_error::field_too_long);
    }
}

TEST_CASE("A27-20 A30-07: octets after the packet and after its last field are dropped") {
    const samples good;
    const auto check = [](const bytes& packet, auto parse) {
        const std::size_t header_size = 4;
        // The sizes range from 0 to where the length determinant grows and the header before the contents must move.
        for (const std::size_t inner_size : {0U, 1U, 3U, 127U, 128U, 300U, 70000U}) {
            for (const std::size_t outer_size : {0U, 1U, 500U}) {
                CAPTURE(inner_size, outer_size);
                bytes contents(packet.begin() + header_size, packet.end());
                contents.insert(contents.end(), inner_size, 0x0c);
                bytes buffer{packet[0]};
                ilp::oer::append_variable(buffer, contents);
                buffer.insert(buffer.end(), outer_size, 0x0d);
                const auto view = parse(buffer);
                REQUIRE(view);
                CHECK(std::ranges::equal(view->bytes(), packet));
                CHECK(encode_again(*view) == packet);
            }
        }
    };
    check(good.prepare, [](bytes& buffer) { return ilp::prepare_view::parse(buffer); });
    check(good.fulfill, [](bytes& buffer) { return ilp::fulfill_view::parse(buffer); });
    check(good.reject, [](bytes& buffer) { return ilp::reject_view::parse(buffer); });
}

TEST_CASE("A27-20: a shorter header replaces a longer one in place, whatever their sizes") {
    for (const std::size_t data_size : {0U, 60U, 64U, 65U, 66U, 67U, 190U, 194U, 195U, 196U, 200U}) {
        const bytes packet = prepare_packet("g.a", bytes(data_size, 0xaa));
        const std::size_t header_size = packet[1] < 0x80 ? 2 : 2 + (packet[1] & 0x7fU);
        for (std::size_t extra = 1; extra < 300; ++extra) {
            bytes contents(packet.begin() + static_cast<std::ptrdiff_t>(header_size), packet.end());
            contents.insert(contents.end(), extra, 0xee);
            bytes buffer{packet[0]};
            ilp::oer::append_variable(buffer, contents);
            const auto view = ilp::prepare_view::parse(buffer);
            if (view && std::ranges::equal(view->bytes(), packet) && view->destination() == "g.a") continue;
            CAPTURE(data_size, extra);
            FAIL("not the packet without its extra octets");
        }
    }
}

TEST_CASE("A27-03 A27-04 A27-05 A27-06: setting amount and expiry changes these two fields only, in place") {
    for (const std::size_t data_size : {0U, 1U, 127U, 128U, 255U, 256U, 32767U}) {
        CAPTURE(data_size);
        bytes packet = prepare_packet("test.alice", bytes(data_size, 0xaa));
        const bytes before = packet;
        auto view = ilp::prepare_view::parse(packet);
        REQUIRE(view);
        const ilp::amount amount{0x0102030405060708};
        const ilp::timestamp instant = far_expiry - std::chrono::hours{24 * 400};
        view->set_amount(amount);
        view->set_expires_at(instant);
        CHECK(view->amount() == amount);
        CHECK(view->expires_at() == instant);
        CHECK(view->bytes().data() == packet.data());

        const auto amount_at = static_cast<std::ptrdiff_t>(packet[1] < 0x80 ? 2 : 2 + (packet[1] & 0x7f));
        const auto condition_at = amount_at + 25;
        CHECK(std::equal(packet.begin(), packet.begin() + amount_at, before.begin()));
        CHECK(std::equal(packet.begin() + condition_at, packet.end(), before.begin() + condition_at));
        CHECK(vectors::to_hex(bytes_view{packet}.subspan(static_cast<std::size_t>(amount_at), 8)) ==
              "0102030405060708");

        const auto again = ilp::prepare_view::parse(packet);
        REQUIRE(again);
        CHECK(again->amount() == amount);
        CHECK(again->expires_at() == instant);
        check_comes_back(*again, packet);
    }
}

TEST_CASE("A27-31: an amount of 0 is written like any other") {
    bytes packet = prepare_packet("test.alice", {});
    auto view = ilp::prepare_view::parse(packet);
    REQUIRE(view);
    view->set_amount({0});
    CHECK(ilp::prepare_view::parse(packet)->amount() == ilp::amount{0});
}

TEST_CASE("A27-95 A27-96: the expiry of a Prepare is a time, or the packet is refused") {
    const auto vectors = vectors::load("generated/timestamps.json");
    const auto with_expiry = [](std::string_view digits) {
        bytes packet = prepare_packet("test.alice", {});
        std::ranges::copy(ilp::as_bytes(digits), packet.begin() + 10);
        return packet;
    };
    for (const auto& vector : vectors.at("valid").as_array()) {
        CHECK_FALSE(error_in<ilp::prepare_view>(with_expiry(vectors::text(vector.at("ts")))));
    }
    for (const auto& vector : vectors.at("invalid").as_array()) {
        CHECK(error_in<ilp::prepare_view>(with_expiry(vectors::text(vector.at("ts")))) ==
              decode_error::invalid_timestamp);
    }
}

TEST_CASE("A15-01: destination and triggeredBy are addresses, and only triggeredBy may be empty") {
    for (const auto* destination : {"", "g", "g.", "what.a", "g.a\n"}) {
        CHECK(error_in<ilp::prepare_view>(prepare_packet(destination, {})) == decode_error::invalid_address);
    }
    for (const auto* triggered_by : {"g", "g.", "conn.x", "g.a\n"}) {
        CHECK(error_in<ilp::reject_view>(reject_packet({"F00", triggered_by, "", {}})) ==
              decode_error::invalid_address);
    }
    CHECK_FALSE(error_in<ilp::reject_view>(reject_packet({"F00", "", "", {}})));
}

TEST_CASE("A27-17 A27-80: a code is any three printable ASCII characters") {
    for (const auto* code : {"F00", "F09", "X42", "zzz", "   ", "~!~"}) {
        INFO(code);
        bytes packet = reject_packet({code, "test.a", "", {}});
        const auto view = ilp::reject_view::parse(packet);
        REQUIRE(view);
        CHECK(view->code() == code);
        check_comes_back(*view, packet);
    }
    using namespace std::string_view_literals;
    for (const auto code : {"F0\n"sv,
                            "\0"
                            "00"sv,
                            "F\x7f"
                            "0"sv,
                            "\xe2\x82\xac"sv, "F0\xff"sv}) {
        CHECK(error_in<ilp::reject_view>(reject_packet({code, "test.a", "", {}})) == decode_error::invalid_error_code);
    }
}

TEST_CASE("A27-35: data of an F08 is two amounts") {
    CHECK(vectors::to_hex(ilp::serialize({{1001}, {1000}})) == "00000000000003e900000000000003e8");
    CHECK(vectors::to_hex(ilp::serialize({ilp::amount::max(), {1ULL << 63}})) == "ffffffffffffffff8000000000000000");
}

TEST_CASE("the serializers append") {
    bytes out{1, 2, 3};
    ilp::serialize_fulfill(out, ilp::peer_protocol_fulfillment, {});
    ilp::serialize_reject(out, {"F00", "", "", {}});
    CHECK(vectors::to_hex(bytes_view{out}.first(5)) == "0102030d21");
    CHECK(vectors::to_hex(bytes_view{out}.last(8)) == "0e06463030000000");
}

TEST_CASE("A27-97: a mutated packet is refused, or its fields encode to the same packet") {
    const samples good;
    std::mt19937 random{20261101};
    int taken = 0;
    for (int round = 0; round < 100'000; ++round) {
        bytes packet = good.prepare;
        const auto mutations = 1 + random() % 3;
        for (unsigned i = 0; i < mutations; ++i) {
            packet[random() % 90] = static_cast<ilp::octet>(random());
        }
        if (random() % 4 == 0) packet.resize(random() % packet.size());
        const auto view = ilp::prepare_view::parse(packet);
        if (!view) continue;
        ++taken;
        const bytes again = encode_again(*view);
        if (!std::ranges::equal(view->bytes(), again)) FAIL(vectors::to_hex(again));
    }
    CHECK(taken > 1000);
}

}  // namespace packet_test

#include "ilp/stream/stream_packet.hpp"

#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <limits>
#include <string>
#include <vector>

namespace stream_packet_test {

namespace stream = ilp::stream;
using ilp::bytes;
using stream::packet_error;
using stream::packet_view;

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

std::uint64_t number(const boost::json::value& of, std::string_view name) {
    return std::stoull(std::string{vectors::text(of.at(name))});
}

/// The frame of a fixture, made of its fields. `data` keeps the octets that it views.
stream::frame as_frame(const boost::json::value& of, bytes& data) {
    const auto text = [&of](std::string_view name) { return vectors::text(of.at(name)); };
    const auto small = [&of](std::string_view name) { return of.at(name).to_number<std::uint8_t>(); };
    const auto octets = [&](std::string_view name) {
        data = vectors::from_base64(text(name));
        return ilp::as_text(data);
    };
    const std::string_view name = text("name");
    if (name == "ConnectionClose")
        return stream::connection_close{static_cast<stream::close_code>(small("errorCode")), text("errorMessage")};
    if (name == "ConnectionNewAddress") return stream::connection_new_address{text("sourceAccount")};
    if (name == "ConnectionAssetDetails")
        return stream::connection_asset_details{text("sourceAssetCode"), small("sourceAssetScale")};
    if (name == "ConnectionMaxData") return stream::connection_max_data{number(of, "maxOffset")};
    if (name == "ConnectionDataBlocked") return stream::connection_data_blocked{number(of, "maxOffset")};
    if (name == "ConnectionMaxStreamId") return stream::connection_max_stream_id{number(of, "maxStreamId")};
    if (name == "ConnectionStreamIdBlocked") return stream::connection_stream_id_blocked{number(of, "maxStreamId")};
    const std::uint64_t id = number(of, "streamId");
    if (name == "StreamClose")
        return stream::stream_close{id, static_cast<stream::close_code>(small("errorCode")), text("errorMessage")};
    if (name == "StreamMoney") return stream::stream_money{id, number(of, "shares")};
    if (name == "StreamMaxMoney")
        return stream::stream_max_money{id, number(of, "receiveMax"), number(of, "totalReceived")};
    if (name == "StreamMoneyBlocked")
        return stream::stream_money_blocked{id, number(of, "sendMax"), number(of, "totalSent")};
    if (name == "StreamData") return stream::stream_data{id, number(of, "offset"), octets("data")};
    if (name == "StreamMaxData") return stream::stream_max_data{id, number(of, "maxOffset")};
    if (name == "StreamDataBlocked") return stream::stream_data_blocked{id, number(of, "maxOffset")};
    if (name == "StreamReceipt") return stream::stream_receipt{id, octets("receipt")};
    throw std::invalid_argument{"unknown frame " + std::string{name}};
}

std::vector<stream::frame> frames_of(const packet_view& packet) {
    std::vector<stream::frame> frames;
    for (stream::frame_reader reader = packet.frames(); const auto next = reader.next();) frames.push_back(*next);
    return frames;
}

bytes write(const packet_view& packet) {
    bytes buffer(1024);
    stream::packet_writer writer{buffer, packet.head()};
    for (const auto& each : frames_of(packet)) CHECK(writer.add(each));
    const auto written = writer.packet();
    return {written.begin(), written.end()};
}

TEST_CASE("A29-02 A29-15: the packets of ilp-protocol-stream, both ways") {
    const auto fixtures = vectors::load("upstream/interledgerjs-stream/packets.json");
    CHECK(fixtures.as_object().size() == 53);
    for (const auto& [name, fixture] : fixtures.as_object()) {
        INFO(std::string{name});
        const auto& expected = fixture.at("packet");
        const bytes octets = vectors::from_base64(vectors::text(fixture.at("buffer")));
        const auto packet = packet_view::parse(octets);
        REQUIRE(packet);
        CHECK(packet->head() ==
              stream::packet_head{static_cast<ilp::packet_type>(expected.at("packetType").to_number<int>()),
                                  number(expected, "sequence"),
                                  {number(expected, "amount")}});
        const auto frames = frames_of(*packet);
        const auto& expected_frames = expected.at("frames").as_array();
        REQUIRE(frames.size() == expected_frames.size());
        bytes data;
        for (std::size_t i = 0; i < frames.size(); ++i) CHECK(frames[i] == as_frame(expected_frames[i], data));
        if (!fixture.as_object().contains("decode_only")) CHECK(write(*packet) == octets);
    }
}

TEST_CASE("A29-05 A29-06 A29-12 A29-13 A29-14 A29-15 A29-17: malformed and odd packets of the vectors") {
    const auto vectors = vectors::load("generated/stream_plaintext_cases.json");
    for (const auto& vector : vectors.as_array()) {
        const std::string name{vectors::text(vector.at("name"))};
        const std::string_view expected = vectors::text(vector.at("expect"));
        INFO(name);
        const bytes octets = vectors::from_hex(vectors::text(vector.at("plaintext_hex")));
        const auto packet = packet_view::parse(octets);
        // What is to be discarded can be read: the receiver compares the type. A bad address is not looked at.
        const bool is_read = !expected.starts_with("refuse") || expected == "refuse or ignore frame";
        REQUIRE(packet.has_value() == is_read);
        if (name.starts_with("version")) CHECK(packet.error() == packet_error::wrong_version);
        if (!packet) continue;
        CHECK((packet->head().carried_by == ilp::packet_type::prepare) == (expected != "discard"));
        const auto frames = frames_of(*packet);
        if (expected == "accept, u64 max") {
            const auto* const max_money = std::get_if<stream::stream_max_money>(&frames.at(0));
            const auto* const blocked = std::get_if<stream::stream_money_blocked>(&frames.at(0));
            CHECK((max_money != nullptr ? max_money->receive_max : blocked->send_max) == u64_max);
        }
        if (expected == "accept, one frame" || expected == "accept, skip unknown") {
            CHECK(frames == std::vector<stream::frame>{stream::stream_money{1, 1}});
        }
    }
}

TEST_CASE("A29-14: a number of frames that the packet cannot hold is refused at once") {
    for (const std::string_view count :
         {"0103", "04ffffffff", "08ffffffffffffffff", "09010000000000000000", "020001"}) {
        INFO(count);
        const bytes octets = vectors::from_hex("010c01010100" + std::string{count} + "02010002");
        CHECK_FALSE(packet_view::parse(octets));
    }
}

TEST_CASE("A29-14: a packet of many frames is refused at once, however small they are") {
    // 0x7f is no known type, so each frame is skipped.
    const auto packet_of = [](std::size_t count) {
        bytes octets = vectors::from_hex("010c0101010002");
        octets.push_back(static_cast<ilp::octet>(count >> 8U));
        octets.push_back(static_cast<ilp::octet>(count & 0xffU));
        for (std::size_t i = 0; i < count; ++i) octets.insert(octets.end(), {0x7f, 0x00});
        return octets;
    };
    CHECK(packet_view::parse(packet_of(stream::frames_read_max)));
    const auto refused = packet_view::parse(packet_of(stream::frames_read_max + 1));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == stream::packet_error::malformed);
    CHECK_FALSE(packet_view::parse(packet_of(16'000)));
}

TEST_CASE("A29-14: a packet that ends early is malformed, wherever it ends") {
    bytes buffer(1024);
    stream::packet_writer writer{buffer, {ilp::packet_type::prepare, 300, {1000}}};
    CHECK(writer.add(stream::connection_new_address{"test.alice"}));
    CHECK(writer.add(stream::stream_close{1, stream::close_code::application_error, "no more"}));
    CHECK(writer.add(stream::stream_data{1, u64_max, "data"}));
    const auto whole = writer.packet();
    CHECK(packet_view::parse(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(packet_view::parse(whole.first(size)));
    }
}

TEST_CASE("A29-30: a frame that does not fit is left out, and the packet stays whole") {
    for (std::size_t room = stream::packet_writer::head_size_max; room < 60; ++room) {
        CAPTURE(room);
        bytes buffer(room);
        stream::packet_writer writer{buffer, {ilp::packet_type::fulfill, u64_max, {u64_max}}};
        const stream::frame frame = stream::stream_max_money{3, u64_max, 0};
        std::size_t added = 0;
        while (writer.add(frame)) ++added;
        const auto packet = packet_view::parse(writer.packet());
        REQUIRE(packet);
        CHECK(frames_of(*packet) == std::vector<stream::frame>(added, frame));
        CHECK(writer.packet().size() + 15 > room);
    }
}

TEST_CASE("A29-30: a packet gets at most 255 frames") {
    bytes buffer(10'000);
    stream::packet_writer writer{buffer, {ilp::packet_type::fulfill, 1, {1}}};
    std::size_t added = 0;
    while (writer.add(stream::connection_max_data{0})) ++added;
    CHECK(added == stream::packet_writer::frames_max);
    CHECK(frames_of(packet_view::parse(writer.packet()).value()).size() == added);
}

}  // namespace stream_packet_test

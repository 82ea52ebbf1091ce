#include "ilp/stream/receive.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <limits>
#include <vector>

namespace stream_receive_test {

namespace stream = ilp::stream;
using stream::verdict;

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

/// A request with some frames, and how the receiver decides about it.
class request {
public:
    request(std::uint64_t minimum, const std::vector<stream::frame>& frames = {}, std::uint64_t sequence = 7,
            ilp::packet_type carried_by = ilp::packet_type::prepare)
        : buffer_(stream::data_offset_max) {
        stream::packet_writer writer{buffer_, {carried_by, sequence, {minimum}}};
        for (const auto& each : frames) REQUIRE(writer.add(each));
        buffer_.resize(writer.packet().size());
    }

    stream::verdict receive(std::uint64_t amount, bool fulfillable = true) {
        const auto packet = stream::packet_view::parse(buffer_).value();
        const stream::decision decided = stream::receive({packet, {amount}, fulfillable, "EUR", 6}, reply_);
        closes = decided.closes;
        head = {};
        frames.clear();
        if (const auto reply = stream::packet_view::parse(decided.reply)) {
            head = reply->head();
            for (stream::frame_reader reader = reply->frames(); const auto next = reader.next();)
                frames.push_back(*next);
        }
        return decided.verdict;
    }

    bool closes = false;

    // of the reply
    std::optional<stream::packet_head> head;
    std::vector<stream::frame> frames;

private:
    ilp::bytes buffer_;
    std::array<ilp::octet, stream::reply_size_max> reply_{};
};

TEST_CASE("A29-07: the reply has the sequence of the request, the kind of the answer and the amount that arrived") {
    for (const std::uint64_t sequence : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32U, u64_max}) {
        CAPTURE(sequence);
        request request{100, {}, sequence};
        CHECK(request.receive(123) == verdict::fulfill);
        CHECK(request.head == stream::packet_head{ilp::packet_type::fulfill, sequence, {123}});
        CHECK(request.frames.empty());
        CHECK(request.receive(123, false) == verdict::not_fulfillable);
        CHECK(request.head == stream::packet_head{ilp::packet_type::reject, sequence, {123}});
    }
}

TEST_CASE("A29-08: a packet that cannot be fulfilled is answered with the amount that arrived") {
    request probe{0};
    CHECK(probe.receive(u64_max, false) == verdict::not_fulfillable);
    CHECK(probe.head->amount == ilp::amount{u64_max});
}

TEST_CASE("A29-09: less than the minimum is not fulfilled, exactly the minimum is") {
    request request{101};
    CHECK(request.receive(100) == verdict::below_minimum);
    CHECK(request.head == stream::packet_head{ilp::packet_type::reject, 7, {100}});
    CHECK(request.receive(101) == verdict::fulfill);
    CHECK(request.receive(0) == verdict::below_minimum);
}

TEST_CASE("A29-05: what was made for another kind of packet gets no reply") {
    for (const int type : {13, 14, 99, 0}) {
        request request{0, {}, 1, static_cast<ilp::packet_type>(type)};
        CHECK(request.receive(1) == verdict::not_a_request);
        CHECK_FALSE(request.head);
    }
}

TEST_CASE("A29-16 A29-17: whoever gives an address learns the asset, whatever the address is") {
    for (const std::string_view address : {"test.sender", "", "nope", "\xff\n"}) {
        request request{0, {stream::connection_new_address{address}}};
        CHECK(request.receive(1) == verdict::fulfill);
        CHECK(request.frames == std::vector<stream::frame>{stream::connection_asset_details{"EUR", 6}});
    }
}

TEST_CASE("A29-18 A29-19 A29-20: every stream may send any amount, in each reply") {
    request request{0, {stream::stream_money{1, 5}, stream::stream_money{3, 1}}};
    for (const std::uint64_t amount : {std::uint64_t{1}, std::uint64_t{1'000'000}, u64_max}) {
        CHECK(request.receive(amount) == verdict::fulfill);
        CHECK(request.frames == std::vector<stream::frame>{stream::stream_max_money{1, u64_max, 0},
                                                           stream::stream_max_money{3, u64_max, 0}});
    }
}

TEST_CASE("A29-24 A29-25: the shares of the streams do not matter to an account, whatever their sum") {
    for (const std::uint64_t shares : {std::uint64_t{0}, std::uint64_t{1}, u64_max}) {
        CAPTURE(shares);
        request request{100, {stream::stream_money{1, shares}, stream::stream_money{3, shares}}};
        CHECK(request.receive(100) == verdict::fulfill);
        CHECK(request.head->amount == ilp::amount{100});
    }
}

TEST_CASE("A29-21: a sender that closes the connection gets its reply, and later packets are received") {
    request request{0, {stream::connection_close{stream::close_code::application_error, "\x1b[2J"}}};
    CHECK(request.receive(0, false) == verdict::not_fulfillable);
    CHECK(request.frames == std::vector<stream::frame>{stream::connection_close{stream::close_code::no_error, ""}});
    CHECK(request.closes);
    CHECK(request.receive(0) == verdict::fulfill);
    CHECK(request.closes);
    stream_receive_test::request later{5};
    CHECK(later.receive(5) == verdict::fulfill);
    CHECK_FALSE(later.closes);
    stream_receive_test::request of_stream{5, {stream::stream_close{1, stream::close_code::no_error, ""}}};
    CHECK(of_stream.receive(5) == verdict::fulfill);
    CHECK(of_stream.closes);
}

TEST_CASE("A29-22: data is taken and dropped, and money in the same packet arrives") {
    const std::vector<stream::frame> expected{stream::connection_max_data{stream::data_offset_max},
                                              stream::stream_max_data{1, stream::data_offset_max},
                                              stream::stream_max_money{1, u64_max, 0}};
    for (const std::uint64_t offset : {std::uint64_t{0}, stream::data_offset_max, u64_max}) {
        request request{10, {stream::stream_data{1, offset, "a note"}, stream::stream_money{1, 1}}};
        CHECK(request.receive(10) == verdict::fulfill);
        CHECK(request.frames == expected);
    }
}

TEST_CASE("A29-23: a stream of the sender has an odd number, anything else closes the connection") {
    for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{2}, u64_max - 1}) {
        for (const stream::frame& frame :
             {stream::frame{stream::stream_money{id, 1}}, stream::frame{stream::stream_data{id, 0, ""}},
              stream::frame{stream::stream_close{id, stream::close_code::no_error, ""}}}) {
            request request{0, {stream::connection_new_address{"test.a"}, frame}};
            CHECK(request.receive(100) == verdict::protocol_violation);
            CHECK(request.head == stream::packet_head{ilp::packet_type::reject, 7, {100}});
            REQUIRE(request.frames.size() == 1);
            CHECK(std::get<stream::connection_close>(request.frames[0]).code == stream::close_code::protocol_violation);
        }
    }
    request request{0, {stream::stream_money{u64_max, 1}}};
    CHECK(request.receive(100) == verdict::fulfill);
}

TEST_CASE("A29-27: the same packet twice is decided twice, the same") {
    request request{10, {stream::stream_money{1, 1}}};
    for (int i = 0; i < 2; ++i) {
        CHECK(request.receive(10) == verdict::fulfill);
        CHECK(request.head->amount == ilp::amount{10});
        CHECK(request.frames.size() == 1);
    }
}

TEST_CASE("A29-30: however many frames a request has, the reply is bounded and whole") {
    request request{0, std::vector<stream::frame>(255, stream::stream_money{u64_max, 1})};
    CHECK(request.receive(1) == verdict::fulfill);
    CHECK(request.frames.size() > 10);
    CHECK(request.frames.size() < 255);
}

}  // namespace stream_receive_test

#include "ilp/stream/request.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace stream_request_test {

namespace stream = ilp::stream;

struct both_ends {
    stream::envelope_cipher cipher;
    stream::connection_keys keys = stream::derive_keys(ilp::bytes(32, 1));
    ilp::bytes opened = ilp::bytes(stream::plaintext_size_max);

    ilp::bytes sealed_reply(ilp::packet_type type, std::uint64_t sequence, const stream::connection_keys& with) {
        std::array<ilp::octet, stream::packet_writer::head_size_max> plaintext;
        const stream::packet_writer writer{plaintext, {type, sequence, {99}}};
        ilp::bytes envelope(writer.packet().size() + stream::envelope_overhead);
        cipher.seal(with.encryption, writer.packet(), envelope);
        return envelope;
    }
    bool is_believed(ilp::bytes_view data) {
        return stream::open_reply(cipher, keys, data, ilp::packet_type::fulfill, 3, opened).has_value();
    }
};

TEST_CASE("A29-07: a sender believes a reply only to this request, in this kind of answer, from the receiver") {
    both_ends ends;
    CHECK(ends.is_believed(ends.sealed_reply(ilp::packet_type::fulfill, 3, ends.keys)));
    CHECK_FALSE(ends.is_believed(ends.sealed_reply(ilp::packet_type::reject, 3, ends.keys)));
    CHECK_FALSE(ends.is_believed(ends.sealed_reply(ilp::packet_type::prepare, 3, ends.keys)));
    CHECK_FALSE(ends.is_believed(ends.sealed_reply(ilp::packet_type::fulfill, 4, ends.keys)));
    const auto others = stream::derive_keys(ilp::bytes(32, 2));
    CHECK_FALSE(ends.is_believed(ends.sealed_reply(ilp::packet_type::fulfill, 3, others)));
    CHECK_FALSE(ends.is_believed({}));
    CHECK_FALSE(ends.is_believed(ilp::bytes(ilp::data_size_max + 1)));
}

TEST_CASE("A29-02: the condition of a request is the one that its receiver can fulfill") {
    both_ends ends;
    const ilp::bytes plaintext(30, 5);
    ilp::bytes envelope(plaintext.size() + stream::envelope_overhead);
    const auto sealed = stream::seal_request(ends.cipher, ends.keys, plaintext, envelope);
    CHECK(sealed.data.size() == envelope.size());
    CHECK(ilp::fulfills(stream::fulfillment_of(ends.keys.fulfillment, sealed.data), sealed.condition));
}

}  // namespace stream_request_test

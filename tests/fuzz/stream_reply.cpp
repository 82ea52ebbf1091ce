#include "ilp/packet.hpp"
#include "ilp/stream/envelope.hpp"
#include "ilp/stream/keys.hpp"
#include "ilp/stream/sender.hpp"
#include "ilp/stream/stream_packet.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>

using fuzz::require;
namespace stream = ilp::stream;

namespace {

constexpr std::uint64_t number = 1;

ilp::bytes fulfill_with(ilp::bytes_view data) {
    ilp::bytes packet;
    ilp::serialize_fulfill(packet, ilp::fulfillment{}, data);
    return packet;
}

ilp::bytes reject_with(ilp::bytes_view data) {
    ilp::bytes packet;
    ilp::serialize_reject(packet, {"F99", "test.bob", "", data});
    return packet;
}

}  // namespace

/// The input is what a receiver with the shared secret writes in the answer to packet 1, and at the same time what
/// anybody else does. The receiver's word counts if it is about this packet; nobody else's does.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    static const ilp::bytes secret(32, 7);
    static const ilp::digest key = stream::derive_keys(secret).encryption;
    static stream::envelope_cipher cipher;
    static ilp::bytes sealed(ilp::data_size_max);
    static stream::sender_memory memory;
    static stream::sender sender{memory, "test.bob", secret, "test.alice"};
    const ilp::bytes_view input{octets, std::min(size, stream::plaintext_size_max)};

    ilp::bytes fulfill = fulfill_with(input);
    ilp::bytes reject = reject_with(input);
    require(!sender.read_fulfill(number, *ilp::fulfill_view::parse(fulfill)), "a stranger says nothing of a Fulfill");
    require(!sender.read_reject(number, *ilp::reject_view::parse(reject)).received, "nor of a Reject");

    const ilp::bytes_view reply = cipher.seal(key, input, sealed);
    fulfill = fulfill_with(reply);
    reject = reject_with(reply);
    const auto of_fulfill = sender.read_fulfill(number, *ilp::fulfill_view::parse(fulfill));
    const auto of_reject = sender.read_reject(number, *ilp::reject_view::parse(reject)).received;
    const auto written = stream::packet_view::parse(input);
    const bool is_of_packet = written && written->head().sequence == number;
    const auto counts = [&](ilp::packet_type answer) { return is_of_packet && written->head().carried_by == answer; };
    require(of_fulfill.has_value() == counts(ilp::packet_type::fulfill), "a reply belongs to one packet and answer");
    require(of_reject.has_value() == counts(ilp::packet_type::reject), "a reply belongs to one packet and answer");
    require(!of_fulfill || *of_fulfill == written->head().amount, "the receiver's word is what it wrote");
    require(!sender.asset() || sender.asset()->code.size() <= 255, "an asset code has a bound");
    return 0;
}

#include "ilp/stream/sender.hpp"

#include "ilp/stream/request.hpp"

#include <openssl/rand.h>

#include <stdexcept>
#include <utility>
#include <variant>

namespace ilp::stream {
namespace {

constexpr std::uint64_t money_stream = 1;  // clients open odd ones
constexpr std::size_t asset_code_size_max = 255;

std::uint64_t big_endian(bytes_view octets) noexcept {
    std::uint64_t value = 0;
    for (const octet each : octets) value = value << 8 | each;
    return value;
}

std::optional<amount_too_large> too_large_data(bytes_view data) noexcept {
    if (data.size() != amount_too_large_data_size) return std::nullopt;
    return amount_too_large{{big_endian(data.first(8))}, {big_endian(data.subspan(8))}};
}

}  // namespace

sender_memory::sender_memory() : plaintext_(plaintext_size_max), envelope_(data_size_max) {}

sender::sender(sender_memory& memory, std::string destination, bytes_view shared_secret, std::string own_address)
    : memory_{memory},
      destination_{std::move(destination)},
      own_address_{std::move(own_address)},
      keys_{derive_keys(shared_secret)} {}

void sender::write_prepare(bytes& out, std::uint64_t number, amount amount, ilp::amount minimum, timestamp expires_at) {
    packet_writer writer{memory_.plaintext_, {packet_type::prepare, number, minimum}};
    writer.add(stream_money{.stream_id = money_stream, .shares = 1});
    const sealed_request request = seal_request(memory_.cipher_, keys_, writer.packet(), memory_.envelope_);
    serialize_prepare(out, {amount, expires_at, request.condition, destination_, request.data});
}

void sender::write_probe(bytes& out, std::uint64_t number, amount amount, timestamp expires_at) {
    packet_writer writer{memory_.plaintext_, {packet_type::prepare, number, {}}};
    writer.add(connection_new_address{own_address_});
    write_unfulfillable(out, writer, amount, expires_at);
}

void sender::write_close(bytes& out, std::uint64_t number, timestamp expires_at) {
    packet_writer writer{memory_.plaintext_, {packet_type::prepare, number, {}}};
    writer.add(stream_close{.stream_id = money_stream, .code = close_code::no_error, .message = {}});
    writer.add(connection_close{.code = close_code::no_error, .message = {}});
    write_unfulfillable(out, writer, {}, expires_at);
}

void sender::write_unfulfillable(bytes& out, const packet_writer& writer, amount amount, timestamp expires_at) {
    const sealed_request request = seal_request(memory_.cipher_, keys_, writer.packet(), memory_.envelope_);
    condition unknown{};
    if (RAND_bytes(unknown.data(), static_cast<int>(unknown.size())) != 1) {
        throw std::runtime_error{"libcrypto has no random octets"};
    }
    serialize_prepare(out, {amount, expires_at, unknown, destination_, request.data});
}

std::optional<amount> sender::read_fulfill(std::uint64_t number, const fulfill_view& fulfill) {
    return read_reply(number, packet_type::fulfill, fulfill.data());
}

payment_rejection sender::read_reject(std::uint64_t number, const reject_view& reject) {
    payment_rejection read{.code = parse_error_code(reject.code())};
    if (read.code == error_code::f08_amount_too_large) {
        read.too_large = too_large_data(reject.data());
    } else if (read.code == error_code::f99_application_error) {
        read.received = read_reply(number, packet_type::reject, reject.data());
    }
    return read;
}

std::optional<amount> sender::read_reply(std::uint64_t number, packet_type carried_by, bytes_view data) {
    const auto reply = open_reply(memory_.cipher_, keys_, data, carried_by, number, memory_.plaintext_);
    if (!reply) return std::nullopt;
    frame_reader frames = reply->frames();
    while (const auto next = frames.next()) {
        const auto* const details = std::get_if<connection_asset_details>(&*next);
        if (details != nullptr && details->asset_code.size() <= asset_code_size_max) {
            asset_ = receiver_asset{std::string{details->asset_code}, details->asset_scale};
        }
    }
    return reply->head().amount;
}

}  // namespace ilp::stream

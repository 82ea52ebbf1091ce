#include "connector/payments/stream_connection.hpp"

#include "ilp/error_code.hpp"
#include "ilp/invariant.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace connector {
namespace {

namespace stream = ilp::stream;

constexpr std::uint64_t stream_id = 1;  // the first of a client (RFC 29)
constexpr std::size_t frames_size_max = 64;

ilp::condition random_condition() {
    ilp::condition condition;
    ilp::require(RAND_bytes(condition.data(), static_cast<int>(condition.size())) == 1, "libcrypto has random numbers");
    return condition;
}

std::optional<ilp::amount_too_large> read_amounts(ilp::bytes_view data) {
    if (data.size() != ilp::amount_too_large_data_size) return std::nullopt;
    const auto number = [](ilp::bytes_view octets) {
        std::uint64_t value = 0;
        for (const ilp::octet octet : octets) value = value << 8U | octet;
        return ilp::amount{value};
    };
    return ilp::amount_too_large{number(data.first(8)), number(data.last(8))};
}

bool is_asset_code(std::string_view code) {
    const auto is_letter_or_digit = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    };
    return !code.empty() && code.size() <= receiver_asset::code_size_max &&
           std::ranges::all_of(code, is_letter_or_digit);
}

}  // namespace

stream_connection::stream_connection(stream_memory& memory, payment_receiver receiver, std::string own_address)
    : memory_{memory},
      destination_{std::move(receiver.destination)},
      own_address_{std::move(own_address)},
      keys_{stream::derive_keys(receiver.shared_secret)} {}

ilp::bytes_span stream_connection::write(const request& wanted) {
    const bool is_first = wanted.number == 1;
    memory_.plaintext.resize(stream::packet_writer::head_size_max + frames_size_max +
                             (is_first ? own_address_.size() : 0));
    stream::packet_writer writer{memory_.plaintext, {ilp::packet_type::prepare, wanted.number, wanted.minimum}};
    if (is_first) writer.add(stream::connection_new_address{own_address_});
    writer.add(stream::stream_money{.stream_id = stream_id, .shares = 1});
    memory_.data.resize(writer.packet().size() + stream::envelope_overhead);
    const auto sealed = stream::seal_request(memory_.cipher, keys_, writer.packet(), memory_.data);
    memory_.prepare.clear();
    ilp::serialize_prepare(memory_.prepare,
                           {wanted.amount, wanted.expires_at, wanted.is_probe ? random_condition() : sealed.condition,
                            destination_, sealed.data});
    return memory_.prepare;
}

std::optional<ilp::amount> stream_connection::read_fulfill(std::uint64_t number, ilp::bytes_view fulfill) {
    memory_.answer.assign(fulfill.begin(), fulfill.end());
    const auto read = ilp::fulfill_view::parse(memory_.answer);
    ilp::require(read.has_value(), "the answer to a packet of ours has been checked");
    return read_reply(number, ilp::packet_type::fulfill, read->data());
}

ilp::payment_rejection stream_connection::read_reject(std::uint64_t number, ilp::bytes_view reject) {
    memory_.answer.assign(reject.begin(), reject.end());
    const auto read = ilp::reject_view::parse(memory_.answer);
    ilp::require(read.has_value(), "the answer to a packet of ours has been checked");
    ilp::payment_rejection rejection{.code = ilp::parse_error_code(read->code())};
    if (rejection.code == ilp::error_code::f08_amount_too_large) {
        rejection.too_large = read_amounts(read->data());
    } else if (!read->data().empty()) {
        rejection.received = read_reply(number, ilp::packet_type::reject, read->data());
    }
    return rejection;
}

std::optional<ilp::amount> stream_connection::read_reply(std::uint64_t number, ilp::packet_type answer,
                                                         ilp::bytes_view data) {
    const auto reply = stream::open_reply(memory_.cipher, keys_, data, answer, number, memory_.reply);
    if (!reply) return std::nullopt;
    for (stream::frame_reader frames = reply->frames(); const auto next = frames.next();) {
        const auto* const details = std::get_if<stream::connection_asset_details>(&*next);
        if (details != nullptr && is_asset_code(details->asset_code)) {
            asset_ = receiver_asset{std::string{details->asset_code}, details->asset_scale};
        }
    }
    return reply->head().amount;
}

}  // namespace connector

#include "tests/unit/ilp/stream/faulty_path.hpp"

#include "ilp/stream/envelope.hpp"
#include "ilp/stream/keys.hpp"
#include "ilp/stream/stream_packet.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

namespace faulty_path {

using namespace std::chrono_literals;
namespace stream = ilp::stream;
using ilp::amount;
using ilp::bytes;
using ilp::packet_type;

namespace {

constexpr ilp::timestamp far_away{4'000'000'000'000ms};

bytes reject(std::string_view code, ilp::bytes_view data = {}) {
    bytes out;
    ilp::serialize_reject(out, {code, "test.hop", "", data});
    return out;
}

bytes with_data(const ilp::prepare_view& prepare, ilp::bytes_view data) {
    ilp::condition condition{};
    std::ranges::copy(prepare.condition(), condition.begin());
    bytes out;
    ilp::serialize_prepare(out, {prepare.amount(), prepare.expires_at(), condition, prepare.destination(), data});
    return out;
}

bytes data_of(bytes answer) {
    if (const auto fulfill = ilp::fulfill_view::parse(answer)) return {fulfill->data().begin(), fulfill->data().end()};
    if (const auto reject = ilp::reject_view::parse(answer)) return {reject->data().begin(), reject->data().end()};
    return {};
}

/// The answer with other data.
bytes with_data(bytes answer, ilp::bytes_view data) {
    bytes out;
    if (const auto fulfill = ilp::fulfill_view::parse(answer)) {
        ilp::serialize_fulfill(out, fulfill->fulfillment(), data);
    } else if (const auto reject = ilp::reject_view::parse(answer)) {
        ilp::serialize_reject(out, {reject->code(), reject->triggered_by(), reject->message(), data});
    }
    return out;
}

}  // namespace

stream::receiver_token path::make_token() {
    return secrets_->make_token(cipher_, {.account = 1, .valid_until = far_away});
}

carried path::carry_from(std::size_t at, bytes prepare) {
    if (at == connectors_.size()) return receive(std::move(prepare));
    const connector& hop = connectors_[at];
    const auto incoming = ilp::prepare_view::parse(prepare);
    REQUIRE(incoming.has_value());
    if (chance(hop.faults.loses_request)) return {};
    if (chance(hop.faults.rejects)) return {.answer = reject_with_any_code()};
    if (chance(hop.faults.talks_nonsense)) return {.answer = any_octets(100)};
    if (chance(hop.faults.forges)) {
        bytes forged;
        ilp::fulfillment made_up{};
        for (auto& each : made_up) each = static_cast<ilp::octet>(random_());
        ilp::serialize_fulfill(forged, made_up, any_octets(100));
        return {.answer = std::move(forged)};
    }
    if (incoming->amount() > hop.maximum) {
        if (!hop.tells_maximum) return {.answer = reject("F08")};
        return {.answer = reject("F08", ilp::serialize(ilp::amount_too_large_data{incoming->amount(), hop.maximum}))};
    }
    amount outgoing = hop.rate.delivered_for(incoming->amount());
    if (chance(hop.faults.changes_amount)) outgoing.value = random_() % (2 * outgoing.value + 1);
    if (outgoing.is_zero()) return {.answer = reject("R01")};

    bytes data{incoming->data().begin(), incoming->data().end()};
    if (chance(hop.faults.changes_request)) spoil(data);
    bytes passed_on = with_data(*incoming, data);
    ilp::prepare_view::parse(passed_on)->set_amount(outgoing);
    amount by_copy{};
    if (chance(hop.faults.repeats)) by_copy = carry_from(at + 1, passed_on).arrived;
    carried back = carry_from(at + 1, std::move(passed_on));
    back.arrived.value += std::min(by_copy.value, amount::max().value - back.arrived.value);
    back.takes += 1ms + std::chrono::microseconds{random_() % 5'000};
    if (chance(hop.faults.delays)) back.takes += std::chrono::milliseconds{random_() % 40'000};
    if (chance(hop.faults.loses_answer)) back.answer.clear();
    if (back.answer.empty()) return back;
    if (chance(hop.faults.changes_answer)) spoil(back.answer);
    bytes reply = data_of(back.answer);
    if (chance(hop.faults.exchanges_replies) && !reply.empty()) {
        back.answer = with_data(std::move(back.answer), earlier_reply_);
    }
    if (!reply.empty()) earlier_reply_ = std::move(reply);
    return back;
}

carried path::receive(bytes prepare) {
    const auto packet = ilp::prepare_view::parse(prepare);
    REQUIRE(packet.has_value());
    const auto* const connection =
        receiver_.find_connection(packet->destination().substr(std::string_view{"test.bob."}.size()));
    REQUIRE(connection != nullptr);
    const auto received =
        receiver_.receive(connection->keys, packet->data(), packet->condition(), packet->amount(), "EUR", 2);
    carried back{.takes = 1ms};
    using enum stream::verdict;
    if (received.verdict == fulfill) {
        if (honesty_ == honesty::lies && chance(50)) return {};  // it may have taken the money, or not
        credited += packet->amount().value;
        back.arrived = packet->amount();
        const bytes said = honesty_ == honesty::lies ? lie(connection->keys, packet->data(), packet_type::fulfill)
                                                     : bytes{received.data.begin(), received.data.end()};
        ilp::serialize_fulfill(back.answer, received.fulfillment, said);
    } else if (received.verdict == unreadable) {
        back.answer = reject("F06");
    } else if (received.verdict == not_a_request) {
        back.answer = reject("F00");
    } else {
        back.answer =
            reject("F99", honesty_ == honesty::lies ? lie(connection->keys, packet->data(), packet_type::reject)
                                                    : bytes{received.data.begin(), received.data.end()});
    }
    return back;
}

bytes path::lie(const stream::connection_keys& keys, ilp::bytes_view data, packet_type carried_by) {
    bytes plaintext(stream::plaintext_size_max);
    const auto opened = cipher_.open(keys.encryption, data, plaintext);
    REQUIRE(opened.has_value());
    const auto request = stream::packet_view::parse(*opened);
    REQUIRE(request.has_value());
    stream::packet_head head{carried_by, request->head().sequence, request->head().amount};
    switch (random_() % 10) {
        case 0:
            head.amount.value /= 2;
            break;
        case 1:
            head.amount.value *= 2;
            break;
        case 2:
            head.amount = amount::max();
            break;
        case 3:
            head.amount = {};
            break;
        case 4:
            head.sequence += 1;
            break;
        case 5:
            head.carried_by = static_cast<packet_type>(random_() % 16);
            break;
        case 6:
            return any_octets(1'000);
        default:
            break;
    }
    bytes reply(1'024);
    stream::packet_writer writer{reply, head};
    const std::string text(random_() % 600, '\x1b');
    writer.add(stream::connection_asset_details{text, static_cast<std::uint8_t>(random_())});
    writer.add(stream::connection_close{static_cast<stream::close_code>(random_()), text});
    writer.add(stream::stream_max_money{1, random_(), std::numeric_limits<std::uint64_t>::max()});
    bytes sealed(writer.packet().size() + stream::envelope_overhead);
    cipher_.seal(keys.encryption, writer.packet(), sealed);
    return sealed;
}

bytes path::reject_with_any_code() {
    const auto which = static_cast<int>(random_() % (ilp::error_code_count + 1));
    const auto code = which == ilp::error_code_count ? "X42" : ilp::code_text(static_cast<ilp::error_code>(which));
    if (random_() % 2 == 0) return reject(code);
    if (random_() % 2 == 0) return reject(code, any_octets(40));
    return reject(code, ilp::serialize(ilp::amount_too_large_data{{random_() % 10'000}, {random_() % 10'000}}));
}

bytes path::any_octets(std::size_t size_max) {
    bytes octets(random_() % (size_max + 1));
    for (auto& each : octets) each = static_cast<ilp::octet>(random_());
    return octets;
}

}  // namespace faulty_path

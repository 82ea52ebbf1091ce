#include "tests/support/packets.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

namespace support {

ilp::timestamp now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

ilp::bytes encode(const prepare& prepare) {
    ilp::bytes octets;
    ilp::serialize_prepare(
        octets,
        {.amount = {prepare.amount},
         .expires_at = prepare.expires_at.value_or(now() + prepare.expires_in),
         .condition = prepare.condition.value_or(condition_for(fulfillment_for(prepare.destination, prepare.data))),
         .destination = prepare.destination,
         .data = prepare.data});
    return octets;
}

ilp::fulfillment fulfillment_for(std::string_view destination, ilp::bytes_view data) {
    ilp::bytes seed = to_bytes(destination);
    seed.push_back(0);
    seed.insert(seed.end(), data.begin(), data.end());
    return ilp::sha256(seed);
}

ilp::condition condition_for(const ilp::fulfillment& fulfillment) {
    return ilp::sha256(fulfillment);
}

ilp::bytes encode_fulfill(const ilp::fulfillment& fulfillment, ilp::bytes_view data) {
    ilp::bytes octets;
    ilp::serialize_fulfill(octets, fulfillment, data);
    return octets;
}

ilp::bytes encode_reject(std::string_view code, std::string_view triggered_by, std::string_view message,
                         ilp::bytes_view data) {
    ilp::bytes octets;
    ilp::serialize_reject(octets, {.code = code, .triggered_by = triggered_by, .message = message, .data = data});
    return octets;
}

received_prepare decode_prepare(ilp::bytes_view octets) {
    ilp::bytes copy{octets.begin(), octets.end()};
    const auto view = ilp::prepare_view::parse(copy);
    if (!view)
        throw std::runtime_error{"not a Prepare: decode_error " + std::to_string(static_cast<int>(view.error()))};
    if (!std::ranges::equal(view->bytes(), octets)) throw std::runtime_error{"octets behind the Prepare"};
    received_prepare result;
    result.amount = view->amount().value;
    result.expires_at = view->expires_at();
    std::ranges::copy(view->condition(), result.condition.begin());
    result.destination = view->destination();
    result.data.assign(view->data().begin(), view->data().end());
    return result;
}

ilp::bytes random_bytes(std::size_t size) {
    thread_local std::mt19937 generator{std::random_device{}()};
    std::uniform_int_distribution<int> octet{0, 255};
    ilp::bytes octets(size);
    std::ranges::generate(octets, [&] { return static_cast<ilp::octet>(octet(generator)); });
    return octets;
}

ilp::bytes from_hex(std::string_view digits) {
    const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    ilp::bytes octets;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        octets.push_back(static_cast<ilp::octet>(value(digits[i]) * 16 + value(digits[i + 1])));
    }
    return octets;
}

std::string to_hex(ilp::bytes_view octets) {
    std::string text;
    for (const ilp::octet octet : octets) {
        text += "0123456789abcdef"[octet >> 4];
        text += "0123456789abcdef"[octet & 15];
    }
    return text;
}

}  // namespace support

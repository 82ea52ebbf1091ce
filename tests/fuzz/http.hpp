#pragma once

#include "connector/transport/http/message.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Code shared by the two HTTP targets.
namespace fuzz {

/// The bytes of a connection and the number of them that arrive first. The first two bytes of the input give that
/// number.
struct split_octets {
    std::string octets;
    std::size_t first = 0;

    split_octets(const std::uint8_t* input, std::size_t size) {
        if (size < 2) return;
        octets.assign(input + 2, input + size);
        first = (input[0] + std::size_t{256} * input[1]) % (octets.size() + 1);
    }
};

/// The header section ends at the same place whether all bytes arrive at once or in two pieces.
inline std::optional<std::size_t> head_end_of(const split_octets& input) {
    const auto whole = connector::http::find_head_end(input.octets, 0);
    const auto early = connector::http::find_head_end(std::string_view{input.octets}.substr(0, input.first), 0);
    require(!early || early == whole, "the end of the head does not move");
    if (!early) {
        require(connector::http::find_head_end(input.octets, input.first) == whole,
                "the end of the head is found late");
    }
    require(!whole || (*whole >= 4 && *whole <= input.octets.size()), "the head lies in what has come in");
    return whole;
}

/// An accepted field value contains no byte that could end a line or affect a terminal.
inline void require_field(std::string_view value, std::string_view head) {
    if (value.empty()) return;
    require(value.data() >= head.data() && value.data() + value.size() <= head.data() + head.size(),
            "a view into the head");
    require(std::ranges::none_of(value, [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; }),
            "no control octets in a value");
}

/// A chunked body is decoded to the same result whether it arrives at once or in two pieces.
inline void require_same_chunks(std::string body, std::size_t first) {
    using connector::http::chunked_body;
    using state = chunked_body::state;
    std::string pieces = body;
    first = std::min(first, body.size());

    chunked_body at_once;
    const state whole = at_once.advance(body);
    chunked_body in_two;
    state split = in_two.advance({pieces.data(), first});
    require(in_two.consumed() <= first && in_two.size() <= in_two.consumed(), "no more is read than has come in");
    if (split == state::incomplete) split = in_two.advance(pieces);

    require(split == whole, "the same end");
    require(at_once.consumed() == in_two.consumed() && at_once.size() == in_two.size(), "the same sizes");
    require(std::string_view{body}.substr(0, at_once.size()) == std::string_view{pieces}.substr(0, in_two.size()),
            "the same octets");
    require(at_once.consumed() <= body.size() && at_once.size() <= at_once.consumed(), "within what has come in");
    require(at_once.size() <= connector::http::body_size_max, "within the bound of a body");
}

}  // namespace fuzz

#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "ilp/packet.hpp"
#include "ilp/stream/request.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

namespace support {

/// The sender of a STREAM connection, as far as one packet needs it.
class stream_sender {
public:
    struct request {
        std::uint64_t sequence = 0;
        ilp::bytes data;
        ilp::condition condition{};  ///< which only the receiver can fulfill
    };

    stream_sender(std::string destination, const ilp::digest& shared_secret)
        : destination_{std::move(destination)}, keys_{ilp::stream::derive_keys(shared_secret)} {}

    const std::string& destination() const noexcept { return destination_; }

    /// A request that wants at least `minimum` to arrive, with money for stream 1 and with these frames.
    request next(std::uint64_t minimum, std::initializer_list<ilp::stream::frame> frames = {}) {
        std::array<ilp::octet, 4096> plaintext;
        const std::uint64_t sequence = ++sequence_;
        ilp::stream::packet_writer writer{plaintext, {ilp::packet_type::prepare, sequence, {minimum}}};
        writer.add(ilp::stream::stream_money{.stream_id = 1, .shares = 1});
        for (const auto& each : frames) writer.add(each);
        ilp::bytes data(writer.packet().size() + ilp::stream::envelope_overhead);
        const ilp::condition condition = ilp::stream::seal_request(cipher_, keys_, writer.packet(), data).condition;
        return {sequence, std::move(data), condition};
    }

    /// What the receiver replied in the data of such an answer; a view that the next reply replaces.
    std::optional<ilp::stream::packet_view> reply(const request& to, ilp::packet_type answer, ilp::bytes_view data) {
        return ilp::stream::open_reply(cipher_, keys_, data, answer, to.sequence, plaintext_);
    }

private:
    std::string destination_;
    ilp::stream::connection_keys keys_;
    ilp::stream::envelope_cipher cipher_;
    std::uint64_t sequence_ = 0;
    ilp::bytes plaintext_ = ilp::bytes(ilp::data_size_max);
};

}  // namespace support

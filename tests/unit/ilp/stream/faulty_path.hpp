#pragma once

#include "ilp/condition.hpp"
#include "ilp/packet.hpp"
#include "ilp/payment/exchange_ratio.hpp"
#include "ilp/rate.hpp"
#include "ilp/stream/receiver.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

/// A path of connectors to a receiver, which carries real packets. Everybody on it may do what he should not: by
/// chance, but the same for the same seed.
namespace faulty_path {

/// How often a connector does it, per mille of the packets that come to it.
struct faults {
    unsigned loses_request = 0;
    unsigned loses_answer = 0;
    unsigned delays = 0;             ///< by up to 40 s
    unsigned repeats = 0;            ///< the request reaches the next hop twice
    unsigned rejects = 0;            ///< with any code, and with any data
    unsigned forges = 0;             ///< answers with a fulfillment that it has made up
    unsigned talks_nonsense = 0;     ///< answers with octets that are no packet
    unsigned changes_amount = 0;     ///< passes on up to twice what it should
    unsigned changes_request = 0;    ///< one bit of the data
    unsigned changes_answer = 0;     ///< one bit of the packet
    unsigned exchanges_replies = 0;  ///< the data of an answer for that of an earlier one
};

struct connector {
    ilp::exchange_ratio rate{};
    ilp::amount maximum = ilp::amount::max();
    bool tells_maximum = true;
    faulty_path::faults faults{};
};

/// What a receiver that has the shared secret says in its replies.
enum class honesty : std::uint8_t {
    honest,
    lies,  ///< anything: other amounts, numbers, types and frames, or octets that are no reply; or it is silent
};

/// What comes back for a packet.
struct carried {
    ilp::bytes answer{};  ///< empty: nothing
    std::chrono::nanoseconds takes{};
    ilp::amount arrived{};  ///< at the receiver, which has fulfilled it
};

class path {
public:
    path(std::vector<connector> connectors, honesty receiver, std::uint64_t seed)
        : connectors_{std::move(connectors)}, honesty_{receiver}, random_{seed} {}

    carried carry(ilp::bytes prepare) { return carry_from(0, std::move(prepare)); }

    /// The details of another connection to the receiver.
    ilp::stream::receiver_token make_token();
    static std::string destination_of(const ilp::stream::receiver_token& token) { return "test.bob." + token.segment; }

    ilp::uint128 credited = 0;  ///< to the receiver's account

private:
    carried carry_from(std::size_t at, ilp::bytes prepare);
    carried receive(ilp::bytes prepare);
    /// In place of an honest reply to the packet.
    ilp::bytes lie(const ilp::stream::connection_keys& keys, ilp::bytes_view data, ilp::packet_type carried_by);
    ilp::bytes reject_with_any_code();
    void spoil(ilp::bytes& octets) { octets.at(random_() % octets.size()) ^= ilp::octet(1U << (random_() % 8)); }
    ilp::bytes any_octets(std::size_t size_max);
    bool chance(unsigned per_mille) { return random_() % 1'000 < per_mille; }

    std::vector<connector> connectors_;
    honesty honesty_;
    std::mt19937_64 random_;
    ilp::bytes earlier_reply_;
    std::shared_ptr<const ilp::stream::receiver_secrets> secrets_ = [] {
        const ilp::digest secret{7};
        return std::make_shared<const ilp::stream::receiver_secrets>(std::span{&secret, 1});
    }();
    ilp::stream::envelope_cipher cipher_;
    ilp::stream::receiver receiver_{secrets_};
};

}  // namespace faulty_path

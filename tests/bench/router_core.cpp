#include "tests/conversation/world.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <exception>
#include <stdexcept>

// Passes N packets through the deciding core and does nothing else, so that instructions can be counted. There is no
// socket, clock, thread or store; transfers are posted in batches, as by a committer.
namespace {

constexpr std::uint64_t batch_size = 32;

void pass_packets(std::uint64_t packets) {
    conversation::world world;
    const auto prepare = world.encode({.amount = 1});
    const auto fulfill = conversation::fulfill_with(conversation::preimage);
    const auto& sender = world.peer("p1");
    auto body = prepare;
    auto answer = fulfill;
    peering::posting_batch batch;
    for (std::uint64_t n = 1; n <= packets; ++n) {
        std::memcpy(body.data(), prepare.data(), prepare.size());
        std::memcpy(answer.data(), fulfill.data(), fulfill.size());
        const auto [what, context] =
            world.router.decide(body, sender, *world.forwarding_table, world.rates, world.load, world.now);
        if (what != connector::step::go_on) throw std::runtime_error{"a packet was not forwarded"};
        if (world.router.check_reply(context.prepare->condition(), answer).kind != connector::reply_kind::fulfill) {
            throw std::runtime_error{"an answer was not taken for the Fulfill"};
        }
        batch.add(context.transfer.legs());
        if (n % batch_size == 0 || n == packets) {
            world.ledger.apply(batch.postings());
            batch.clear();
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t packets = 0;
    CLI::App app{"Decides Prepares and settles their Fulfills, so often; prints nothing."};
    app.add_option("packets", packets, "how many, at most 900000: the sender's liquidity")->required();
    CLI11_PARSE(app, argc, argv);
    try {
        pass_packets(packets);
    } catch (const std::exception& error) {
        fmt::print(stderr, "router core: {}\n", error.what());
        return 1;
    }
}

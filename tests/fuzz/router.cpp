#include "ilp/packet.hpp"
#include "tests/conversation/world.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <array>
#include <chrono>

using fuzz::require;
using namespace conversation;

namespace {

/// Has no time-dependent limits: they would make the outcome of one input depend on earlier ones.
config::settings settings() {
    auto made = usual_settings();
    made.peers[0].max_packet_amount = ilp::amount{1'000'000};
    made.peers[1].routes = {"", "private.p2"};
    made.peers[2].max_packet_amount = ilp::amount{500};
    made.peers[2].return_to_source = true;
    made.peers[2].spread = std::uint16_t{25};
    return made;
}

struct rated_world : world {
    rated_world() : world{settings()} {
        rates.set("USD", "EUR", {.rate = ilp::parse_rate("0.813399").value(), .spread = 50});
    }
};

ilp::bytes encode(const ilp::prepare_view& prepare) {
    ilp::condition condition;
    std::ranges::copy(prepare.condition(), condition.begin());
    ilp::bytes out;
    ilp::serialize_prepare(out,
                           {prepare.amount(), prepare.expires_at(), condition, prepare.destination(), prepare.data()});
    return out;
}

void check_forwarded(const world& d, const decision& decided, ilp::bytes original) {
    ilp::bytes sent{decided.forwarded().begin(), decided.forwarded().end()};
    const auto out = ilp::prepare_view::parse(sent);
    require(out && std::ranges::equal(out->bytes(), decided.forwarded()), "what goes on is one Prepare");
    require(encode(*out) == sent, "what goes on is canonical");
    require(out->amount() == decided.context.outgoing_amount, "with the converted amount");
    require(out->expires_at() == decided.context.outgoing_expires_at, "with the new expiry");
    const auto in = ilp::prepare_view::parse(original);
    require(in.has_value(), "what came in was a Prepare");
    require(out->expires_at() < in->expires_at(), "it expires earlier");
    require(out->expires_at() > d.now.wall, "it has not expired");
    require(std::ranges::equal(out->condition(), in->condition()), "the condition stays");
    if (decided.context.for_echo) return;
    require(out->destination() == in->destination(), "the destination stays");
    require(std::ranges::equal(out->data(), in->data()), "the data stays");
    require(!out->destination().starts_with("peer."), "peer. is not forwarded");
}

}  // namespace

/// The first byte selects the sender. The rest is a Prepare, valid or not, followed by the next hop's answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    static rated_world d;
    static constexpr std::array senders{"p1", "p2", "p3", "cents", "euro"};
    if (size == 0) return 0;
    const ilp::bytes body{octets + 1, octets + size};
    const decision decided = d.send(senders[octets[0] % senders.size()], body);
    switch (decided.what) {
        case step::bad_request:
            require(body.empty() || body.front() != 12, "what begins like a Prepare is answered");
            break;
        case step::reject:
            d.reject_of(decided);
            break;  // throws unless it is canonical
        case step::fulfill: {
            ilp::bytes fulfill = fulfill_with(decided.context.fulfillment, decided.context.answer_data);
            require(d.answer(decided, fulfill).kind == connector::reply_kind::fulfill, "our own Fulfill is right");
            break;
        }
        case step::go_on:
            check_forwarded(d, decided, body);
            break;
    }
    const bool may_hold = decided.what == step::go_on || decided.what == step::fulfill;
    require(may_hold || decided.context.transfer.empty(), "a refused packet holds nothing");
    d.release(decided);
    require(d.at_rest(), "everything that was held is given back");

    ilp::bytes answer = body;
    const auto reply = d.router.check_reply(condition_of(preimage), answer);
    require(reply.kind == connector::reply_kind::refuse || !reply.packet.empty(), "what is passed on is a packet");
    return 0;
}

#include "connector/routing/router.hpp"

#include "connector/routing/stages/admit.hpp"
#include "connector/routing/stages/convert.hpp"
#include "connector/routing/stages/decode.hpp"
#include "connector/routing/stages/expired_on_arrival.hpp"
#include "connector/routing/stages/hold_liquidity.hpp"
#include "connector/routing/stages/incoming_limits.hpp"
#include "connector/routing/stages/outgoing_throughput.hpp"
#include "connector/routing/stages/own_address.hpp"
#include "connector/routing/stages/patch.hpp"
#include "connector/routing/stages/peer_protocols.hpp"
#include "connector/routing/stages/route.hpp"
#include "connector/routing/stages/shorten_expiry.hpp"

#include <array>

namespace connector {
namespace {

// The stages of a Prepare. Before them, the endpoint has found the peer by its token (401 if there is none). After
// them, the link sends the packet, check_reply() checks the answer, and the transfer is made durable before the Fulfill
// is sent.
constexpr std::array packet_stages_in_order{
    stage{"decode", stages::decode},                            // F01
    stage{"admit", stages::admit},                              // T00, T03
    stage{"expired on arrival", stages::expired_on_arrival},    // R00
    stage{"max packet amount", stages::max_packet_amount},      // F08
    stage{"packet rate", stages::packet_rate},                  // T05
    stage{"incoming throughput", stages::incoming_throughput},  // T04
    stage{"peer protocols", stages::peer_protocols},            // F01, F00; or answered here
    stage{"own address", stages::own_address},                  // F06, F01; or answered here
    stage{"route", stages::route},                              // F02
    stage{"convert", stages::convert},                          // R01, F08, T00
    stage{"outgoing throughput", stages::outgoing_throughput},  // T04
    stage{"shorten expiry", stages::shorten_expiry},            // R02
    stage{"hold liquidity", stages::hold_liquidity},            // T04
    stage{"patch", stages::patch},
};

}  // namespace

std::span<const stage> packet_stages() noexcept {
    return packet_stages_in_order;
}

std::pair<step, packet_context> router::decide(ilp::bytes_span body, const peering::peer& from,
                                               const forwarding_table& forwarding_table, const rate_table& rates,
                                               const load& load, ilp::instant now) {
    std::pair<step, packet_context> decided{step::go_on,
                                            {.body = body,
                                             .from = from,
                                             .forwarding_table = forwarding_table,
                                             .rates = rates,
                                             .terms = terms_,
                                             .load = load,
                                             .now = now,
                                             .scratch = scratch_}};
    for (const stage& stage : packet_stages_in_order) {
        decided.first = stage.run(decided.second);
        if (decided.first != step::go_on) break;
    }
    return decided;
}

reply router::check_reply(std::span<const ilp::octet, ilp::hash_size> condition, ilp::bytes_span answer) noexcept {
    if (const auto fulfill = ilp::fulfill_view::parse(answer)) {
        if (!ilp::fulfills(fulfill->fulfillment(), condition)) {
            return {reply_kind::refuse, reject_reason::wrong_fulfillment};
        }
        return {reply_kind::fulfill, {}, fulfill->bytes()};
    }
    if (const auto reject = ilp::reject_view::parse(answer)) {
        return {reply_kind::reject, {}, reject->bytes(), reject->code()};
    }
    return {reply_kind::refuse, reject_reason::next_hop_answered_nonsense};
}

void serialize_reject(ilp::bytes& out, reject_reason reason, std::string_view triggered_by,
                      const packet_context* context) {
    const reject_text& text = describe(reason);
    std::array<ilp::octet, ilp::amount_too_large_data_size> too_large;
    ilp::bytes_view data;
    if (context != nullptr && context->maximum_amount) {
        too_large = ilp::serialize({context->incoming_amount, *context->maximum_amount});
        data = too_large;
    }
    ilp::serialize_reject(out, {ilp::code_text(text.code), triggered_by, text.message, data});
}

}  // namespace connector

#include "connector/routing/router.hpp"

#include "connector/routing/stages/admit.hpp"
#include "connector/routing/stages/convert.hpp"
#include "connector/routing/stages/decode.hpp"
#include "connector/routing/stages/expired_on_arrival.hpp"
#include "connector/routing/stages/hold_liquidity.hpp"
#include "connector/routing/stages/incoming_limits.hpp"
#include "connector/routing/stages/own_address.hpp"
#include "connector/routing/stages/parts.hpp"
#include "connector/routing/stages/patch.hpp"
#include "connector/routing/stages/peer_protocols.hpp"
#include "connector/routing/stages/receive_payment.hpp"
#include "connector/routing/stages/route.hpp"
#include "connector/routing/stages/shorten_expiry.hpp"

#include <array>

namespace connector {
namespace {

// The stages of a Prepare, in order. Each passes the packet on or ends its processing. Before them, prepare_handler has
// found the peer by its token (401 if there is none). After them, the link sends the packet, check_reply() checks the
// answer, and the transfer is made durable before the Fulfill is sent.
constexpr std::array packet_stages{
    stages::decode,      stages::admit,          stages::expired_on_arrival, stages::max_packet_amount,
    stages::packet_rate, stages::peer_protocols, stages::own_address,        stages::receive_payment,
    stages::route,       stages::convert,        stages::shorten_expiry,     stages::hold_liquidity,
    stages::patch,
};

// The stages of one part of a Prepare that its sender has cut. Those of the whole follow when its first part is here,
// to hold its liquidity, and once more when it is whole.
constexpr std::array part_stages{
    stages::decode, stages::admit, stages::expired_on_arrival, stages::packet_rate, stages::parts_agreed,
};
constexpr std::array whole_stages{
    stages::decode,         stages::admit,       stages::expired_on_arrival,
    stages::peer_protocols, stages::own_address, stages::receive_payment,
    stages::route,          stages::convert,     stages::shorten_expiry,
    stages::hold_liquidity, stages::patch,
};

// The stages of a Prepare that begins at this node. It comes from no peer, so nothing limits its sender, and it asks
// this node for nothing but to receive it or to pass it on.
constexpr std::array own_packet_stages{
    stages::decode,  stages::admit,          stages::receive_payment, stages::route,
    stages::convert, stages::shorten_expiry, stages::hold_liquidity,  stages::patch,
};

}  // namespace

router::router(config::connector_settings settings, std::shared_ptr<const ilp::stream::receiver_secrets> secrets)
    : settings_{std::move(settings)} {
    if (secrets) receiver_ = std::make_unique<ilp::stream::receiver>(std::move(secrets));
}

template <typename Stages>
std::pair<step, packet_context> router::pass_through(const Stages& stages, ilp::bytes_span body,
                                                     const peering::peer& from,
                                                     const forwarding_table& forwarding_table, const rate_table& rates,
                                                     const load& load, ilp::instant now,
                                                     const peering::part_label* part) {
    std::pair<step, packet_context> decided{step::go_on,
                                            {.body = body,
                                             .from = from,
                                             .forwarding_table = forwarding_table,
                                             .rates = rates,
                                             .settings = settings_,
                                             .load = load,
                                             .now = now,
                                             .scratch = scratch_,
                                             .receiver = receiver_.get(),
                                             .part = part}};
    for (const auto stage : stages) {
        decided.first = stage(decided.second);
        if (decided.first != step::go_on) break;
    }
    return decided;
}

std::pair<step, packet_context> router::decide(ilp::bytes_span body, const peering::peer& from,
                                               const forwarding_table& forwarding_table, const rate_table& rates,
                                               const load& load, ilp::instant now) {
    return pass_through(packet_stages, body, from, forwarding_table, rates, load, now);
}

std::pair<step, packet_context> router::decide_own(ilp::bytes_span body, const peering::peer& payer,
                                                   const forwarding_table& forwarding_table, const rate_table& rates,
                                                   const load& load, ilp::instant now) {
    return pass_through(own_packet_stages, body, payer, forwarding_table, rates, load, now);
}

std::pair<step, packet_context> router::decide_part(ilp::bytes_span body, const peering::part_label& label,
                                                    const peering::peer& from, const forwarding_table& forwarding_table,
                                                    const rate_table& rates, const load& load, ilp::instant now) {
    return pass_through(part_stages, body, from, forwarding_table, rates, load, now, &label);
}

std::pair<step, packet_context> router::decide_whole(ilp::bytes_span body, const peering::peer& from,
                                                     const forwarding_table& forwarding_table, const rate_table& rates,
                                                     const load& load, ilp::instant now) {
    return pass_through(whole_stages, body, from, forwarding_table, rates, load, now);
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
    } else if (context != nullptr) {
        data = context->answer_data;
    }
    const std::string_view message = text.code == ilp::error_code::f99_application_error ? "" : text.message;
    ilp::serialize_reject(out, {ilp::code_text(text.code), triggered_by, message, data});
}

}  // namespace connector

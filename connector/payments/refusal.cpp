#include "connector/payments/refusal.hpp"

#include <fmt/format.h>

namespace connector {

std::string_view remedy(reject_reason reason) noexcept {
    switch (reason) {
        case reject_reason::no_route:
            return "add a route to a peer (`ilpctl peer update PEER --route PREFIX`)";
        case reject_reason::other_network:
            return "pay a receiver of the network that `ilp_address` belongs to";
        case reject_reason::payment_to_itself:
            return "pay from another account";
        case reject_reason::next_hop_disabled:
            return "enable the peer (`ilpctl peer enable PEER`)";
        case reject_reason::no_rate:
            return "set a rate between the two currencies (`rates`)";
        case reject_reason::rate_too_old:
            return "see why the source of the rates does not answer (`rates.url`)";
        case reject_reason::sender_lacks_liquidity:
            return "deposit to the account that pays";
        case reject_reason::asset_lacks_liquidity:
            return "deposit to the asset of the next hop (`ilpctl liquidity deposit ASSET AMOUNT`)";
        case reject_reason::outgoing_throughput_exceeded:
            return "raise the limit of the next hop";
        case reject_reason::next_hop_unreachable:
        case reject_reason::next_hop_behind_dead_gateway:
        case reject_reason::next_hop_connection_lost:
        case reject_reason::next_hop_timed_out:
        case reject_reason::next_hop_failed:
        case reject_reason::next_hop_answered_nonsense:
            return "see whether the next hop runs (`ilpctl status`)";
        case reject_reason::next_hop_refused_us:
            return "compare our outgoing token with that of the next hop";
        case reject_reason::amount_above_outgoing_maximum:
            return "raise the maximum packet amount of the next hop";
        case reject_reason::expires_too_soon:
            return "lower `connector.min_expiration_window`";
        default:
            return {};
    }
}

std::string to_text(const refusal& refused) {
    const std::string code = refused.code
                                 ? fmt::format("{} {}", ilp::code_text(*refused.code), ilp::name(*refused.code))
                                 : std::string{"an unknown code"};
    if (!refused.of_this_node) {
        return refused.triggered_by.empty() ? code : fmt::format("{} of {}", code, refused.triggered_by);
    }
    const reject_text& text = describe(*refused.of_this_node);
    const std::string why = fmt::format("{} of this node: {} ({})", code, text.message, text.identifier);
    const std::string_view what_to_do = remedy(*refused.of_this_node);
    return what_to_do.empty() ? why : fmt::format("{}; {}", why, what_to_do);
}

std::string with_refusal(std::string_view sentence, const std::optional<ilp::error_code>& code,
                         const std::optional<refusal>& last) {
    if (!code) return std::string{sentence};
    const bool is_same = last && last->code == code;
    return fmt::format("{} ({})", sentence, to_text(is_same ? *last : refusal{.code = code}));
}

}  // namespace connector

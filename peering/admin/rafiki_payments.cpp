#include "peering/admin/outgoing_payment.hpp"
#include "peering/admin/resolvers.hpp"
#include "peering/admin/store_reading.hpp"
#include "peering/records/text.hpp"

#include <optional>
#include <string>

namespace peering::admin {
namespace {

using graphql::call;
using graphql::field_result;
using graphql::object;
using graphql::value;

/// The amount of an asset, or of one that is not known.
value shown_amount(ilp::amount amount, const std::optional<asset_entry>& of) {
    return object{"Amount",
                  {{"value", amount.value},
                   {"assetCode", of ? of->asset->code : std::string{}},
                   {"assetScale", of ? int{of->asset->scale} : 0}}};
}

/// The account that pays may be deleted; its number still has an asset.
std::optional<asset_entry> asset_of_account(const services& services, account_id account) {
    const auto number = services.committer.accounts().asset_of(account);
    return number ? services.directory.find_asset(*number) : std::nullopt;
}

value shown_outgoing_payment(const payment_record& payment, const services& services) {
    const auto asset = asset_of_account(services, payment.account);
    const std::string& failure = payment.standing.failure;
    return object{"OutgoingPayment",
                  {{"id", payment.uuid},
                   {"walletAddressId", id_of_account(services, payment.account)},
                   {"liquidity", std::uint64_t{0}},
                   {"state", outgoing_state(payment.standing.status)},
                   {"error", failure.empty() ? value{} : value{failure}},
                   {"debitAmount", shown_amount(debit_amount(payment), asset)},
                   {"receiveAmount", shown_amount(receive_amount(payment), std::nullopt)},
                   {"sentAmount", shown_amount(payment.sent, asset)},
                   {"receiver", payment.receiver},
                   {"createdAt", iso_text(payment.created_at)}}};
}

field_result outgoing_payment(const services& services, const call& call) {
    const auto found = read_from_store<std::optional<payment_record>>(
        services.committer,
        [id = id_of(call.args.get<std::string>("id"))](bookkeeper& keeper) { return keeper.find_payment(id); });
    if (!found) return refuse(found.error());
    if (!*found) return refuse(refusal_code::not_found, "payment does not exist");
    return shown_outgoing_payment(**found, services);
}

graphql::resolver always_refuse(refusal_code code, const char* why) {
    return [code, why](const call&) -> field_result { return refuse(code, why); };
}

}  // namespace

void add_rafiki_payments(graphql::resolvers& to, const services& services) {
    for (const char* const type : {"Payment", "OutgoingPayment", "IncomingPayment"}) {
        to[std::string{type} + ".tenant"] = to.at("Asset.tenant");
    }
    to["Query.outgoingPayment"] = [&services](const call& call) { return outgoing_payment(services, call); };
    to["Query.incomingPayment"] = always_refuse(
        refusal_code::not_found,
        "payment does not exist: an incoming payment cannot be looked up; webhookEvents has an event for each if "
        "webhooks are configured, and what a wallet address was credited is among its transfers");
    to["Mutation.depositOutgoingPaymentLiquidity"] = always_refuse(
        refusal_code::forbidden,
        "A payment takes its amount from its wallet address: deposit there with depositReceivingAccountLiquidity");
    to["Mutation.createOutgoingPaymentWithdrawal"] = always_refuse(
        refusal_code::forbidden,
        "Nothing is set aside for a payment: what it has not sent is in its wallet address; withdraw it there with "
        "createWalletAddressWithdrawal");
    to["Mutation.createIncomingPaymentWithdrawal"] = always_refuse(
        refusal_code::forbidden,
        "What is received is in the wallet address: withdraw it there with createWalletAddressWithdrawal");
}

}  // namespace peering::admin

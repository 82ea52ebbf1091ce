#include "peering/admin/resolvers.hpp"
#include "peering/admin/store_reading.hpp"
#include "peering/records/uuid.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace peering::admin {
namespace {

using graphql::arguments;
using graphql::call;
using graphql::field_result;

refusal to_refusal(transfer_refusal refused) {
    using enum refusal_code;
    const auto code = [refused] {
        switch (refused) {
            case transfer_refusal::amount_is_zero:
            case transfer_refusal::insufficient_liquidity:
            case transfer_refusal::already_expired:
                return forbidden;
            case transfer_refusal::above_doubt:
            case transfer_refusal::invalid_id:
            case transfer_refusal::too_much_liquidity:
                return bad_user_input;
            case transfer_refusal::already_exists:
                return duplicate;
            case transfer_refusal::unknown_transfer:
                return not_found;
            case transfer_refusal::already_posted:
            case transfer_refusal::already_voided:
            case transfer_refusal::no_doubt:
                return conflict;
            case transfer_refusal::store_unavailable:
                break;
        }
        return internal_server_error;
    }();
    return {code, std::string{describe(refused)}};
}

/// Returns faults that can be found without looking up the account.
std::optional<refusal> fault_of(const arguments& input) {
    if (input.get<std::uint64_t>("amount") == 0) return to_refusal(transfer_refusal::amount_is_zero);
    if (!is_uuid_v4(input.get<std::string>("id"))) return to_refusal(transfer_refusal::invalid_id);
    return std::nullopt;
}

/// The accounts of a deposit or withdrawal. They are looked up on the committer's thread, after it is known that the
/// request has no stored answer; this also ensures that nobody deletes the peer between the lookup and the transfer.
using accounts = std::expected<transfer_accounts, refusal>;

struct account_owner {
    const char* id_field;
    accounts (*find)(const services&, std::string_view id, const char* unknown);
    const char* unknown;
};

transfer_accounts accounts_of(const asset& asset, liquidity_account& liquidity) {
    return {liquidity, *asset.settlement};
}

accounts accounts_of_peer(const services& services, std::string_view id, const char* unknown) {
    const auto peer = services.directory.find_peer(id);
    if (!peer) return std::unexpected{refusal{refusal_code::not_found, unknown}};
    return accounts_of(*peer->asset, *peer->liquidity);
}

accounts accounts_of_asset(const services& services, std::string_view id, const char* unknown) {
    const auto asset = services.directory.find_asset(id);
    if (!asset || asset->terms.deleted_at) return std::unexpected{refusal{refusal_code::not_found, unknown}};
    return accounts_of(*asset->asset, *asset->asset->liquidity);
}

accounts accounts_of_receiver(const services& services, std::string_view id, const char* unknown) {
    const auto receiver = services.directory.find_receiving_account(id);
    if (!receiver) return std::unexpected{refusal{refusal_code::not_found, unknown}};
    return accounts_of(*receiver->asset, *receiver->liquidity);
}

ilp::amount transferred_amount(const arguments& input) {
    return {input.get<std::uint64_t>("amount")};
}

std::chrono::seconds timeout_of(const arguments& input) {
    constexpr auto longest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return std::chrono::seconds{
        static_cast<std::int64_t>(std::min(input.get<std::uint64_t>("timeoutSeconds"), longest))};
}

std::expected<void, refusal> checked(const operator_transfers::outcome& outcome) {
    if (!outcome) return std::unexpected{to_refusal(outcome.error())};
    return {};
}

field_result run(mutations& mutations, const char* operation, const arguments& input, const char* message,
                 admin::mutations::transfer transfer) {
    return answer_of("LiquidityMutationResponse",
                     mutations.transfer_money(operation, input, done_mutation{message}, std::move(transfer)));
}

constexpr const char* wallet_address_withdrawal = "createWalletAddressWithdrawal";

/// Withdraws what is available now. What packets in flight hold stays.
field_result withdraw_all(services& services, mutations& mutations, const arguments& input) {
    if (!is_uuid_v4(input.get<std::string>("id"))) return refuse(to_refusal(transfer_refusal::invalid_id));
    const std::string id = id_of(input.get<std::string>("id"));
    const std::string owner_id = id_of(input.get<std::string>("walletAddressId"));
    const auto outcome = mutations.transfer_money(
        wallet_address_withdrawal, input, done_mutation{"Created wallet address withdrawal"},
        [&services, id, owner_id, timeout = timeout_of(input)](bookkeeper& keeper, const ilp::instant& now,
                                                               const changes& beside) -> std::expected<void, refusal> {
            const auto accounts = accounts_of_receiver(services, owner_id, "unknown wallet address");
            if (!accounts) return std::unexpected{accounts.error()};
            const ilp::amount all{accounts->liquidity.available.load(std::memory_order_relaxed)};
            return checked(services.transfers.withdraw(keeper, id, *accounts, all, timeout, now, beside));
        });
    if (!outcome) return refuse(outcome.error());
    // A repeated request is answered with what was withdrawn the first time.
    const auto made = read_from_store<std::optional<transfer_record>>(
        services.committer, [id](bookkeeper& keeper) { return keeper.find_transfer(id); });
    if (!made) return refuse(made.error());
    const auto owner = services.directory.find_receiving_account(owner_id);
    using graphql::object;
    using graphql::value;
    object withdrawal{
        "WalletAddressWithdrawal",
        {{"id", id},
         {"amount", *made ? value{(*made)->amount.value} : value{}},
         {"walletAddress", owner ? object::of("WalletAddress", receiving_account_view{*owner}) : value{}}}};
    return object{"WalletAddressWithdrawalMutationResponse", {{"withdrawal", std::move(withdrawal)}}};
}

}  // namespace

void add_liquidity_mutations(graphql::resolvers& to, services& services, mutations& mutations) {
    const auto deposit = [&](const char* operation, account_owner owner, const char* message) {
        to[std::string{"Mutation."} + operation] = [&, operation, owner, message](const call& call) -> field_result {
            const auto input = call.args.get<arguments>("input");
            if (const auto fault = fault_of(input)) return refuse(*fault);
            return run(
                mutations, operation, input, message,
                [&services, owner, owner_id = id_of(input.get<std::string>(owner.id_field)),
                 id = input.get<std::string>("id"), amount = transferred_amount(input)](
                    bookkeeper& keeper, const ilp::instant&, const changes& beside) -> std::expected<void, refusal> {
                    const auto accounts = owner.find(services, owner_id, owner.unknown);
                    if (!accounts) return std::unexpected{accounts.error()};
                    return checked(services.transfers.deposit(keeper, id, *accounts, amount, beside));
                });
        };
    };
    deposit("depositPeerLiquidity", {"peerId", accounts_of_peer, "unknown peer"}, "Added peer liquidity");
    deposit("depositAssetLiquidity", {"assetId", accounts_of_asset, "Unknown asset"}, "Added asset liquidity");

    constexpr const char* correction = "correctPeerBooks";
    to[std::string{"Mutation."} + correction] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        if (const auto fault = fault_of(input)) return refuse(*fault);
        return run(mutations, correction, input, "Corrected the books of the peer",
                   [&services, owner = id_of(input.get<std::string>("peerId")), id = input.get<std::string>("id"),
                    amount = transferred_amount(input)](bookkeeper& keeper, const ilp::instant&,
                                                        const changes& beside) -> std::expected<void, refusal> {
                       const auto accounts = accounts_of_peer(services, owner, "unknown peer");
                       if (!accounts) return std::unexpected{accounts.error()};
                       return checked(services.transfers.correct(keeper, id, *accounts, amount, beside));
                   });
    };
    constexpr const char* agreement = "agreePeerBooks";
    to[std::string{"Mutation."} + agreement] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        return run(mutations, agreement, input, "The books of the peer agree",
                   [&services, owner = id_of(input.get<std::string>("peerId"))](
                       bookkeeper& keeper, const ilp::instant&, const changes& beside) -> std::expected<void, refusal> {
                       const auto accounts = accounts_of_peer(services, owner, "unknown peer");
                       if (!accounts) return std::unexpected{accounts.error()};
                       return checked(operator_transfers::agree(keeper, accounts->liquidity, beside));
                   });
    };

    constexpr const char* unknown_receiver = "unknown receiving account";
    deposit("depositReceivingAccountLiquidity", {"receivingAccountId", accounts_of_receiver, unknown_receiver},
            "Added receiving account liquidity");

    const auto withdraw = [&](const char* operation, account_owner owner, const char* message) {
        to[std::string{"Mutation."} + operation] = [&, operation, owner, message](const call& call) -> field_result {
            const auto input = call.args.get<arguments>("input");
            if (const auto fault = fault_of(input)) return refuse(*fault);
            return run(
                mutations, operation, input, message,
                [&services, owner, owner_id = id_of(input.get<std::string>(owner.id_field)),
                 id = input.get<std::string>("id"), amount = transferred_amount(input),
                 timeout = timeout_of(input)](bookkeeper& keeper, const ilp::instant& now,
                                              const changes& beside) -> std::expected<void, refusal> {
                    const auto accounts = owner.find(services, owner_id, owner.unknown);
                    if (!accounts) return std::unexpected{accounts.error()};
                    return checked(services.transfers.withdraw(keeper, id, *accounts, amount, timeout, now, beside));
                });
        };
    };
    withdraw("createPeerLiquidityWithdrawal", {"peerId", accounts_of_peer, "Unknown peer"},
             "Created peer liquidity withdrawal");
    withdraw("createAssetLiquidityWithdrawal", {"assetId", accounts_of_asset, "Unknown asset"},
             "Created asset liquidity withdrawal");
    withdraw("createReceivingAccountLiquidityWithdrawal",
             {"receivingAccountId", accounts_of_receiver, unknown_receiver},
             "Created receiving account liquidity withdrawal");

    to[std::string{"Mutation."} + wallet_address_withdrawal] = [&](const call& call) {
        return withdraw_all(services, mutations, call.args.get<arguments>("input"));
    };

    const auto end = [&](const char* operation, transfer_state state, const char* message) {
        to[std::string{"Mutation."} + operation] = [&, operation, state, message](const call& call) -> field_result {
            const auto input = call.args.get<arguments>("input");
            if (!is_uuid_v4(input.get<std::string>("withdrawalId"))) {
                return refuse(to_refusal(transfer_refusal::invalid_id));
            }
            return run(mutations, operation, input, message,
                       [&services, id = input.get<std::string>("withdrawalId"), state](
                           bookkeeper& keeper, const ilp::instant& now, const changes& beside) {
                           return checked(services.transfers.end_withdrawal(keeper, id, state, now, beside));
                       });
        };
    };
    end("postLiquidityWithdrawal", transfer_state::posted, "Posted Withdrawal");
    end("voidLiquidityWithdrawal", transfer_state::voided, "Voided Withdrawal");
}

}  // namespace peering::admin

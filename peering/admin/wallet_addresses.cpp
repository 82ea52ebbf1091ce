#include "peering/admin/account_address.hpp"
#include "peering/admin/resolvers.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peering::admin {
namespace {

using graphql::arguments;
using graphql::call;
using graphql::field_result;
using graphql::reading;
using graphql::value;

using address_view = receiving_account_view;

value to_wallet_address(const receiving_account_view& receiver) {
    return graphql::object::of("WalletAddress", receiver);
}

std::optional<refusal> fault_of_properties(const arguments& input) {
    const auto given = input.find<std::vector<arguments>>("additionalProperties");
    if (!given || given->empty()) return std::nullopt;
    return refusal{refusal_code::forbidden, "Additional properties are not available"};
}

field_result wallet_address_answer(std::string_view type, const mutation_outcome& outcome) {
    if (!outcome) return refuse(outcome.error());
    return graphql::object{
        type,
        {{"walletAddress", outcome->receiving_account ? to_wallet_address(*outcome->receiving_account) : value{}}}};
}

mutation_outcome done_address(const char* message, const administration::receiving_account_outcome& receiver) {
    if (!receiver) return std::unexpected{receiver.error()};
    return done_mutation{message, std::nullopt, std::nullopt, receiving_account_view{**receiver}};
}

void add_fields(graphql::resolvers& to, services& services) {
    to["WalletAddress.id"] = reading<address_view>(&address_view::id);
    to["WalletAddress.address"] = [&services](const call& call) -> field_result {
        return account_url(services.public_url, call.of<address_view>().name);
    };
    to["WalletAddress.asset"] = to.at("ReceivingAccount.asset");
    to["WalletAddress.publicName"] = reading<address_view>(&address_view::public_name);
    to["WalletAddress.liquidity"] = to.at("ReceivingAccount.liquidity");
    to["WalletAddress.status"] =
        reading<address_view>([](const address_view& shown) { return shown.enabled ? "ACTIVE" : "INACTIVE"; });
    to["WalletAddress.tenant"] = to.at("Asset.tenant");
    to["WalletAddress.tenantId"] = to.at("Asset.tenantId");
    to["WalletAddress.createdAt"] = reading<address_view>(&address_view::created_at);
}

void add_queries(graphql::resolvers& to, services& services) {
    using pointer = directory::receiver_pointer;
    to["Query.walletAddress"] = [&services](const call& call) -> field_result {
        const auto found = services.directory.find_receiving_account(id_of(call.args.get<std::string>("id")));
        if (!found) return refuse(refusal_code::not_found, "unknown wallet address");
        return to_wallet_address(address_view{*found});
    };
    to["Query.walletAddresses"] = [&services](const call& call) -> field_result {
        const auto request = page_of(call.args);
        if (!request) return std::unexpected{request.error()};
        const bool is_ours = is_of_tenant(services, call.args);
        return connection(
            "WalletAddressesConnection", "WalletAddressEdge",
            is_ours ? services.directory.receiving_accounts(*request) : empty_page<pointer>(*request),
            [](const pointer& receiver) { return std::string{receiver->uuid}; },
            [](const pointer& receiver) { return to_wallet_address(address_view{*receiver}); });
    };
}

}  // namespace

void add_wallet_addresses(graphql::resolvers& to, services& services, mutations& mutations) {
    add_fields(to, services);
    add_queries(to, services);
    to["Mutation.createWalletAddress"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        if (const auto fault = fault_of_properties(input)) return refuse(*fault);
        auto name = account_at(input.get<std::string>("address"), services.public_url);
        if (!name) return refuse(name.error());
        const receiving_account_wanted wanted{.asset_uuid = id_of(input.get<std::string>("assetId")),
                                              .name = *std::move(name),
                                              .public_name = input.find<std::string>("publicName").value_or("")};
        const auto outcome = mutations.decide(
            "createWalletAddress", input,
            [&services, tenant = input.find<std::string>("tenantId"),
             wanted](transaction& transaction) -> mutation_outcome {
                if (tenant && !is_tenant(services, *tenant)) return std::unexpected{unknown_tenant()};
                return done_address("Created wallet address",
                                    services.administration.create_receiving_account(transaction, wanted));
            });
        return wallet_address_answer("CreateWalletAddressMutationResponse", outcome);
    };
    to["Mutation.updateWalletAddress"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        if (const auto fault = fault_of_properties(input)) return refuse(*fault);
        receiving_account_edit edit{.public_name = input.find<std::string>("publicName"), .enabled = std::nullopt};
        if (const auto status = input.find<std::string>("status")) edit.enabled = *status == "ACTIVE";
        const auto outcome = mutations.decide(
            "updateWalletAddress", input,
            [&services, id = id_of(input.get<std::string>("id")), edit](transaction& transaction) {
                return done_address("Updated wallet address",
                                    services.administration.update_receiving_account(transaction, id, edit));
            });
        return wallet_address_answer("UpdateWalletAddressMutationResponse", outcome);
    };
}

}  // namespace peering::admin

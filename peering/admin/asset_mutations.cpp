#include "peering/admin/resolvers.hpp"

#include <functional>

namespace peering::admin {
namespace {

using graphql::arguments;
using graphql::call;
using graphql::field_result;

asset_thresholds terms_of(const arguments& input) {
    return {amount_of(input, "withdrawalThreshold"), amount_of(input, "liquidityThreshold")};
}

mutation_outcome done(const char* message, const administration::asset_outcome& asset) {
    if (!asset) return std::unexpected{asset.error()};
    return done_mutation{message, std::nullopt, asset_view{*asset}};
}

}  // namespace

void add_asset_mutations(graphql::resolvers& to, services& services, mutations& mutations) {
    to["Mutation.createAsset"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const auto outcome = mutations.decide(
            "createAsset", input,
            [&services, tenant = input.find<std::string>("tenantId"), code = input.get<std::string>("code"),
             scale = input.get<std::uint8_t>("scale"),
             terms = terms_of(input)](transaction& transaction) -> mutation_outcome {
                if (tenant && !is_tenant(services, *tenant)) return std::unexpected{unknown_tenant()};
                return done("Created Asset", services.administration.create_asset(transaction, code, scale, terms));
            });
        return answer_of("AssetMutationResponse", outcome);
    };
    to["Mutation.updateAsset"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const auto outcome = mutations.decide(
            "updateAsset", input,
            [&services, id = id_of(input.get<std::string>("id")), terms = terms_of(input)](transaction& transaction) {
                return done("Updated Asset", services.administration.update_asset(transaction, id, terms));
            });
        return answer_of("AssetMutationResponse", outcome);
    };
    to["Mutation.deleteAsset"] = [&](const call& call) -> field_result {
        const auto input = call.args.get<arguments>("input");
        const auto outcome = mutations.decide(
            "deleteAsset", input, [&services, id = id_of(input.get<std::string>("id"))](transaction& transaction) {
                return done("Deleted Asset", services.administration.delete_asset(transaction, id));
            });
        return answer_of("DeleteAssetMutationResponse", outcome);
    };
    to["Mutation.setFee"] = [](const call&) -> field_result {
        return refuse(
            refusal_code::forbidden,
            "Fees are not available. Set what this node keeps of a packet with rates.spreads or peers[].spread in "
            "the configuration file");
    };
}

}  // namespace peering::admin
